//! Looks at a single local file, and reads it at once where it is small: one trip to the disk instead of one for what it is,
//! one for its columns and one for its rows.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::file::store::Store;

/// Bytes of a file that is read at once, at most.
const SMALL: u64 = 64 << 10;

/// A file, and its content where it is small and nobody has changed it meanwhile. None where the store has to be asked: of
/// what is not local, no plain file, or cannot be read.
pub(super) async fn look(store: &Store, location: &Path) -> Option<(ObjectMeta, Option<Bytes>)> {
    let path = store.local_path(location)?;
    let looked = tokio::task::spawn_blocking(move || read(path)).await;
    let (data, content) = looked.ok()?.ok()?;
    Some((described(&data, location.clone())?, content))
}

fn read(path: PathBuf) -> io::Result<(Metadata, Option<Bytes>)> {
    let mut file = File::open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if before.len() > SMALL {
        return Ok((before, None));
    }
    let mut content = Vec::with_capacity(before.len() as usize + 1);
    (&mut file).take(SMALL + 1).read_to_end(&mut content)?;
    let after = file.metadata()?;
    let is_whole = content.len() as u64 == after.len()
        && before.len() == after.len()
        && before.modified().ok() == after.modified().ok();
    Ok((after, is_whole.then(|| content.into())))
}

/// As the store describes it.
fn described(data: &Metadata, location: Path) -> Option<ObjectMeta> {
    let modified = data.modified().ok()?;
    let micros = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    Some(ObjectMeta {
        location,
        last_modified: modified.into(),
        size: data.len(),
        e_tag: Some(format!("{:x}-{micros:x}-{:x}", inode(data), data.len())),
        version: None,
    })
}

#[cfg(unix)]
fn inode(data: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;
    use crate::file::store::{self, StoreOptions};

    #[tokio::test]
    async fn a_file_is_described_as_by_the_store() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes, is_small) in [("none", 0, true), ("small", SMALL, true), ("large", SMALL + 1, false)] {
            let path = folder.path().join(name);
            let written = vec![b'x'; bytes as usize];
            std::fs::write(&path, &written).expect("written");
            let store = store::open(&path.to_string_lossy(), &StoreOptions::default()).expect("a store");
            let (file, content) = look(&store, &store.root).await.expect("a plain file");
            assert_eq!(file, store.store.head(&store.root).await.expect("there"), "{name}");
            assert_eq!(content, is_small.then(|| Bytes::from(written)), "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_no_plain_file_is_left_to_the_store() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in [folder.path().to_owned(), folder.path().join("missing")] {
            let store = store::open(&path.to_string_lossy(), &StoreOptions::default()).expect("a store");
            assert!(look(&store, &store.root).await.is_none(), "{}", path.display());
        }
    }
}
