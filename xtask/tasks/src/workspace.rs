//! Where things are in the repository, and cargo for its workspaces.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::succeed;

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    // This crate is two folders below it.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// cargo's target folder, which holds this program in `debug`.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot tell where cargo put this program")?;
    let folder = program
        .ancestors()
        .nth(2)
        .context("this program is not in cargo's target folder")?;
    Ok(folder.to_path_buf())
}

/// Where cargo keeps what it builds of guests; they all share it.
pub(crate) fn guest_target() -> Result<PathBuf> {
    Ok(target()?.join("guests"))
}

/// The manifest of the guests' workspace.
pub(crate) fn guest_manifest() -> PathBuf {
    root().join("plugins/Cargo.toml")
}

/// cargo, in the repository's folder.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(root());
    cargo
}

/// How a program is built.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// As the tests are: soon.
    Dev,
    /// As it is measured: optimised, crate by crate.
    Bench,
    /// As it is handed to others.
    Release,
}

impl Profile {
    /// Its name, and cargo's folder for it.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Dev => ("dev", "debug"),
            Self::Bench => ("bench", "release"),
            Self::Release => ("release", "release"),
        }
    }
}

/// Builds one of the repository's programs and returns it.
///
/// Always of the whole workspace: with `--package`, dependencies get fewer features and are built once more.
pub(crate) fn build_program(name: &str, profile: Profile, prepare: impl Fn(&mut Command)) -> Result<PathBuf> {
    let (profile, folder) = profile.names();
    let mut build = cargo();
    build.args(["build", "--workspace", "--bin", name, "--profile", profile]);
    prepare(&mut build);
    succeed(&mut build)?;
    Ok(target()?
        .join(folder)
        .join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}
