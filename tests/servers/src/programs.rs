//! Where programs are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A program on the path, or where Debian keeps those of administrators.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|program| program.is_file())
}

/// The folder in which Tenon keeps what it has installed.
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = |name| {
        env::var_os(name)
            .filter(|value: &OsString| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("TENON_CACHE")
        .or_else(|| {
            Some(
                folder("XDG_CACHE_HOME")
                    .or_else(|| folder("LOCALAPPDATA"))?
                    .join("tenon"),
            )
        })
        .or_else(|| Some(env::home_dir()?.join(".cache").join("tenon")))
        .context("no cache folder is known: set TENON_CACHE to a folder that Tenon may write to")
}

/// Runs a command and returns what it prints; fails, with what it says, when it does.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed ({}): {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
