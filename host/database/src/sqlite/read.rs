//! Reads one part, in a thread of its own.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use rusqlite::{Connection, Row};
use tokio::sync::mpsc::Sender;

use super::columns;
use super::connection::{Interrupter, Opener};
use super::decode::Builder;
use super::snapshot::Snapshot;
use crate::{Error, Relation};

/// Bytes of values after which a batch ends, whatever the number of its rows.
const BATCH_BYTES: usize = 16 << 20;

/// What a part's thread works on.
pub(super) struct PartRead {
    pub opener: Opener,
    pub relation: Relation,
    pub schema: SchemaRef,
    pub statement: String,
    pub with_rowid: bool,
    pub batch_rows: usize,
    pub interrupter: Interrupter,
}

type Batch = Result<RecordBatch, Error>;

/// Sends the part's batches until there are no more, or nobody takes them.
pub(super) fn read(part: &PartRead, snapshot: &Snapshot, index: usize, batches: &Sender<Batch>) {
    let read = snapshot.take(&part.opener, index).and_then(|connection| {
        part.interrupter.watch(&connection);
        part.read_all(&connection, batches)
    });
    if let Err(error) = read
        && !part.interrupter.is_asked()
    {
        // Nobody is there to be told where this fails.
        batches.blocking_send(Err(error)).ok();
    }
}

impl PartRead {
    fn read_all(&self, connection: &Connection, batches: &Sender<Batch>) -> Result<(), Error> {
        let failed = |error: rusqlite::Error| columns::reading(&self.opener, &self.relation, &error);
        let mut statement = connection.prepare(&self.statement).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        if self.schema.fields().is_empty() {
            let row = rows.next().map_err(failed)?;
            let count = row.map_or(Ok(0), |row| row.get::<_, u64>(0)).map_err(failed)?;
            return self.send_counts(count, batches);
        }
        let mut builders = self.builders()?;
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = rows.next().map_err(failed)? {
            for (column, builder) in builders.iter_mut().enumerate() {
                let value = row.get_ref(column).map_err(failed)?;
                bytes += builder
                    .append(value)
                    .map_err(|reason| self.misfit(row, column, &reason))?;
            }
            count += 1;
            if count == self.batch_rows || bytes >= BATCH_BYTES {
                if !self.send(&mut builders, batches)? {
                    return Ok(());
                }
                (count, bytes) = (0, 0);
            }
        }
        if count > 0 {
            self.send(&mut builders, batches)?;
        }
        Ok(())
    }

    fn builders(&self) -> Result<Vec<Builder>, Error> {
        let fields = self.schema.fields().iter();
        let builders = fields.map(|field| {
            // Rows are not known to be so many: a table of few should not cost memory for the most.
            let rows = self.batch_rows.min(1024);
            Builder::new(field.data_type(), rows).ok_or_else(|| Error::Value {
                relation: self.relation.to_string(),
                column: field.name().clone(),
                reason: format!("SQLite's values are not read as {}", field.data_type()),
            })
        });
        builders.collect()
    }

    /// False where nobody takes batches any more.
    fn send(&self, builders: &mut [Builder], batches: &Sender<Batch>) -> Result<bool, Error> {
        let columns = builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| Error::Mismatch {
            table: self.relation.to_string(),
            reason: error.to_string(),
        })?;
        Ok(batches.blocking_send(Ok(batch)).is_ok())
    }

    fn send_counts(&self, mut count: u64, batches: &Sender<Batch>) -> Result<(), Error> {
        while count > 0 {
            let rows = count.min(self.batch_rows as u64);
            let options = RecordBatchOptions::new().with_row_count(Some(rows as usize));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), Vec::new(), &options);
            let batch = batch.map_err(|error| Error::Mismatch {
                table: self.relation.to_string(),
                reason: error.to_string(),
            })?;
            if batches.blocking_send(Ok(batch)).is_err() {
                break;
            }
            count -= rows;
        }
        Ok(())
    }

    fn misfit(&self, row: &Row<'_>, column: usize, reason: &str) -> Error {
        let column = self.schema.field(column).name();
        let number = self.with_rowid.then(|| row.get::<_, i64>(self.schema.fields().len()));
        let number = match number {
            Some(Ok(rowid)) => format!("the row with rowid {rowid}"),
            _ => "a row".to_owned(),
        };
        Error::Value {
            relation: self.relation.to_string(),
            column: column.clone(),
            reason: format!(
                "{number} {reason}; to read the column as text set `schema = {{ \"{column}\" = \"text\" }}`"
            ),
        }
    }
}
