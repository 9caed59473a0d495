//! Local folders in which a commit is under way or was cut short: only a part of its files is visible.

use std::fs;

use object_store::ObjectMeta;
use object_store::path::Path;

use super::super::local_journal::committing;
use super::super::store::Store;
use super::is_visible;
use crate::Error;

/// Refuses a folder if it, or a visible one in it, has a commit's journal among these files of it.
pub(super) fn refuse_in(store: &Store, folder: &Path, files: &[ObjectMeta]) -> Result<(), Error> {
    if !store.is_local() {
        return Ok(());
    }
    for file in files {
        let Some(run) = file.location.filename().and_then(committing) else {
            continue;
        };
        let name = store.name(&file.location);
        let (target, _) = name.rsplit_once('/').unwrap_or_default();
        if Path::parse(target).is_ok_and(|target| is_visible(folder, &target)) {
            return Err(half_visible(target, run));
        }
    }
    Ok(())
}

/// Refuses a folder that is a part of such a one, as `year=2013` is.
pub(super) fn refuse_above(store: &Store, folder: &Path) -> Result<(), Error> {
    let Some(mut folder) = store.local_path(folder) else {
        return Ok(());
    };
    while folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().contains('='))
        && folder.pop()
    {
        // What cannot be listed is not known to be one.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if let Some(run) = entry.file_name().to_str().and_then(committing) {
                return Err(half_visible(&folder.to_string_lossy(), run));
            }
        }
    }
    Ok(())
}

fn half_visible(folder: &str, run: &str) -> Error {
    Error::HalfVisible {
        folder: folder.to_owned(),
        run: run.to_owned(),
    }
}
