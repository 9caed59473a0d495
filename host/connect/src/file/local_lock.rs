//! One writer at a time per local target.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::durable::write_error;
use crate::Error;

/// A lock that the system releases when the process ends. The file holds the name of the run, so that the same run can
/// commit from another place of the process.
#[derive(Debug)]
pub(super) struct LocalLock {
    file: File,
    path: PathBuf,
}

impl LocalLock {
    /// Takes the lock, unless another run has it. `target` is for messages.
    pub fn take(path: PathBuf, run: &str, target: &str) -> Result<Self, Error> {
        let busy = || Error::Busy {
            target: target.to_owned(),
        };
        Self::attempt(path, run)?.ok_or_else(busy)
    }

    /// As [`take`](Self::take); none where this very run has it.
    pub fn take_unless_held_by(path: &Path, run: &str, target: &str) -> Result<Option<Self>, Error> {
        if let Some(lock) = Self::attempt(path.to_owned(), run)? {
            return Ok(Some(lock));
        }
        let holder = fs::read_to_string(path).unwrap_or_default();
        if holder == run {
            return Ok(None);
        }
        Err(Error::Busy {
            target: target.to_owned(),
        })
    }

    fn attempt(path: PathBuf, run: &str) -> Result<Option<Self>, Error> {
        loop {
            let mut file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|source| write_error("create", &path, source))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(source)) => return Err(write_error("lock", &path, source)),
            }
            // The run before may have removed the file between the two steps; its name then stands for another file.
            if is_same_file(&file, &path) {
                let named = file.set_len(0).and_then(|()| file.write_all(run.as_bytes()));
                named.map_err(|source| write_error("write", &path, source))?;
                return Ok(Some(Self { file, path }));
            }
        }
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // Before the lock is released, so that nobody else holds a lock on this file.
        fs::remove_file(&self.path).ok();
        self.file.unlock().ok();
    }
}

#[cfg(unix)]
fn is_same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (open.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(two)) => one.dev() == two.dev() && one.ino() == two.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}
