//! Drivers for the tests: libraries in packages of the Python index, kept in the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

/// A driver.
#[derive(Debug, Clone, Copy)]
pub enum Library {
    Sqlite,
    Postgres,
}

impl Library {
    /// The library's path. Installs the packages if they are not there.
    pub fn find(self) -> Result<PathBuf> {
        let packages = packages()?;
        let (package, begin) = match self {
            Self::Sqlite => ("adbc_driver_sqlite", "libadbc_driver_sqlite"),
            Self::Postgres => ("adbc_driver_postgresql", "libadbc_driver_postgresql"),
        };
        let folder = packages.join(package);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let is_it = |path: &PathBuf| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            name.starts_with(begin)
                && path
                    .extension()
                    .is_some_and(|extension| extension == "so" || extension == "dylib")
        };
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths
            .find(is_it)
            .with_context(|| format!("{} holds no {begin}", folder.display()))
    }
}

/// The folder of installed packages.
fn packages() -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/adbc-drivers");
    if !folder.exists() {
        let made = folder.with_extension(std::process::id().to_string());
        let install = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&made)
            .args(["--no-deps", "adbc-driver-sqlite", "adbc-driver-postgresql"])
            .output()
            .context("python3 is not installed, and fetches the drivers")?;
        let said = String::from_utf8_lossy(&install.stderr);
        ensure!(
            install.status.success(),
            "the drivers cannot be fetched: {}",
            said.trim()
        );
        let ended = fs::rename(&made, &folder);
        // Where another process was quicker, its folder is as good.
        ensure!(
            ended.is_ok() || folder.exists(),
            "the drivers cannot be kept in {}",
            folder.display()
        );
    }
    folder.canonicalize().context("the folder of drivers is gone")
}
