//! Drivers for the tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A driver's library, where Debian's packages put it.
pub fn odbc(name: &str, package: &str) -> Result<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu/odbc", "/usr/lib/aarch64-linux-gnu/odbc"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
    paths
        .find(|path| path.exists())
        .with_context(|| format!("{name} is not installed (`{package}`)"))
}
