//! Bytes on their way into the store.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::{Digest, Error};

/// An upload: bytes are written to a temporary file, which is gone when this is dropped.
#[derive(Debug)]
pub struct Upload {
    file: File,
    path: TempPath,
    sha256: Sha256,
    size: u64,
    limit: u64,
}

impl Upload {
    /// An upload of at most `limit` bytes that is kept in a folder meanwhile.
    pub(crate) async fn begin(folder: &Path, limit: u64) -> Result<Self, Error> {
        let place = folder.to_owned();
        let made = tokio::task::spawn_blocking(move || NamedTempFile::with_prefix_in("upload-", &place)).await;
        let made = made.map_err(io::Error::other).and_then(|made| made);
        let (file, path) = made.map_err(|error| failed(folder, error))?.into_parts();
        Ok(Self {
            file: File::from_std(file),
            path,
            sha256: Sha256::new(),
            size: 0,
            limit,
        })
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Store`]. The upload cannot go on then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let size = self.size.saturating_add(bytes.len() as u64);
        if size > self.limit {
            let limit = self.limit;
            return Err(Error::TooLarge { limit });
        }
        let written = self.file.write_all(bytes).await;
        written.map_err(|error| failed(&self.path, error))?;
        self.sha256.update(bytes);
        self.size = size;
        Ok(())
    }

    /// How many bytes there are so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The upload with all of its bytes on the disk.
    pub(crate) async fn finish(mut self) -> Result<Uploaded, Error> {
        let synced = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        synced.await.map_err(|error| failed(&self.path, error))?;
        Ok(Uploaded {
            path: self.path,
            digest: Digest::finish(self.sha256),
            size: self.size,
        })
    }
}

/// A component that has arrived as a whole, in a temporary file.
#[derive(Debug)]
pub struct Uploaded {
    /// The file, which is gone when this is dropped, unless it has been moved away.
    pub path: TempPath,
    /// Of its bytes.
    pub digest: Digest,
    /// How many.
    pub size: u64,
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Store {
        doing: "written",
        place: path.display().to_string(),
        source,
    }
}
