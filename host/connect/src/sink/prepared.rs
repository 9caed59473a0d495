//! What is durable of a sink and not visible yet, and what is visible of it.

use serde::{Deserialize, Serialize};

use super::SinkConfig;
use crate::file;

/// A write of which everything is durable and nothing is visible. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prepared {
    /// Files.
    File(file::Prepared),
    /// Rows of a table.
    Database(tenon_database::Prepared),
}

/// What a commit has made visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The files: paths on the local file system, URLs elsewhere.
    pub files: Vec<String>,
    /// The table.
    pub table: Option<String>,
    /// Rows that were written.
    pub rows: u64,
    /// Their bytes: as encoded in files, as sent to a database.
    pub bytes: u64,
}

impl Prepared {
    /// The same with how its sink is configured, for whoever finishes it and may not know. `name_of` says what a value is
    /// called, if it is a secret, since only its name is kept; options that must not be seen and have no name are left
    /// out. Of databases nothing is kept: they are reached by their connections.
    #[must_use]
    pub fn keeping(self, config: &SinkConfig, name_of: impl Fn(&str) -> Option<String>) -> Self {
        match (self, config) {
            (Self::File(prepared), SinkConfig::File(config)) => Self::File(prepared.keeping(config, name_of)),
            (prepared, _) => prepared,
        }
    }

    /// How its sink was configured, if that was [kept](Self::keeping), with secrets that are `value_of` their names.
    ///
    /// # Errors
    /// With the name of a secret that has no value.
    pub fn kept(&self, value_of: impl Fn(&str) -> Option<String>) -> Result<Option<SinkConfig>, String> {
        match self {
            Self::File(prepared) => Ok(prepared.kept(value_of)?.map(SinkConfig::from)),
            Self::Database(_) => Ok(None),
        }
    }

    /// The try of a run that wrote it.
    pub fn run(&self) -> &str {
        match self {
            Self::File(prepared) => prepared.run(),
            Self::Database(prepared) => &prepared.run,
        }
    }

    /// Where its rows wait until they are visible: hidden files below a URL, or a table beside the target.
    pub fn place(&self) -> String {
        match self {
            Self::File(prepared) => prepared.target().to_owned(),
            Self::Database(prepared) => format!("the table {}", prepared.staging),
        }
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        match self {
            Self::File(prepared) => prepared.rows(),
            Self::Database(prepared) => prepared.rows,
        }
    }

    /// Bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(prepared) => prepared.bytes(),
            Self::Database(prepared) => prepared.bytes,
        }
    }

    /// How many files there will be.
    pub fn files(&self) -> usize {
        match self {
            Self::File(prepared) => prepared.files(),
            Self::Database(_) => 0,
        }
    }
}

impl Committed {
    pub(super) fn of_files(committed: file::Committed) -> Self {
        Self {
            files: committed.files,
            table: None,
            rows: committed.rows,
            bytes: committed.bytes,
        }
    }

    pub(super) fn of_table(committed: tenon_database::Committed) -> Self {
        Self {
            files: Vec::new(),
            table: Some(committed.table),
            rows: committed.rows,
            bytes: committed.bytes,
        }
    }
}
