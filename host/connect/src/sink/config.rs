//! What a job says of a sink, and what can be done with no more than that.

use arrow::datatypes::SchemaRef;
use tenon_database::TableName;

use super::{Committed, Prepared, Sink};
use crate::{Error, database, file};

/// What a job says about where rows go.
#[derive(Debug, Clone, PartialEq)]
pub enum SinkConfig {
    /// A file or a folder.
    File(Box<file::WriteConfig>),
    /// A table.
    Database(Box<database::SinkConfig>),
}

/// What became of the attempt to begin.
#[derive(Debug)]
pub enum Begun {
    /// Write, then prepare and commit.
    Ready(Sink),
    /// The target holds data and the mode is to leave it.
    Ignored,
}

impl From<file::WriteConfig> for SinkConfig {
    fn from(config: file::WriteConfig) -> Self {
        Self::File(Box::new(config))
    }
}

impl From<database::SinkConfig> for SinkConfig {
    fn from(config: database::SinkConfig) -> Self {
        Self::Database(Box::new(config))
    }
}

impl SinkConfig {
    /// What it is called in messages: a URL, or a table with its database. Holds no secrets.
    pub fn place(&self) -> String {
        match self {
            Self::File(config) => config.url.clone(),
            Self::Database(config) => config.place(),
        }
    }

    /// The path or URL of its files, if it has any.
    pub fn file_url(&self) -> Option<&str> {
        match self {
            Self::File(config) => Some(&config.url),
            Self::Database(_) => None,
        }
    }

    /// The configuration of its files, if it has any.
    pub fn file_mut(&mut self) -> Option<&mut file::WriteConfig> {
        match self {
            Self::File(config) => Some(config),
            Self::Database(_) => None,
        }
    }

    /// Whether it is written to only where nothing is: what this has written is all that is there.
    pub fn needs_empty(&self) -> bool {
        use tenon_database::Mode;
        match self {
            Self::File(config) => matches!(config.mode, file::Mode::Error | file::Mode::Ignore),
            Self::Database(config) => matches!(config.write.mode, Mode::Error | Mode::Ignore),
        }
    }

    /// Whether rows are added to what is there.
    pub fn appends(&self) -> bool {
        match self {
            Self::File(config) => config.mode == file::Mode::Append,
            Self::Database(config) => config.write.mode == tenon_database::Mode::Append,
        }
    }

    /// Whether another writes to the same place, and reaches it in the same way.
    pub fn is_same_target(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one.url == other.url && one.store == other.store,
            (Self::Database(one), Self::Database(other)) => {
                let is_same_database = one.driver == other.driver && one.connection == other.connection;
                is_same_database && one.write.table == other.write.table
            }
            _ => false,
        }
    }

    /// Replaces what is there, instead of refusing to write or leaving it.
    pub fn overwrite(&mut self) {
        if !self.needs_empty() {
            return;
        }
        match self {
            Self::File(config) => config.mode = file::Mode::Overwrite,
            Self::Database(config) => config.write.mode = tenon_database::Mode::Overwrite,
        }
    }

    /// Whether rows that the target refuses may be rejected one by one.
    pub fn rejects(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Database(config) => config.write.on_error == tenon_database::OnError::Reject,
        }
    }

    /// Checks the target, the mode and the columns, and begins to write for a try of a run, which no other one is called
    /// like, to the sink of this name.
    ///
    /// # Errors
    /// When the mode forbids writing there, when the target can't hold a column, and when it refuses.
    pub async fn begin(&self, schema: SchemaRef, run: &str, sink: &str) -> Result<Begun, Error> {
        Ok(match self {
            Self::File(config) => match file::Sink::begin(config, schema, run).await? {
                file::Begun::Ready(sink) => Begun::Ready(Sink::File(sink)),
                file::Begun::Ignored => Begun::Ignored,
            },
            Self::Database(config) => match database::begin(config, schema, run, sink).await? {
                Some(sink) => Begun::Ready(Sink::Database(sink)),
                None => Begun::Ignored,
            },
        })
    }

    /// Makes visible what an earlier process has prepared. Doing so again changes nothing.
    ///
    /// # Errors
    /// When nothing is left of it, and when the target refuses.
    pub async fn commit(&self, prepared: &Prepared) -> Result<Committed, Error> {
        match (self, prepared) {
            (Self::File(config), Prepared::File(prepared)) => {
                file::commit(config, prepared).await.map(Committed::of_files)
            }
            (Self::Database(config), Prepared::Database(prepared)) => {
                let committed = config.database()?.commit(prepared).await;
                committed.map(Committed::of_table).map_err(Error::from)
            }
            _ => Err(self.other(prepared)),
        }
    }

    /// Whether this writes where that was prepared for, as far as the two of them say: of a table, the name.
    pub fn may_have_prepared(&self, prepared: &Prepared) -> bool {
        match (self, prepared) {
            (Self::File(config), Prepared::File(prepared)) => file::is_target_of(config, prepared),
            (Self::Database(config), Prepared::Database(prepared)) => {
                let other = &prepared.table;
                let is_same =
                    |own: TableName| own.table == other.table && (own.schema.is_none() || own.schema == other.schema);
                config.table().is_ok_and(is_same)
            }
            _ => false,
        }
    }

    /// Gives up what was prepared.
    ///
    /// # Errors
    /// When it is visible already, and when the target refuses.
    pub async fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        match (self, prepared) {
            (Self::File(config), Prepared::File(prepared)) => file::abort(config, prepared).await,
            (Self::Database(config), Prepared::Database(prepared)) => {
                config.database()?.abort(prepared).await.map_err(Error::from)
            }
            _ => Err(self.other(prepared)),
        }
    }

    /// Finishes a commit to a local folder that the run `dead` was killed in the middle of, if this writes there, as it
    /// would when it [begins](Self::begin) for a try of a run. Whether it did.
    ///
    /// # Errors
    /// When the target refuses.
    pub async fn finish(&self, dead: &str, run: &str) -> Result<bool, Error> {
        match self {
            Self::File(config) => file::finish(config, dead, run).await,
            Self::Database(_) => Ok(false),
        }
    }

    /// Removes what a run that is over has left among a target's files and will never commit. Of tables it is swept with
    /// the next run.
    ///
    /// # Errors
    /// When the target refuses.
    pub async fn forget(&self, run: &str) -> Result<(), Error> {
        match self {
            Self::File(config) => file::forget(config, run).await,
            Self::Database(_) => Ok(()),
        }
    }

    pub(super) fn other(&self, prepared: &Prepared) -> Error {
        Error::Gone {
            target: self.place(),
            run: prepared.run().to_owned(),
        }
    }
}
