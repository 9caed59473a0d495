//! Commands from start to exit.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;
use tenon_tests::bench::{median, tenon_program};

use crate::Bench;

/// What `tenon run` did.
pub struct Run {
    pub seconds: f64,
    pub report: Value,
}

/// Runs a job file's text; how long that took from start to exit, and the report.
pub fn tenon(bench: &Bench, job: &str) -> anyhow::Result<Run> {
    let file = bench.folder.join("job.toml");
    std::fs::write(&file, job)?;
    let mut command = Command::new(tenon_program()?);
    command
        .env("TENON_HOME", bench.folder.join("home"))
        .env("TENON_CACHE", bench.folder.join("cache"))
        .args(["run", "--json"])
        .arg(file);
    let (seconds, output) = timed(&mut command)?;
    Ok(Run {
        seconds,
        report: serde_json::from_slice(&output).context("the report is not JSON")?,
    })
}

/// Runs a command from start to exit; how many seconds that took, and what it printed.
pub fn timed(command: &mut Command) -> anyhow::Result<(f64, Vec<u8>)> {
    let began = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let seconds = began.elapsed().as_secs_f64();
    if !output.status.success() {
        let name = PathBuf::from(command.get_program());
        bail!("{} failed: {}", name.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok((seconds, output.stdout))
}

/// The median of the ratios of `one` to `other`, run in turns, after a round that is not counted.
pub fn ratio(
    rounds: usize,
    mut one: impl FnMut() -> anyhow::Result<f64>,
    mut other: impl FnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<f64> {
    let mut ratios = Vec::new();
    for round in 0..=rounds {
        // Who is first changes, so that what one leaves to the other in caches evens out.
        let (first, second) = if round % 2 == 0 {
            let first = one()?;
            (first, other()?)
        } else {
            let second = other()?;
            (one()?, second)
        };
        if round > 0 {
            eprintln!("      {first:.2} s, {second:.2} s");
            ratios.push(first / second);
        }
    }
    Ok(median(&mut ratios))
}
