//! The history, and how much of it there may be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::store::Store;

/// How much is kept. Each bound says what happens past it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of log lines that a run keeps, with 32 for each line. Past it, lines are counted. Default: 64 MiB.
    pub log_bytes_per_run: u64,
    /// Bytes that a job's guests keep between runs, with 64 for each entry. Past it, a commit is refused. Default:
    /// 16 MiB.
    pub state_bytes_per_job: u64,
    /// Bytes of batches that a run keeps. Past it, its oldest go. Default: 64 MiB.
    pub kept_bytes_per_run: u64,
    /// Bytes of batches that all runs keep. Past it, the oldest go. Default: 1 GiB.
    pub kept_bytes: u64,
    /// Bytes that the database may have. Past it, writing fails with [`Error::Full`]. Default: no bound.
    pub max_bytes: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_bytes_per_run: 64 << 20,
            state_bytes_per_job: 16 << 20,
            kept_bytes_per_run: 64 << 20,
            kept_bytes: 1 << 30,
            max_bytes: None,
        }
    }
}

/// The record of runs in one folder. Cheap to clone; safe to use from several threads and processes at once.
#[derive(Debug, Clone)]
pub struct History {
    pub(crate) store: Arc<Store>,
}

impl History {
    /// Opens the history in `folder`, and makes it where there is none.
    ///
    /// A database that is damaged is moved aside, with a warning, and a new one begun: see
    /// [`moved_aside`](Self::moved_aside).
    ///
    /// # Errors
    /// [`Error::Newer`] and [`Error::Foreign`] for a database that is not this build's; [`Error::Io`],
    /// [`Error::ReadOnly`], [`Error::Full`] and [`Error::Busy`] where the folder does not allow it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::with_settings(folder, Settings::default())
    }

    /// As [`open`](Self::open), with other bounds.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_settings(folder: &Path, settings: Settings) -> Result<Self, Error> {
        let store = Arc::new(Store::open(folder, settings)?);
        Ok(Self { store })
    }

    /// The database.
    pub fn file(&self) -> &Path {
        &self.store.file
    }

    /// Where the damaged database is now that was found when this one was opened.
    pub fn moved_aside(&self) -> Option<&Path> {
        self.store.moved_aside.as_deref()
    }

    /// Where kept batches are.
    pub(crate) fn kept_folder(&self) -> PathBuf {
        self.store.folder.join("kept")
    }
}
