use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{step, succeed};
use crate::workspace::root;

/// Installs the peers of the job benchmark, in the versions that the repository names, into a virtual environment in
/// `results`; its Python.
pub(crate) fn install(results: &Path) -> Result<PathBuf> {
    let environment = results.join("peers");
    let python = environment.join("bin/python");
    let requirements = root().join("tests/peers/python/requirements.txt");
    let wanted = fs::read_to_string(&requirements).context("there is no list of peers")?;
    // Written last, so that what was cut short is done again.
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    step("installing DuckDB, Polars and Spark into target/bench/peers", || {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))
            .context("Python 3.11 or newer, with its venv module, is needed for the peers")?;
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ]);
        succeed(pip.arg(&requirements))
    })?;
    fs::write(&installed, wanted).with_context(|| format!("could not write {}", installed.display()))?;
    Ok(python)
}
