//! Folders that this process has left with nothing hidden in them: while nobody has touched such a one, the next run need not
//! look through all of its files for what dead runs have left.
//!
//! A folder's time changes with each name that comes or goes, but by the ticks of the kernel's clock, so that two changes can
//! have one time. So a folder is left with a time of our own, which is between two ticks and which no change will have.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::LazyLock;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::local_lock::Identity;

/// Folders that are remembered; then it begins anew.
const MOST: usize = 4096;

static LEFT: LazyLock<Mutex<HashMap<Identity, SystemTime>>> = LazyLock::new(Mutex::default);

/// Remembers that nothing hidden is in a folder, which nobody else can write to now. Where its time cannot be set, the next
/// run looks through it.
pub(super) fn remember(folder: &File, identity: &Identity) {
    let time = SystemTime::now();
    let set = folder.set_modified(time);
    if set.is_err() || modified(folder) != Some(time) {
        return;
    }
    let mut left = LEFT.lock();
    if left.len() >= MOST {
        left.clear();
    }
    left.insert(identity.clone(), time);
}

/// Whether a folder was left by this process, however long ago.
pub(super) fn knows(folder: &Path) -> bool {
    Identity::at(folder).is_some_and(|identity| LEFT.lock().contains_key(&identity))
}

/// Whether nobody has made, renamed or removed anything in a folder since it was left.
pub(super) fn is_untouched(folder: &File, identity: &Identity) -> bool {
    let left = LEFT.lock().get(identity).copied();
    left.is_some() && left == modified(folder)
}

fn modified(folder: &File) -> Option<SystemTime> {
    folder.metadata().and_then(|data| data.modified()).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn whatever_happens_in_a_folder_is_noticed() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("out");
        fs::create_dir(&path).expect("made");
        let folder = File::open(&path).expect("a folder");
        let identity = Identity::of(&folder, &path).expect("told");
        assert!(!is_untouched(&folder, &identity) && !knows(&path), "it was never left");
        let (one, two) = (path.join("one"), path.join("two"));
        let changes: [&dyn Fn() -> std::io::Result<()>; 3] =
            [&|| fs::write(&one, ""), &|| fs::rename(&one, &two), &|| {
                fs::remove_file(&two)
            }];
        for change in changes {
            remember(&folder, &identity);
            assert!(is_untouched(&folder, &identity) && knows(&path));
            change().expect("changed");
            assert!(!is_untouched(&folder, &identity));
        }
    }
}
