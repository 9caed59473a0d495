//! Starts the tasks (`cargo xtask test` and so on), which are in `tasks/`.
//!
//! cargo settles the features of a dependency among the packages that one command selects. If `cargo xtask` built the
//! tasks with `--package`, their dependencies would get fewer features than in a build of everything, and be built
//! twice. So this program, which has none, builds the tasks the way every task builds Tenon: with `--workspace`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TASKS: &str = "tenon-tasks";

fn main() -> ExitCode {
    let outcome = tasks().and_then(|tasks| {
        let mut tasks = forgetful(tasks.as_os_str());
        tasks.args(env::args_os().skip(1));
        run(&mut tasks)
    });
    outcome.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        ExitCode::FAILURE
    })
}

/// Builds the tasks and returns their program.
fn tasks() -> Result<PathBuf, String> {
    let launcher = env::current_exe().map_err(|error| format!("cannot tell where cargo put this program: {error}"))?;
    let tasks = launcher.with_file_name(format!("{TASKS}{}", env::consts::EXE_SUFFIX));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = forgetful(&env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo
        .args(["build", "--workspace", "--bin", TASKS, "--manifest-path"])
        .arg(manifest);
    if tasks.exists() {
        // The first build takes a minute and should be seen; later ones take none.
        cargo.arg("--quiet");
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(tasks),
        Ok(_) => Err("the tasks could not be built, see above".to_owned()),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

/// A program that does not see what cargo told this one about its package. Build scripts of dependencies look at that:
/// they would run again, and all that depends on them be rebuilt, whenever cargo is called by hand in between.
fn forgetful(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Becomes the program, so that signals and the exit code are its own.
#[cfg(unix)]
fn run(program: &mut Command) -> Result<ExitCode, String> {
    use std::os::unix::process::CommandExt;
    Err(format!("cannot start the tasks: {}", program.exec()))
}

#[cfg(not(unix))]
fn run(program: &mut Command) -> Result<ExitCode, String> {
    let status = program
        .status()
        .map_err(|error| format!("cannot start the tasks: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
