//! Files that are replaced whole, by one writer at a time, and are for their owner alone.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::Error;

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);

/// Who has to be able to read and write a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner.
    Owner,
    /// Whoever could before; its owner if it is new.
    AsBefore,
}

/// Reads a file; none where there is none. What is found out about the file is about the very one that is read.
pub(crate) fn read(
    path: &Path,
    limit: u64,
    check: impl FnOnce(&Metadata) -> Result<(), Error>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let failed = |source| file_error("read", path, source);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    check(&metadata)?;
    let too_long = || Error::TooLong {
        path: path.to_owned(),
        limit,
    };
    if metadata.len() > limit {
        return Err(too_long());
    }
    // Room for all of it: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    let mut bounded = (&mut file).take(limit + 1);
    bounded.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_long());
    }
    Ok(Some(bytes))
}

/// As [`read`], for text.
pub(crate) fn read_text(
    path: &Path,
    limit: u64,
    check: impl FnOnce(&Metadata) -> Result<(), Error>,
) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(mut bytes) = read(path, limit, check)? else {
        return Ok(None);
    };
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = Zeroizing::new(error.into_bytes());
            Err(Error::Line {
                path: path.to_owned(),
                line: line_at(&bytes, valid),
                reason: "this is not text in UTF-8".to_owned(),
            })
        }
    }
}

/// The line, from 1, that a byte is in.
pub(crate) fn line_at(bytes: &[u8], at: usize) -> usize {
    let before = &bytes[..at.min(bytes.len())];
    before.split(|byte| *byte == b'\n').count()
}

/// Refuses a file that others than its owner can read or write.
pub(crate) fn check_closed(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    let mode = mode(metadata);
    if mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Refuses a file that somebody else than this user or the system's administrator could have written. The administrator,
/// who is also whom processes in containers run as, may use everybody's.
pub(crate) fn check_own(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    let foreign = |reason, advice| {
        Err(Error::Foreign {
            path: path.to_owned(),
            reason,
            advice,
        })
    };
    if mode(metadata) & 0o002 != 0 {
        return foreign("everybody may write it", "run `chmod o-w` on it");
    }
    if !is_own(metadata) {
        return foreign("it belongs to another user", "copy it if you trust it");
    }
    Ok(())
}

/// Replaces a file by one that is complete and durable, or leaves it as it is. The [`Lock`] of the file has to be held.
pub(crate) fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    // Where the name is a link to another folder, it stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |source| file_error("write", &path, source);
    let new = beside(&path, ".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let written = write_new(&new, bytes, &path, access).and_then(|()| fs::rename(&new, &path));
    if let Err(error) = written {
        fs::remove_file(&new).ok();
        return Err(failed(error));
    }
    sync_folder(&path).map_err(failed)
}

fn write_new(new: &Path, bytes: &[u8], old: &Path, access: Access) -> io::Result<()> {
    let mut file = owners(OpenOptions::new().write(true).create_new(true)).open(new)?;
    file.write_all(bytes)?;
    if access == Access::AsBefore
        && let Ok(before) = fs::metadata(old)
    {
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()
}

/// Gives a file another name, durably, in the place of what had it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    let renamed = fs::rename(from, to).and_then(|()| sync_folder(to));
    renamed.map_err(|source| file_error("write", to, source))
}

/// Makes the folder of a file, for its owner alone, if it is not there.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| file_error("make the folder", folder, source))
}

/// The file's name with something added.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// One writer at a time. The system releases it when the process ends. The locked file is another one than that which is
/// written, since that is replaced.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the lock of a file, and makes the file's folder if need be.
    pub fn take(path: &Path) -> Result<Self, Error> {
        make_folder_of(path)?;
        let lock = beside(path, ".lock");
        let begun = Instant::now();
        loop {
            if let Some(file) = attempt(&lock).map_err(|source| file_error("lock", &lock, source))? {
                return Ok(Self { file, path: lock });
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::Busy {
                    path: path.to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
    }
}

fn attempt(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = owners(&mut options).open(path)?;
    match file.try_lock() {
        // Who had it before removes the file; its name then stands for another one, or none.
        Ok(()) => Ok(is_at(&file, path).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock is released, so that nobody else holds a lock on this file.
        fs::remove_file(&self.path).ok();
        self.file.unlock().ok();
    }
}

pub(crate) fn file_error(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn owners(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn owners(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o600
}

#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    let owner = std::os::unix::fs::MetadataExt::uid(metadata);
    trusts(rustix::process::geteuid().as_raw(), owner)
}

/// Whether a user uses connections that a file of this owner holds.
#[cfg(unix)]
fn trusts(user: u32, owner: u32) -> bool {
    user == 0 || owner == user || owner == 0
}

#[cfg(unix)]
fn is_at(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (open.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(two)) => one.dev() == two.dev() && one.ino() == two.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_of_other_users_are_not_trusted() {
        assert!(trusts(1000, 1000) && trusts(1000, 0) && trusts(0, 1000));
        assert!(!trusts(1000, 1001));
    }

    #[test]
    fn a_file_is_replaced_whole_and_a_link_stays_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        replace(&file, b"1", Access::AsBefore).expect("written");
        assert_eq!(mode(&file), 0o600);
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("opened");
        fs::write(folder.path().join("file.new"), "left behind").expect("written");
        replace(&link, b"2", Access::AsBefore).expect("written");
        assert_eq!(
            (fs::read(&file).expect("read").as_slice(), mode(&file)),
            (b"2".as_slice(), 0o644)
        );
        replace(&link, b"3", Access::Owner).expect("written");
        assert_eq!(
            (fs::read(&file).expect("read").as_slice(), mode(&file)),
            (b"3".as_slice(), 0o600)
        );
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            2,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_lock_is_held_by_one_and_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a/file");
        let lock = Lock::take(&file).expect("free");
        assert!(attempt(&beside(&file, ".lock")).expect("tried").is_none());
        drop(lock);
        assert!(!beside(&file, ".lock").exists());
        Lock::take(&file).expect("free again");
    }
}
