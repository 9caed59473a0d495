//! Tenants' folders: what a tenant leaves behind is for nobody who comes after it by the same name.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the names of folders begin with that are being removed. No tenant's name begins like this.
const GONE: &str = ".gone-";
/// What the names of folders begin with that were there before their tenant, and are kept for the operator to look at.
const LEFT: &str = ".left-";
/// The file in a tenant's folder that says whose it is: when the tenant was made.
const OWNER: &str = ".owner";

/// Takes the folder of a tenant that is gone out of the way, and answers with where it is until it is removed.
///
/// # Errors
/// What the system says.
pub(crate) fn close(house: &Path) -> io::Result<Option<PathBuf>> {
    put_aside(house, GONE)
}

/// Puts aside what is there by the name of a tenant that is about to be made.
///
/// # Errors
/// What the system says.
pub(crate) fn clear(house: &Path) -> io::Result<()> {
    if let Some(aside) = put_aside(house, LEFT)? {
        tracing::warn!(folder = %aside.display(), "a new tenant's folder was there before it: it is kept under this name");
    }
    Ok(())
}

/// Makes the folder of a tenant's files, for the tenant that was made at this time. What belongs to an earlier one of that
/// name, which was deleted by another server than this one, is put aside.
///
/// # Errors
/// What the system says.
pub(crate) fn open(house: &Path, files: &Path, made: i64) -> io::Result<()> {
    let owner = house.join(OWNER);
    let made = made.to_string();
    match fs::read_to_string(&owner) {
        Ok(known) if known == made => return fs::create_dir_all(files),
        Ok(_) => clear(house)?,
        // Nobody has said yet whose it is.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(files)?;
    // Whole or not at all.
    let written = house.join(format!("{OWNER}.new"));
    fs::write(&written, made)?;
    fs::rename(&written, &owner)
}

/// Removes what was taken out of the way, also what an earlier process did not come to.
pub(crate) fn remove_gone(houses: &Path) {
    for entry in fs::read_dir(houses).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(GONE) {
            continue;
        }
        let path = entry.path();
        if let Err(error) = fs::remove_dir_all(&path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(folder = %path.display(), %error, "the folder of a deleted tenant cannot be removed");
        }
    }
}

fn put_aside(house: &Path, beginning: &str) -> io::Result<Option<PathBuf>> {
    let (Some(houses), Some(name)) = (house.parent(), house.file_name()) else {
        return Ok(None);
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // As long as a name may be, whatever the tenant's.
    let name: String = name.to_string_lossy().chars().take(100).collect();
    let aside = houses.join(format!("{beginning}{name}-{}", now.as_nanos()));
    match fs::rename(house, &aside) {
        Ok(()) => Ok(Some(aside)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_own_tenants() -> io::Result<()> {
        let houses = tempfile::tempdir()?;
        let house = houses.path().join("shop");
        let files = house.join("files");
        // What an operator has put there is the first tenant's.
        fs::create_dir_all(&files)?;
        fs::write(files.join("in.csv"), "1")?;
        for _ in 0..2 {
            open(&house, &files, 7)?;
            assert!(files.join("in.csv").exists());
        }
        open(&house, &files, 8)?;
        assert!(files.exists() && !files.join("in.csv").exists());
        clear(&house)?;
        assert!(!house.exists());
        clear(&house)?;
        assert!(close(&house)?.is_none());
        open(&house, &files, 9)?;
        assert!(close(&house)?.is_some_and(|aside| aside.exists()) && !house.exists());
        remove_gone(houses.path());
        let mut names = Vec::new();
        for entry in fs::read_dir(houses.path())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        assert!(
            names.len() == 2 && names.iter().all(|name| name.starts_with(LEFT)),
            "{names:?}"
        );
        Ok(())
    }
}
