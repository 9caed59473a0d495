//! Sinks of any connector.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

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

/// A target that is being written. Nothing is visible before the commit.
#[derive(Debug)]
pub enum Sink {
    /// A file or a folder.
    File(file::Sink),
    /// A table.
    Database(database::Sink),
}

/// Writes the rows of one partition.
pub enum Writer {
    /// To files.
    File(Box<file::PartitionWriter>),
    /// To a table.
    Database(database::Writer),
}

/// What one partition has written.
#[derive(Debug)]
pub enum Part {
    /// Files.
    File(file::Part),
    /// Rows of a table.
    Database(tenon_database::Part),
}

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

/// Takes rows that a target refuses.
#[async_trait]
pub trait SinkRejects: Send + Sync {
    /// Takes rows as they were to be written, each with the target's own reason.
    ///
    /// # Errors
    /// Ends the run.
    async fn reject(
        &self,
        rows: &RecordBatch,
        reasons: &[String],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
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

    fn other(&self, prepared: &Prepared) -> Error {
        Error::Gone {
            target: self.place(),
            run: prepared.run().to_owned(),
        }
    }
}

impl Sink {
    /// Writers at most that may work at the same time; any number where there is none.
    pub fn most_writers(&self) -> Option<usize> {
        match self {
            Self::File(sink) => sink.is_single_file().then_some(1),
            Self::Database(sink) => Some(sink.most_writers()),
        }
    }

    /// The target's URL as an absolute one, if it is one of files; and whether it is one file.
    pub fn file_url(&self) -> Option<(String, bool)> {
        match self {
            Self::File(sink) => Some((sink.url(), sink.is_single_file())),
            Self::Database(_) => None,
        }
    }

    /// Full names of the files that it replaces.
    pub fn replaced_files(&self) -> &[String] {
        match self {
            Self::File(sink) => sink.replaced(),
            Self::Database(_) => &[],
        }
    }

    /// A writer for a partition.
    pub fn writer(&self, partition: usize) -> Writer {
        match self {
            Self::File(sink) => Writer::File(Box::new(sink.writer(partition, 1))),
            Self::Database(sink) => Writer::Database(sink.writer(partition)),
        }
    }

    /// Makes everything durable and nothing visible. A table may refuse rows now, which `rejected` is given where the
    /// configuration says so.
    ///
    /// # Errors
    /// When the target refuses.
    pub async fn prepare(&mut self, parts: Vec<Part>, rejected: &Arc<dyn SinkRejects>) -> Result<Prepared, Error> {
        match self {
            Self::File(sink) => {
                let parts = parts.into_iter().filter_map(|part| match part {
                    Part::File(part) => Some(part),
                    Part::Database(_) => None,
                });
                sink.prepare(parts.collect()).await.map(Prepared::File)
            }
            Self::Database(sink) => {
                let parts = parts.into_iter().filter_map(|part| match part {
                    Part::Database(part) => Some(part),
                    Part::File(_) => None,
                });
                sink.prepare(parts.collect(), rejected).await.map(Prepared::Database)
            }
        }
    }

    /// Makes visible what this sink has prepared.
    ///
    /// # Errors
    /// When the target refuses. Then [`SinkConfig::commit`] may still succeed.
    pub async fn commit(self, config: &SinkConfig, prepared: &Prepared) -> Result<Committed, Error> {
        match self {
            Self::File(sink) => match prepared {
                Prepared::File(prepared) => sink.publish(prepared).await.map(Committed::of_files),
                Prepared::Database(_) => Err(config.other(prepared)),
            },
            Self::Database(sink) => sink.commit().await.map(Committed::of_table),
        }
    }

    /// Gives up what this sink has prepared.
    pub async fn give_up(self, config: &SinkConfig, prepared: &Prepared) {
        match self {
            Self::File(sink) => {
                config.abort(prepared).await.ok();
                // Last: it takes the folder away that it made.
                sink.abandon().await;
            }
            Self::Database(sink) => {
                // First: its open transaction keeps others from the table.
                sink.abandon().await;
                config.abort(prepared).await.ok();
            }
        }
    }

    /// Ends the writing and removes what was not prepared.
    pub async fn abandon(self) {
        match self {
            Self::File(sink) => sink.abandon().await,
            Self::Database(sink) => sink.abandon().await,
        }
    }
}

impl Writer {
    /// Writes rows.
    ///
    /// # Errors
    /// When a value does not fit, and when the target refuses.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match self {
            Self::File(writer) => writer.write(batch).await,
            Self::Database(writer) => writer.write(batch).await,
        }
    }

    /// Bytes so far: some of them estimated where they are not encoded yet.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(writer) => writer.bytes(),
            Self::Database(writer) => writer.bytes(),
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// When the target refuses.
    pub async fn finish(self) -> Result<Part, Error> {
        match self {
            Self::File(writer) => writer.finish().await.map(Part::File),
            Self::Database(writer) => writer.finish().await.map(Part::Database),
        }
    }
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
    fn of_files(committed: file::Committed) -> Self {
        Self {
            files: committed.files,
            table: None,
            rows: committed.rows,
            bytes: committed.bytes,
        }
    }

    fn of_table(committed: tenon_database::Committed) -> Self {
        Self {
            files: Vec::new(),
            table: Some(committed.table),
            rows: committed.rows,
            bytes: committed.bytes,
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Writer")
    }
}
