//! Rows that a source can't read, on their way to the sink of its rejected rows.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use parking_lot::Mutex;
use tenon_connect::file;
use tenon_runtime::Rejection;

use crate::error::Error;
use crate::progress::Progress;
use crate::rejects::RejectedRows;

/// Lines that the log names where nothing keeps the rows.
const LOGGED_ROWS: u64 = 5;
/// Bytes of rows that are handed on together.
const BATCH_BYTES: usize = 4 << 20;

/// Takes the rows that one source can't read.
pub(crate) struct Unreadable {
    source: String,
    progress: Progress,
    count: AtomicU64,
    /// Rows that the parsers have left here and nobody has handed on yet.
    waiting: Mutex<Vec<Row>>,
    /// Where they go, from the time that the sinks are ready until the source was read.
    rows: Mutex<Option<RejectedRows>>,
}

struct Row {
    file: Arc<str>,
    line: u64,
    reason: String,
    raw: String,
}

impl Unreadable {
    pub fn new(source: &str, progress: &Progress) -> Self {
        Self {
            source: source.to_owned(),
            progress: progress.clone(),
            count: AtomicU64::new(0),
            waiting: Mutex::default(),
            rows: Mutex::default(),
        }
    }

    /// The columns by which such a row is known: its file, and the row as it stands there.
    pub fn columns() -> SchemaRef {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        Arc::new(Schema::new(vec![text("file"), text("raw")]))
    }

    /// Rows so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Says where the rows go.
    pub fn begin(&self, rows: RejectedRows) {
        *self.rows.lock() = Some(rows);
    }

    /// The source was read: lets go of the place where the rows went.
    pub fn end(&self) {
        *self.rows.lock() = None;
    }

    async fn hand_on(&self, rows: &[Row]) -> Result<(), Error> {
        let files = StringArray::from_iter_values(rows.iter().map(|row| &*row.file));
        let raw = StringArray::from_iter_values(rows.iter().map(|row| row.raw.as_str()));
        let columns: Vec<ArrayRef> = vec![Arc::new(files), Arc::new(raw)];
        let batch = RecordBatch::try_new(Self::columns(), columns);
        let batch = batch.map_err(|error| Error::Plan(Box::new(error.into())))?;
        let rejected = (0..).zip(rows).map(|(row, unreadable)| Rejection {
            row,
            reason: unreadable.reason.clone(),
        });
        let rejected: Vec<Rejection> = rejected.collect();
        let Some(taker) = self.rows.lock().clone() else {
            return Ok(());
        };
        let line = |row| rows.get(row as usize).map_or(0, |row| row.line);
        taker.take(&self.source, line, &batch, &rejected, &self.progress).await
    }
}

#[async_trait]
impl file::RejectedRows for Unreadable {
    fn reject(&self, file: &str, line: u64, reason: String, raw: &[u8]) {
        if self.count.fetch_add(1, Ordering::Relaxed) < LOGGED_ROWS {
            // The reason may quote a value, and logs hold none.
            tracing::warn!(source = self.source, file, line, "left out a row that cannot be read");
        }
        let mut waiting = self.waiting.lock();
        let known = waiting.last().map(|row| &row.file).filter(|known| &***known == file);
        let file = known.map_or_else(|| Arc::from(file), Arc::clone);
        let raw = String::from_utf8_lossy(raw).into_owned();
        waiting.push(Row {
            file,
            line,
            reason,
            raw,
        });
    }

    async fn settle(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let rows = std::mem::take(&mut *self.waiting.lock());
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |row: &&Row| {
                bytes += row.raw.len() + row.reason.len();
                bytes <= BATCH_BYTES
            };
            let batch = rest.iter().take_while(fits).count().max(1);
            let (now, later) = rest.split_at(batch);
            self.hand_on(now).await?;
            rest = later;
        }
        Ok(())
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Unreadable")
            .field("source", &self.source)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
