//! Files whose plugins are loaded, so that they need not be read again to know that.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::plugin::Loaded;

/// Files that are remembered at most.
const MOST: usize = 1024;
/// A file that was changed within this time may be changed again without its times telling.
const YOUNG: Duration = Duration::from_secs(2);

/// What was loaded from which file. A file is the same as long as the system says so: whoever changes it changes its
/// times, which nobody can set back.
#[derive(Default)]
pub(crate) struct Files(Mutex<HashMap<PathBuf, (Stamp, Weak<Loaded>)>>);

/// What changes with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds since 1970 when its bytes were changed, and when anything about it was.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Files {
    /// What was loaded from a file that has not changed since.
    pub fn loaded(&self, path: &Path, metadata: &Metadata) -> Option<Arc<Loaded>> {
        let stamp = Stamp::of(metadata)?;
        let files = self.0.lock();
        let (known, loaded) = files.get(path)?;
        (*known == stamp).then(|| loaded.upgrade()).flatten()
    }

    /// Remembers what was loaded from a file that was found like this when it was opened.
    pub fn keep(&self, path: &Path, metadata: &Metadata, loaded: &Arc<Loaded>) {
        let Some(stamp) = Stamp::of(metadata).filter(Stamp::is_old) else {
            return;
        };
        let mut files = self.0.lock();
        files.retain(|_, (_, loaded)| loaded.strong_count() > 0);
        if files.len() < MOST {
            files.insert(path.to_owned(), (stamp, Arc::downgrade(loaded)));
        }
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        metadata.is_file().then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Other systems do not tell enough.
    #[cfg(not(unix))]
    fn of(_metadata: &Metadata) -> Option<Self> {
        None
    }

    fn is_old(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let latest = self.modified.0.max(self.changed.0);
        let latest = Duration::from_secs(u64::try_from(latest).unwrap_or(u64::MAX));
        now.is_ok_and(|now| now.saturating_sub(YOUNG) > latest)
    }
}
