use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::plugins;
use crate::steps::{step, succeed};
use crate::workspace::{cargo, target};

/// The interpreters that the command carries with it.
const SHIPPED: [&str; 3] = ["javascript", "python", "rhai"];

/// Builds the command as it is handed to others: one file, with the interpreters of scripts in it.
pub(crate) fn run() -> Result<()> {
    plugins::run(&SHIPPED.map(str::to_owned))?;
    let folder = target()?.join("dist");
    let program = format!("tenon{}", std::env::consts::EXE_SUFFIX);
    step("building tenon with its interpreters", || {
        let mut build = cargo();
        build
            .args(["build", "--workspace", "--bin", "tenon"])
            .env("TENON_SHIPPED_PLUGINS", target()?.join("plugins"));
        succeed(&mut build)?;
        fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
        let (built, shipped) = (target()?.join("debug").join(&program), folder.join(&program));
        fs::copy(&built, &shipped).with_context(|| format!("could not write {}", shipped.display()))?;
        // A third of the file: what it says of source lines in backtraces stays in target/debug.
        if let Err(error) = succeed(Command::new("strip").arg("--strip-debug").arg(&shipped)) {
            eprintln!("    it keeps its debug information: {error}");
        }
        let bytes = shipped.metadata().map_or(0, |file| file.len());
        eprintln!(
            "    {} ({:.1} MiB)",
            shipped.display(),
            bytes as f64 / f64::from(1 << 20)
        );
        Ok(())
    })
}
