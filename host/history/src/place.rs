//! Where the history is when nobody says where.

use std::env;
use std::path::PathBuf;

use crate::error::Error;

/// `TENON_HOME`, else `tenon` in the platform's folder for data: `XDG_DATA_HOME` or `~/.local/share`,
/// `~/Library/Application Support` on macOS, `LOCALAPPDATA` on Windows.
///
/// # Errors
/// [`Error::NoFolder`] where none of the variables names a folder.
pub fn default_folder() -> Result<PathBuf, Error> {
    if let Some(own) = env::var_os("TENON_HOME").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(own));
    }
    data_folder().map(|folder| folder.join("tenon")).ok_or(Error::NoFolder)
}

fn data_folder() -> Option<PathBuf> {
    // The XDG specification has relative paths ignored.
    let named = |variable: &str| {
        env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = || env::home_dir().filter(|path| path.is_absolute());
    if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(home()?.join("Library").join("Application Support"))
    } else {
        named("XDG_DATA_HOME").or_else(|| Some(home()?.join(".local").join("share")))
    }
}
