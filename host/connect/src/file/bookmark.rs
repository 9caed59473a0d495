//! What a job has read already, so that its next run reads only what is new or changed.

use std::collections::BTreeMap;

use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::store::Store;

/// Files that are remembered one by one; of older ones only the time of their last change is.
const REMEMBERED_FILES: usize = 20_000;
/// The same for looks: their bookmarks are written far more often, so that they are shorter.
const REMEMBERED_BY_LOOKS: usize = 1000;
/// What was changed so long before the newest file that a look has found is remembered whatever its number: an object is as
/// old as the beginning of its upload, so that older ones may still come.
const LATE_MICROS: i64 = 60 * 60 * 1_000_000;

/// The files that have been read. It stays small however many there are: once there are more than 20,000, the older ones
/// are summarised as "everything that was changed before this time".
///
/// A file that appears later, but with an older time of change than that, counts as read. Stores that give a file the time
/// at which it is written, as all object stores do, have no such files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileBookmark {
    /// Files by their full name.
    #[serde(default)]
    pub files: BTreeMap<String, SeenFile>,
    /// Files that were last changed before this time have been read, in microseconds since 1970.
    #[serde(default)]
    pub watermark: Option<i64>,
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenFile {
    /// Size in bytes.
    pub size: u64,
    /// When it was last changed, in microseconds since 1970.
    pub modified: i64,
    /// The store's tag for this version of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl SeenFile {
    fn of(file: &ObjectMeta) -> Self {
        Self {
            size: file.size,
            modified: file.last_modified.timestamp_micros(),
            etag: file.e_tag.clone(),
        }
    }

    /// Whether it is the same version. The tag alone decides where both have one.
    fn is(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(one), Some(two)) => one == two && self.size == other.size,
            _ => (self.size, self.modified) == (other.size, other.modified),
        }
    }
}

impl FileBookmark {
    fn has(&self, name: &str, file: &ObjectMeta) -> bool {
        let file = SeenFile::of(file);
        match self.files.get(name) {
            Some(seen) => seen.is(&file),
            None => self.watermark.is_some_and(|watermark| file.modified < watermark),
        }
    }

    /// The bookmark after these files have been read too.
    pub(super) fn advanced<'a>(&self, store: &Store, files: impl Iterator<Item = &'a ObjectMeta>) -> Self {
        let mut next = self.with(store, files);
        next.compact(REMEMBERED_FILES, i64::MAX);
        next
    }

    /// The bookmark after a look has found these files. `left` is when the oldest of those was changed that it has left to
    /// the next one.
    pub(super) fn looked<'a>(
        &self,
        store: &Store,
        files: impl Iterator<Item = &'a ObjectMeta>,
        left: Option<i64>,
    ) -> Self {
        let mut next = self.with(store, files);
        let left = left.unwrap_or(i64::MAX);
        let newest = next.files.values().map(|file| file.modified).max().unwrap_or_default();
        next.compact(REMEMBERED_BY_LOOKS, left.min(newest.saturating_sub(LATE_MICROS)));
        next.compact(REMEMBERED_FILES, left);
        next
    }

    fn with<'a>(&self, store: &Store, files: impl Iterator<Item = &'a ObjectMeta>) -> Self {
        let mut next = self.clone();
        let added = files.map(|file| (store.name(&file.location), SeenFile::of(file)));
        next.files.extend(added);
        next
    }

    /// Summarises the older half of those that are too many, but none that were changed at `latest` or later.
    fn compact(&mut self, remembered: usize, latest: i64) {
        if self.files.len() <= remembered {
            return;
        }
        let mut times: Vec<i64> = self.files.values().map(|file| file.modified).collect();
        times.sort_unstable();
        // Half of them go, so that this happens rarely. Files changed at the very time of the watermark stay, for others
        // may have been changed at the same time and not been read.
        let watermark = times[times.len() - remembered / 2].min(latest);
        self.watermark = self.watermark.max(Some(watermark));
        self.files.retain(|_, file| file.modified >= watermark);
    }
}

/// The files to read: new or changed since the bookmark, the oldest first, cut where there are more than `max_files` or
/// `max_bytes`. One file is read even if it alone is larger.
pub(super) fn select(
    mut files: Vec<ObjectMeta>,
    store: &Store,
    bookmark: Option<&FileBookmark>,
    max_files: Option<usize>,
    max_bytes: Option<u64>,
) -> Vec<ObjectMeta> {
    if let Some(bookmark) = bookmark {
        files.retain(|file| !bookmark.has(&store.name(&file.location), file));
    }
    if bookmark.is_none() && max_files.is_none() && max_bytes.is_none() {
        return files;
    }
    files.sort_by(|one, two| (one.last_modified, &one.location).cmp(&(two.last_modified, &two.location)));
    let mut bytes = 0_u64;
    let within = files.iter().enumerate().take_while(|(index, file)| {
        bytes = bytes.saturating_add(file.size);
        let few = max_files.is_none_or(|max| *index < max);
        few && (*index == 0 || max_bytes.is_none_or(|max| bytes <= max))
    });
    let count = within.count();
    files.truncate(count);
    files
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use object_store::path::Path;

    use super::super::store::{self, StoreOptions};
    use super::*;

    fn file(name: &str, second: u64, size: u64) -> ObjectMeta {
        ObjectMeta {
            location: Path::from(name),
            last_modified: (UNIX_EPOCH + Duration::from_secs(second)).into(),
            size,
            e_tag: None,
            version: None,
        }
    }

    fn names(files: &[ObjectMeta]) -> Vec<&str> {
        files.iter().map(|file| file.location.as_ref()).collect()
    }

    #[test]
    fn new_and_changed_files_are_selected_oldest_first() {
        let store = store::open("/", &StoreOptions::default()).expect("a store");
        let (a, b, c) = (file("a", 3, 10), file("b", 2, 10), file("c", 1, 10));
        let seen = FileBookmark::default().advanced(&store, [&a, &b].into_iter());
        let all = || vec![a.clone(), file("b", 5, 10), c.clone()];
        assert_eq!(names(&select(all(), &store, Some(&seen), None, None)), ["c", "b"]);
        assert_eq!(names(&select(all(), &store, Some(&seen), Some(1), None)), ["c"]);
        let none = FileBookmark::default();
        assert_eq!(names(&select(all(), &store, Some(&none), None, Some(25))), ["c", "a"]);
        assert_eq!(names(&select(all(), &store, Some(&none), None, Some(5))), ["c"]);
        assert_eq!(names(&select(all(), &store, None, None, None)), ["a", "b", "c"]);
    }

    #[test]
    fn bookmarks_stay_small_and_forget_nothing() {
        let store = store::open("/", &StoreOptions::default()).expect("a store");
        let files: Vec<ObjectMeta> = (0..1000).map(|n| file(&format!("f{n}"), n / 10, 1)).collect();
        let mut bookmark = FileBookmark::default();
        for batch in files.chunks(7) {
            bookmark = bookmark.advanced(&store, batch.iter());
            bookmark.compact(100, i64::MAX);
            let unread = select(files.clone(), &store, Some(&bookmark), None, None);
            let read = files.len() - unread.len();
            let expected = batch.last().expect("no batch is empty");
            assert_eq!(files[read - 1].location, expected.location);
            assert!(bookmark.files.len() <= 110, "{}", bookmark.files.len());
        }
        let text = serde_json::to_string(&bookmark).expect("serialised");
        assert_eq!(
            serde_json::from_str::<FileBookmark>(&text).expect("understood"),
            bookmark
        );
    }
}
