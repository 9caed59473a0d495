use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::Error;

/// Where to look for tools and where to keep what was built: the part of the environment that the resolver reads.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Folders that are searched for programs, as in `PATH`; programs are started with it.
    pub path: Vec<PathBuf>,
    /// The folder that holds rustup's `toolchains` folder.
    pub rustup_home: Option<PathBuf>,
    /// Tenon's cache folder; it is created when needed.
    pub cache: PathBuf,
    /// Whether downloads are forbidden.
    pub offline: bool,
}

impl Machine {
    /// Reads `PATH`, `RUSTUP_HOME`, `TENON_CACHE`, `XDG_CACHE_HOME`, `HOME` and `TENON_OFFLINE`.
    ///
    /// # Errors
    /// [`Error::NoCache`] where none of the variables names a cache folder.
    pub fn from_env() -> Result<Self, Error> {
        let home = env::home_dir();
        let cache = match (
            folder("TENON_CACHE"),
            folder("XDG_CACHE_HOME"),
            folder("LOCALAPPDATA"),
            &home,
        ) {
            (Some(own), ..) => own,
            (None, Some(caches), ..) | (None, None, Some(caches), _) => caches.join("tenon"),
            (None, None, None, Some(home)) => home.join(".cache").join("tenon"),
            (None, None, None, None) => return Err(Error::NoCache),
        };
        Ok(Self {
            path: env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect(),
            rustup_home: folder("RUSTUP_HOME").or_else(|| Some(home?.join(".rustup"))),
            cache,
            offline: env::var_os("TENON_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0"),
        })
    }

    /// Every program of that name on the path, first folder first.
    pub(crate) fn programs(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.path
            .iter()
            .map(move |folder| folder.join(&file))
            .filter(|path| is_program(path))
    }

    /// The program that a shell would start for that name.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        self.programs(name).next()
    }

    /// The path as the value of a `PATH` variable. A folder that no such value can hold is left out.
    pub(crate) fn path_variable(&self) -> OsString {
        let separable = |folder: &&PathBuf| env::join_paths([folder]).is_ok();
        env::join_paths(self.path.iter().filter(separable)).unwrap_or_default()
    }
}

fn folder(variable: &str) -> Option<PathBuf> {
    // The XDG specification has relative paths ignored; one would also mean another folder in every directory.
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The file's name without folder and extension.
pub(crate) fn stem(path: &Path) -> &str {
    path.file_stem().and_then(OsStr::to_str).unwrap_or_default()
}
