//! Builds the fuzz targets with the stable compiler and runs them. `tests/fuzz/README.md` explains the flags.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::steps::{output, step, succeed};
use crate::workspace::{cargo, root};

/// Coverage, as libFuzzer wants it.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Bad memory accesses.
const ADDRESSES: &str = "-Zsanitizer=address";

/// A fuzz target and the cargo features that it needs.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    name: String,
    features: Vec<String>,
}

/// Runs one target, or each of them, for that many seconds.
pub(crate) fn run(name: Option<&str>, seconds: u64) -> Result<()> {
    let folder = root().join("tests/fuzz");
    let mut metadata = cargo();
    metadata
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(folder.join("Cargo.toml"));
    let all = targets_in(&serde_json::from_str(&output(&mut metadata)?).context("`cargo metadata` gave no JSON")?);
    let chosen: Vec<_> = all
        .iter()
        .filter(|target| name.is_none_or(|name| target.name == name))
        .collect();
    if chosen.is_empty() {
        let known: Vec<_> = all.iter().map(|target| target.name.as_str()).collect();
        bail!(
            "there is no fuzz target {}; there are: {}",
            name.unwrap_or_default(),
            known.join(", ")
        );
    }
    chosen.into_iter().try_for_each(|target| {
        let program = step(&format!("building the fuzz target {}", target.name), || {
            build(&folder, target)
        })?;
        step(&format!("fuzzing {} for {seconds} s", target.name), || {
            fuzz(&folder, &program, &target.name, seconds)
        })
    })
}

/// The programs of the fuzzing crate.
fn targets_in(metadata: &Value) -> Vec<Target> {
    let texts = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    targets
        .filter(|target| texts(&target["kind"]).iter().any(|kind| kind == "bin"))
        .filter_map(|target| {
            Some(Target {
                name: target["name"].as_str()?.to_owned(),
                features: texts(&target["required-features"]),
            })
        })
        .collect()
}

fn build(folder: &Path, target: &Target) -> Result<PathBuf> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    let mut flags = COVERAGE.to_owned();
    if has_address_sanitizer()? {
        flags = format!("{flags} {ADDRESSES}");
    } else {
        eprintln!("    this Rust toolchain has no AddressSanitizer: bad memory accesses will go unnoticed");
    }
    let mut cargo = cargo();
    cargo
        .current_dir(folder)
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            host,
            "--bin",
            &target.name,
        ])
        .arg("--features")
        .arg(target.features.join(","))
        .arg("--target-dir")
        .arg(folder.join("target"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags);
    succeed(&mut cargo)?;
    Ok(folder.join("target").join(host).join("release").join(&target.name))
}

fn has_address_sanitizer() -> Result<bool> {
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let libraries = Path::new(libraries.trim());
    let entries = fs::read_dir(libraries).with_context(|| format!("could not read {}", libraries.display()))?;
    Ok(entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_rt.asan")))
}

fn fuzz(folder: &Path, program: &Path, name: &str, seconds: u64) -> Result<()> {
    let (work, findings) = (folder.join("work").join(name), folder.join("artifacts").join(name));
    for needed in [&work, &findings] {
        fs::create_dir_all(needed).with_context(|| format!("could not create {}", needed.display()))?;
    }
    let mut findings_prefix = findings.clone().into_os_string();
    findings_prefix.push("/");
    let mut fuzzer = Command::new(program);
    fuzzer
        .current_dir(folder)
        .arg(&work)
        .arg(folder.join("corpus").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-max_len=4096", "-len_control=0", "-timeout=20", "-rss_limit_mb=4096"])
        .arg(
            [OsStr::new("-artifact_prefix="), &findings_prefix]
                .into_iter()
                .collect::<std::ffi::OsString>(),
        );
    succeed(&mut fuzzer).with_context(|| format!("{name} has a finding; its input is in {}", findings.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_programs_with_their_features() {
        let metadata = serde_json::json!({ "packages": [{ "targets": [
            { "kind": ["lib"], "name": "shared" },
            { "kind": ["bin"], "name": "batch_build" },
            { "kind": ["bin"], "name": "load", "required-features": ["load"] },
        ] }] });
        let targets = targets_in(&metadata);
        assert_eq!(
            targets,
            [
                Target {
                    name: "batch_build".to_owned(),
                    features: vec![]
                },
                Target {
                    name: "load".to_owned(),
                    features: vec!["load".to_owned()]
                },
            ]
        );
    }
}
