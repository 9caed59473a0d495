//! Sinks of any connector.

mod config;
mod prepared;

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;

use crate::{Error, database, file};

pub use config::{Begun, SinkConfig};
pub use prepared::{Committed, Prepared};

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

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Writer")
    }
}
