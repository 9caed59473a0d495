//! How far a database has been read.

use serde::{Deserialize, Serialize};

use crate::Value;

/// How far a source has been read: saved with what a run commits, and handed to the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bookmark {
    /// By columns that grow.
    Keys(KeysBookmark),
    /// By the database's own log of changes.
    Changes(ChangesBookmark),
}

/// The last row that was read, by its keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeysBookmark {
    /// The columns. A bookmark of other columns than a source's is refused.
    pub keys: Vec<String>,
    /// Their values in the last row.
    pub last: Vec<Value>,
}

/// A place in a database's log of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesBookmark {
    /// What keeps the log for this source: in Postgres, a replication slot.
    pub slot: String,
    /// The database's own name of the place: in Postgres, a log sequence number (`16/B374D848`).
    pub position: String,
    /// What the initial copy has seen of transactions that the log has as well: in Postgres, a snapshot (`10:20:12,15`).
    /// Transactions that are visible in it are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}
