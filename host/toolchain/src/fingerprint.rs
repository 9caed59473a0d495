//! What files hold, in short: whether a build is up to date, and where the cache keeps what.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::inputs::files_in;

/// How much of files is read. What would be more than that, as data are that lie in a project, counts by its size and its
/// time: a run should not wait for gigabytes to be read that no build embeds.
const READ: u64 = 64 << 20;

/// A digest of texts and files.
#[derive(Clone, Default)]
pub(crate) struct Fingerprint {
    digest: Sha256,
    /// Bytes of files that were read for it.
    read: u64,
}

impl Fingerprint {
    /// Adds a text.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes, with their length, so that no two sequences of them are alike.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.digest.update((bytes.len() as u64).to_le_bytes());
        self.digest.update(bytes);
    }

    /// Adds the files of a project's folder that a build may read, with their names, but those that are `except` or below
    /// it.
    pub(crate) fn folder(&mut self, folder: &Path, except: &[PathBuf]) {
        for path in files_in(folder, except) {
            self.text(&path.strip_prefix(folder).unwrap_or(&path).to_string_lossy());
            self.file(&path, READ);
        }
    }

    /// Adds files and folders that lie anywhere, with their names.
    pub(crate) fn paths(&mut self, paths: &BTreeSet<PathBuf>, except: &[PathBuf]) {
        for path in paths {
            self.text(&path.to_string_lossy());
            if path.is_dir() {
                self.folder(path, except);
            } else {
                self.file(path, READ);
            }
        }
    }

    /// Adds a file: what it holds, unless more than `most` bytes of files would have been read with it. What can't be
    /// read is for the build to complain of, if it needs it.
    fn file(&mut self, path: &Path, most: u64) {
        let Ok(metadata) = fs::metadata(path) else {
            return self.text("not there");
        };
        let read = self.read.saturating_add(metadata.len());
        if read <= most {
            self.read = read;
            match fs::read(path) {
                Ok(bytes) => self.bytes(&bytes),
                Err(_) => self.text("not to be read"),
            }
            return;
        }
        let time = metadata.modified().ok();
        let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = time.unwrap_or_default().as_nanos();
        self.text(&format!("{} bytes at {nanoseconds}", metadata.len()));
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.digest.clone().finalize()[..8] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn of(folder: &Path) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.folder(folder, &[]);
        fingerprint.to_string()
    }

    #[test]
    fn sources_count_and_build_products_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/data")).unwrap();
        fs::write(folder.path().join("src/app.py"), "one").unwrap();
        let first = of(folder.path());
        fs::create_dir_all(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/app.wasm"), "built").unwrap();
        assert_eq!(of(folder.path()), first);
        fs::write(folder.path().join("src/data/table.json"), "{}").unwrap();
        let second = of(folder.path());
        assert_ne!(second, first);
        fs::write(folder.path().join("src/app.py"), "two").unwrap();
        assert_ne!(of(folder.path()), second);
    }

    #[test]
    fn what_lies_elsewhere_counts_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.paths(&BTreeSet::from([folder.path().join(name)]), &[]);
            fingerprint.to_string()
        };
        fs::write(folder.path().join("one.h"), "1").unwrap();
        fs::write(folder.path().join("two.h"), "1").unwrap();
        let (one, two, none) = (of("one.h"), of("two.h"), of("three.h"));
        assert!(one != two && two != none);
        fs::write(folder.path().join("one.h"), "2").unwrap();
        assert_ne!(of("one.h"), one);
        assert_eq!(of("three.h"), none);
    }

    #[test]
    fn large_files_count_by_size_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.csv");
        let of = |most: u64| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.file(&path, most);
            fingerprint.to_string()
        };
        let write = |text: &str, seconds: u64| {
            fs::write(&path, text).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
                .unwrap();
        };
        write("one", 1_000);
        let (whole, by_time) = (of(3), of(2));
        write("two", 1_000);
        assert_ne!(of(3), whole);
        assert_eq!(of(2), by_time);
        write("two", 1_001);
        assert_ne!(of(2), by_time);
        write("three", 1_000);
        assert_ne!(of(2), by_time);
    }
}
