//! Writes a table.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use parking_lot::Mutex;
use tenon_database::{Begun, Committed, Driver, Load, LoadRequest, Part, Prepared, RejectedRows, TableWriter};

use super::config::SinkConfig;
use crate::{Error, SinkRejects};

/// A table that is being written. Nothing is visible before the commit.
#[derive(Debug)]
pub struct Sink {
    load: Box<dyn Load>,
    most_writers: usize,
    truncates: Option<Truncates>,
}

/// Writes some of a table's rows.
pub struct Writer {
    writer: Box<dyn TableWriter>,
    truncates: Option<Truncates>,
}

/// Looks for changes that empty the source's table, where the target's database can't follow them.
#[derive(Debug, Clone)]
struct Truncates {
    table: String,
    column: String,
}

/// Begins to write; none where the table is there and the mode is to leave it.
///
/// # Errors
/// When the database can't be reached or refuses, when the mode forbids writing there, and when the columns don't fit.
pub async fn begin(config: &SinkConfig, schema: SchemaRef, run: &str, sink: &str) -> Result<Option<Sink>, Error> {
    let request = LoadRequest {
        table: config.table()?,
        config: config.write.clone(),
        schema,
        run: run.to_owned(),
        sink: sink.to_owned(),
    };
    Ok(match config.database()?.begin(request).await? {
        Begun::Ready(load) => {
            let wanted = config
                .write
                .writers
                .map_or(usize::MAX, |writers| writers.max(1) as usize);
            Some(Sink {
                most_writers: load.writers().min(wanted),
                load,
                truncates: Truncates::of(config),
            })
        }
        Begun::Ignored => None,
    })
}

impl Sink {
    /// Writers at most that may work at the same time.
    pub fn most_writers(&self) -> usize {
        self.most_writers
    }

    /// A writer for a partition.
    pub fn writer(&self, partition: usize) -> Writer {
        Writer {
            writer: self.load.writer(partition),
            truncates: self.truncates.clone(),
        }
    }

    /// Makes everything durable and nothing visible.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn prepare(&mut self, parts: Vec<Part>, rejected: &Arc<dyn SinkRejects>) -> Result<Prepared, Error> {
        let handed = Handed {
            to: rejected,
            failed: Mutex::default(),
        };
        let prepared = self.load.prepare(parts, &handed).await;
        // Why the rejects could not be kept says more than that they could not.
        match handed.failed.into_inner() {
            Some(failed) => Err(Error::Rejected { source: failed }),
            None => prepared.map_err(Error::from),
        }
    }

    /// Makes visible what was prepared.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn commit(self) -> Result<Committed, Error> {
        self.load.commit().await.map_err(Error::from)
    }

    /// Removes what was written.
    pub async fn abandon(self) {
        self.load.abandon().await;
    }
}

impl Writer {
    /// Writes rows.
    ///
    /// # Errors
    /// When a value does not fit, and when the database refuses.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if let Some(truncates) = &self.truncates {
            truncates.refuse(batch)?;
        }
        self.writer.write(batch).await.map_err(Error::from)
    }

    /// Bytes sent so far.
    pub fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// Waits until the database has all rows.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn finish(self) -> Result<Part, Error> {
        self.writer.finish().await.map_err(Error::from)
    }
}

impl Truncates {
    fn of(config: &SinkConfig) -> Option<Self> {
        let column = config
            .write
            .delete_when
            .as_ref()
            .filter(|column| !can_follow(config.driver, column))?;
        Some(Self {
            table: config.write.table.clone(),
            column: column.clone(),
        })
    }

    fn refuse(&self, batch: &RecordBatch) -> Result<(), Error> {
        let Some(column) = batch.column_by_name(&self.column) else {
            return Ok(());
        };
        // A boolean marks deleted rows and nothing else.
        let texts = cast(column, &DataType::Utf8).ok();
        let texts = texts.filter(|_| column.data_type() != &DataType::Boolean);
        let truncated = texts.is_some_and(|texts| texts.as_string::<i32>().iter().any(|text| text == Some("truncate")));
        if !truncated {
            return Ok(());
        }
        Err(Error::from(tenon_database::Error::Mismatch {
            table: self.table.clone(),
            reason:
                "the source's table was emptied by a truncate, which this database can't follow in a merge; empty this \
                     table by hand, reset the source's bookmark, and run again"
                    .to_owned(),
        }))
    }
}

/// Whether a database empties its table where a change says so, which is in the column that changes have for it.
fn can_follow(driver: Driver, column: &str) -> bool {
    driver != Driver::Redshift && column == "_op"
}

/// Rejected rows on their way, and what became of the first that could not be kept.
struct Handed<'a> {
    to: &'a Arc<dyn SinkRejects>,
    failed: Mutex<Option<Box<dyn std::error::Error + Send + Sync>>>,
}

#[async_trait]
impl RejectedRows for Handed<'_> {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), tenon_database::Error> {
        match self.to.reject(rows, reasons).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let message = error.to_string();
                *self.failed.lock() = Some(error);
                Err(tenon_database::Error::Config {
                    subject: "`on_error`".to_owned(),
                    reason: message,
                })
            }
        }
    }
}
