//! The command `tenon` as a process of its own.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tenon_tests::bench::tenon_program;

use crate::Bench;

/// The command with a history and a cache of its own.
pub fn command(bench: &Bench) -> anyhow::Result<Command> {
    let mut command = Command::new(tenon_program()?);
    command
        .env("TENON_HOME", bench.folder.join("home"))
        .env("TENON_CACHE", bench.folder.join("cache"))
        .stdin(Stdio::null());
    Ok(command)
}

/// Runs a command from start to exit; how long that took, and what it printed.
pub fn timed(command: &mut Command) -> anyhow::Result<(Duration, Vec<u8>)> {
    let began = Instant::now();
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let took = began.elapsed();
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((took, output.stdout))
}
