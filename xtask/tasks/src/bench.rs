use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::peers;
use crate::plugins;
use crate::python_peers;
use crate::spidermonkey;
use crate::steps::{step, succeed};
use crate::workspace::{Profile, build_program, root, target};

/// Where the benchmarks are, each in a file `bench_NAME.rs`.
const FOLDER: &str = "tests/src/bin";

/// Builds the guests and the benchmark, and runs it.
pub(crate) fn run(name: Option<&str>, quick: bool, with_peers: bool) -> Result<()> {
    let known = benchmarks()?;
    let Some(name) = name else {
        for name in known {
            println!("{name}");
        }
        return Ok(());
    };
    if !known.contains(name) {
        bail!(
            "there is no benchmark {name}; there are: {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    plugins::run(&[])?;
    // Also the command, which benchmarks may start.
    let program = step("building tenon and the benchmark", || {
        build_program("tenon", Profile::Bench, |_| {})?;
        build_program(&format!("bench_{name}"), Profile::Bench, |_| {})
    })?;

    let results = target()?.join("bench");
    fs::create_dir_all(&results).with_context(|| format!("could not create {}", results.display()))?;
    let json = results.join(format!("{name}.json"));
    let mut benchmark = Command::new(program);
    benchmark
        .current_dir(root())
        .args(quick.then_some("--quick"))
        .arg("--json")
        .arg(&json);
    if with_peers && ["job", "languages", "sql"].contains(&name) {
        benchmark.arg("--peers").arg(python_peers::install(&results)?);
    }
    if with_peers && name == "languages" {
        benchmark.arg("--spidermonkey").arg(spidermonkey::build(&results)?);
    }
    step(&format!("running the benchmark {name}"), || succeed(&mut benchmark))?;
    let written = fs::read(&json).with_context(|| format!("the benchmark wrote no {}", json.display()))?;
    let mut figures: Vec<serde_json::Value> =
        serde_json::from_slice(&written).with_context(|| format!("{} is not a list of figures", json.display()))?;
    if with_peers && name == "runtime" {
        peers::compare(&mut figures)?;
        fs::write(&json, serde_json::to_vec_pretty(&figures)?)
            .with_context(|| format!("could not write {}", json.display()))?;
    }
    eprintln!("    {} figures are in {}", figures.len(), json.display());
    Ok(())
}

fn benchmarks() -> Result<BTreeSet<String>> {
    let folder = root().join(FOLDER);
    let mut names = BTreeSet::new();
    let Ok(entries) = fs::read_dir(&folder) else {
        return Ok(names);
    };
    for entry in entries {
        let file = entry.with_context(|| format!("could not read {FOLDER}"))?.file_name();
        let file = file.to_string_lossy();
        let stem = file.strip_suffix(".rs").unwrap_or(&file);
        names.extend(stem.strip_prefix("bench_").map(str::to_owned));
    }
    Ok(names)
}
