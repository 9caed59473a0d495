//! One writer at a time per local target.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::durable::write_error;
use super::local_left;
use crate::Error;

/// How often the folder is made again that others remove when they end.
const TRIES: usize = 16;

/// Runs that hold a lock in this process, by what they hold.
static HOLDERS: LazyLock<Mutex<HashMap<Identity, String>>> = LazyLock::new(Mutex::default);

/// What can be locked for a target.
#[derive(Debug)]
pub(super) struct Lockable {
    /// The folder that is written to.
    pub folder: PathBuf,
    /// Whether the folder is the target, and not only where it is.
    pub is_target: bool,
    /// What is locked instead of the folder, where that cannot be.
    pub file: PathBuf,
}

/// A lock that the system releases when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct LocalLock {
    locked: File,
    identity: Identity,
    /// The lock's file, which goes with the lock; none where the folder itself is locked.
    file: Option<PathBuf>,
    /// Whether there was nothing hidden in the folder when it was locked.
    pub was_clean: bool,
}

impl LocalLock {
    /// Takes the lock, unless somebody has it. Makes the folder where there is none. `target` is for messages.
    pub fn take(lockable: &Lockable, run: &str, target: &str) -> Result<Self, Error> {
        lockable.lock(run)?.map_err(|_| busy(target))
    }

    /// As [`take`](Self::take); none where this very run has it, in another place of this process.
    pub fn take_unless_held_by(lockable: &Lockable, run: &str, target: &str) -> Result<Option<Self>, Error> {
        match lockable.lock(run)? {
            Ok(lock) => Ok(Some(lock)),
            Err(Held { by }) if by.as_deref() == Some(run) => Ok(None),
            Err(_) => Err(busy(target)),
        }
    }

    /// Whether nobody has touched the folder since a run of this process has left it clean.
    pub fn is_untouched(&self) -> bool {
        self.file.is_none() && local_left::is_untouched(&self.locked, &self.identity)
    }

    /// The run has made visible all that it has written, and has nothing hidden any more.
    pub fn has_committed(&self) {
        if self.was_clean && self.file.is_none() {
            local_left::remember(&self.locked, &self.identity);
        }
    }

    /// Gives the lock up and removes the folder, unless there is something in it.
    pub fn release_and_remove(self, folder: &Path) {
        // A folder that is locked goes before others can lock it: they are to make another one. A file is in it until then.
        let file_goes_first = self.file.is_some();
        if file_goes_first {
            drop(self);
            fs::remove_dir(folder).ok();
        } else {
            fs::remove_dir(folder).ok();
            drop(self);
        }
    }
}

fn busy(target: &str) -> Error {
    Error::Busy {
        target: target.to_owned(),
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // Nobody is to find it taken, and by nobody.
        let mut holders = HOLDERS.lock();
        holders.remove(&self.identity);
        // Before the lock is released, so that nobody else holds a lock on this file.
        if let Some(file) = &self.file {
            fs::remove_file(file).ok();
        }
        self.locked.unlock().ok();
    }
}

/// Somebody has the lock: this run, if it is one of this process.
struct Held {
    by: Option<String>,
}

impl Lockable {
    fn lock(&self, run: &str) -> Result<Result<LocalLock, Held>, Error> {
        let mut tries = 0;
        loop {
            fs::create_dir_all(&self.folder)
                .map_err(|source| write_error("create the folder", &self.folder, source))?;
            let (path, opened) = self.open();
            let failed = |source| write_error("lock", path, source);
            let locked = match opened {
                // Whoever made the folder has removed it again.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                    tries += 1;
                    continue;
                }
                opened => opened.map_err(failed)?,
            };
            let identity = Identity::of(&locked, path).map_err(failed)?;
            let mut holders = HOLDERS.lock();
            match locked.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let by = holders.get(&identity).cloned();
                    return Ok(Err(Held { by }));
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // The run before may have removed it between the two steps; its name then stands for another one.
            if Identity::at(path).as_ref() == Some(&identity) {
                holders.insert(identity.clone(), run.to_owned());
                let file = (path == self.file).then(|| self.file.clone());
                let was_clean = false;
                return Ok(Ok(LocalLock {
                    locked,
                    identity,
                    file,
                    was_clean,
                }));
            }
        }
    }

    /// Opens what is locked. Everybody has to come to the same for one folder.
    fn open(&self) -> (&Path, io::Result<File>) {
        if self.is_target && is_on_disk(&self.folder) {
            return (&self.folder, File::open(&self.folder));
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.file);
        (&self.file, file)
    }
}

/// Whether a folder is on a disk of this machine, and not on another one's, where the lock of a folder would be of this
/// machine alone. Linux gives the number 0 to the driver of all that is no block device.
#[cfg(target_os = "linux")]
fn is_on_disk(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let driver = |device: u64| ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    fs::metadata(folder).is_ok_and(|data| driver(data.dev()) != 0)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
fn is_on_disk(_folder: &Path) -> bool {
    false
}

/// What is locked, by whichever path it was reached.
#[cfg(unix)]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

#[cfg(unix)]
impl Identity {
    pub(super) fn of(open: &File, _path: &Path) -> io::Result<Self> {
        open.metadata().map(|data| Self::new(&data))
    }

    fn new(data: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: data.dev(),
            inode: data.ino(),
        }
    }

    /// Of what is at a path, if anything is.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|data| Self::new(&data))
    }
}

#[cfg(not(unix))]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity(PathBuf);

#[cfg(not(unix))]
impl Identity {
    pub(super) fn of(_open: &File, path: &Path) -> io::Result<Self> {
        fs::canonicalize(path).map(Self)
    }

    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockable(folder: &Path, is_target: bool) -> Lockable {
        Lockable {
            folder: folder.to_owned(),
            is_target,
            file: folder.join(".tenon-lock"),
        }
    }

    #[test]
    fn one_run_at_a_time_has_a_folder_and_knows_itself() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("out");
        for is_target in [true, false] {
            let lockable = lockable(&folder, is_target);
            let lock = LocalLock::take(&lockable, "a", "out").expect("free");
            assert!(matches!(
                LocalLock::take(&lockable, "b", "out"),
                Err(Error::Busy { .. })
            ));
            let again = |run| LocalLock::take_unless_held_by(&lockable, run, "out");
            assert!(again("a").expect("its own").is_none());
            assert!(matches!(again("b"), Err(Error::Busy { .. })));
            drop(lock);
            assert!(again("b").expect("free").is_some());
            assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is left");
        }
    }

    #[test]
    fn a_folder_that_was_removed_while_it_was_locked_is_made_again() {
        let parent = tempfile::tempdir().expect("a folder");
        let lockable = lockable(&parent.path().join("out"), true);
        let lock = LocalLock::take(&lockable, "a", "out").expect("free");
        fs::remove_dir_all(&lockable.folder).expect("removed");
        let other = LocalLock::take(&lockable, "b", "out").expect("another folder");
        drop((lock, other));
        assert!(lockable.folder.exists());
    }
}
