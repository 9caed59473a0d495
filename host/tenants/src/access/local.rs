//! Local files, with the links on the way to them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Checks that a path is below one of the folders, both as it is written and where its links lead.
pub(super) fn check<'a>(path: &str, folders: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let written = Path::new(path);
    let found = follow(written)?;
    for folder in folders {
        let folder = Path::new(folder);
        // A folder that can't be followed has nothing below it.
        let Ok(real) = follow(folder) else { continue };
        if (written.starts_with(folder) || written.starts_with(&real)) && found.starts_with(&real) {
            return Ok(());
        }
    }
    Err("it is, or leads, below none of the tenant's storage prefixes".to_owned())
}

/// Where a path leads: its deepest part that exists, without links, and the rest as it is. It has no `..`.
fn follow(path: &Path) -> Result<PathBuf, String> {
    let mut existing = path;
    loop {
        match existing.symlink_metadata() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::NotFound => match existing.parent() {
                Some(parent) => existing = parent,
                None => return Err("there is no such folder".to_owned()),
            },
            Err(error) => return Err(format!("it can't be told where it leads: {}", error.kind())),
        }
    }
    // A link to what does not exist is a fault: who writes through it makes that.
    let mut real = existing
        .canonicalize()
        .map_err(|error| format!("it can't be told where its links lead: {}", error.kind()))?;
    if let Ok(rest) = path.strip_prefix(existing) {
        real.extend(rest.components());
    }
    Ok(real)
}
