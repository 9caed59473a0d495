//! Where components are kept, by their digests.

mod database;
mod folder;

use std::fmt::Debug;
use std::path::PathBuf;

use async_trait::async_trait;

use crate::{Digest, Error, Uploaded};

pub use database::DatabaseBlobs;
pub use folder::FolderBlobs;

/// A store of components. Several servers can share one.
///
/// Calls for one digest are not made at the same time, other than reads: [`Store`](crate::Store) sees to it.
#[async_trait]
pub trait Blobs: Send + Sync + Debug {
    /// The folder in which uploads wait until they are [kept](Self::keep): of the same file system, if that helps.
    fn uploads(&self) -> PathBuf {
        std::env::temp_dir()
    }

    /// Keeps a component, durably. It may be there already, as a whole or in part.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    async fn keep(&self, uploaded: Uploaded) -> Result<(), Error>;

    /// The bytes, whose digest has been checked.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Damaged`], [`Error::Store`], [`Error::Database`].
    async fn read(&self, digest: &Digest) -> Result<Vec<u8>, Error>;

    /// Removes a component, if it is there, as a whole or in part.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    async fn remove(&self, digest: &Digest) -> Result<(), Error>;
}

/// The bytes, if they are what they ought to be.
pub(crate) fn checked(bytes: Vec<u8>, digest: &Digest) -> Result<Vec<u8>, Error> {
    if Digest::of(&bytes) == *digest {
        return Ok(bytes);
    }
    let digest = digest.clone();
    Err(Error::Damaged { digest })
}
