use std::fs;

use anyhow::{Context, Result};

use crate::plugins;
use crate::steps::step;
use crate::workspace::{Profile, build_program, target};

/// The interpreters that the command carries with it.
const SHIPPED: [&str; 3] = ["javascript", "python", "rhai"];

/// Builds the command as it is handed to others: one file, with the interpreters of scripts in it.
pub(crate) fn run() -> Result<()> {
    plugins::run(&SHIPPED.map(str::to_owned))?;
    let folder = target()?.join("dist");
    step("building tenon with its interpreters", || {
        let plugins = target()?.join("plugins");
        let built = build_program("tenon", Profile::Release, |build| {
            build.env("TENON_SHIPPED_PLUGINS", &plugins);
        })?;
        fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
        let shipped = folder.join(format!("tenon{}", std::env::consts::EXE_SUFFIX));
        fs::copy(&built, &shipped).with_context(|| format!("could not write {}", shipped.display()))?;
        let bytes = shipped.metadata().map_or(0, |file| file.len());
        eprintln!(
            "    {} ({:.1} MiB)",
            shipped.display(),
            bytes as f64 / f64::from(1 << 20)
        );
        Ok(())
    })
}
