//! Components in a folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::{Blobs, checked};
use crate::{Digest, Error, Uploaded};

/// What a server that has died left behind is removed after this.
const LEFT: Duration = Duration::from_secs(24 * 3600);

/// Components in a folder, of this machine or a shared one: `ab/abcdef...`, and `uploads`.
#[derive(Clone, Debug)]
pub struct FolderBlobs {
    folder: PathBuf,
}

impl FolderBlobs {
    /// Uses a folder, and makes it if it is not there. Uploads that were cut off with their server are removed once they
    /// are a day old.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let blobs = Self { folder: folder.into() };
        let uploads = blobs.uploads();
        blobs
            .blocking("written", move || {
                fs::create_dir_all(&uploads)?;
                remove_left(&uploads)
            })
            .await?;
        Ok(blobs)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let digits = digest.as_str();
        self.folder.join(&digits[..2]).join(digits)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(io::Error::other).and_then(|done| done);
        done.map_err(|source| Error::Store {
            doing,
            place: self.folder.display().to_string(),
            source,
        })
    }
}

#[async_trait]
impl Blobs for FolderBlobs {
    fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }

    async fn keep(&self, uploaded: Uploaded) -> Result<(), Error> {
        let path = self.path(&uploaded.digest);
        self.blocking("written", move || {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            // In place of what is there: it may be damaged.
            uploaded.path.persist(&path).map_err(|error| error.error)?;
            sync(folder)?;
            folder.parent().map_or(Ok(()), sync)
        })
        .await
    }

    async fn read(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let (path, expected) = (self.path(digest), digest.clone());
        let read = self.blocking("read", move || match fs::read(path) {
            Ok(bytes) => Ok(Some(checked(bytes, &expected))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        let digest = digest.clone();
        read.await?.unwrap_or(Err(Error::Gone { digest }))
    }

    async fn remove(&self, digest: &Digest) -> Result<(), Error> {
        let path = self.path(digest);
        self.blocking("written", move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

/// What has got a name in a folder, or lost it, stays so.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn remove_left(uploads: &Path) -> io::Result<()> {
    for entry in fs::read_dir(uploads)?.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
        if age.is_ok_and(|age| age > LEFT) {
            // Another server may do the same.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
