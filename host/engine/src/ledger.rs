//! Remembers what a run is about to commit, so that a commit that was cut short can be finished.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tenon_connect::{Bookmark, Prepared};

/// What a run commits: all of it, or nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Commitment {
    /// Id of the run.
    pub run: String,
    /// Name of the job.
    pub job: String,
    /// What its guests keep for the next run, by key: all of it, not what has changed.
    #[serde(default)]
    pub state: BTreeMap<String, Vec<u8>>,
    /// How far its incremental sources have been read, by source.
    pub bookmarks: BTreeMap<String, Bookmark>,
    /// What is durable and not visible yet, by sink.
    pub sinks: BTreeMap<String, Prepared>,
}

/// Keeps commitments, bookmarks and what guests keep between runs.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Keeps a commitment durably. From here on the run is committed, whatever happens: whoever finds it later finishes it
    /// with [`Engine::finish`](crate::Engine::finish).
    ///
    /// # Errors
    /// Then nothing is committed.
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Everything is visible: makes the bookmarks and the state current.
    ///
    /// # Errors
    /// Then the commitment stays, and is finished later.
    async fn committed(&self, run: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}
