//! What makes files and their names survive a crash, and says what went wrong with them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Error;

/// Threads that synchronise folders.
const SYNCHRONISERS: usize = 16;

/// Makes renames and removals in folders durable. Side by side: disks synchronise many folders as fast as one.
pub(super) fn sync_all(mut folders: Vec<PathBuf>) -> Result<(), Error> {
    let Some(last) = folders.pop() else { return Ok(()) };
    let share = folders.len().div_ceil(SYNCHRONISERS).max(1);
    std::thread::scope(|scope| {
        let threads = folders
            .chunks(share)
            .map(|folders| scope.spawn(|| folders.iter().try_for_each(|folder| sync(folder))));
        let threads: Vec<_> = threads.collect();
        let done = threads.into_iter().map(|thread| {
            let panicked = |_| {
                Err(write_error(
                    "synchronise",
                    &last,
                    io::Error::other("the thread panicked"),
                ))
            };
            thread.join().unwrap_or_else(panicked)
        });
        done.collect::<Result<(), Error>>()
    })?;
    sync(&last)
}

/// Makes renames and removals in a folder durable.
pub(super) fn sync(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| write_error("synchronise the folder", folder, source))
}

/// Makes a file of these bytes, durably but for its name. Where that fails, nothing is left of it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = File::create(path).map_err(|source| write_error("create", path, source))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|source| {
        fs::remove_file(path).ok();
        write_error("write", path, source)
    })
}

/// It is as well if it was not there.
pub(super) fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// How long ago it was changed.
pub(super) fn age(path: &Path) -> Duration {
    let modified = fs::metadata(path).and_then(|data| data.modified());
    let modified = modified.unwrap_or_else(|_| SystemTime::now());
    SystemTime::now().duration_since(modified).unwrap_or_default()
}

pub(super) fn write_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Write {
        action,
        path: path.to_owned(),
        source,
    }
}
