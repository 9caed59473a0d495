//! Rows of a statement as batches.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use futures::Stream;
use futures::stream;
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, QueryResult, Row};

use crate::mysql::decode::Column;
use crate::mysql::failure::during;
use crate::mysql::kind::Kind;
use crate::mysql::session::{Session, kill};
use crate::{Error, Relation};

/// A batch ends early at so many bytes of values.
const BATCH_BYTES: usize = 16 << 20;

/// What is to be read by a statement.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) relation: Relation,
    pub(crate) schema: SchemaRef,
    pub(crate) statement: String,
    pub(crate) batch_rows: usize,
}

/// A statement that is running on a session of its own. If this is dropped before the last row, the statement is ended.
struct Running {
    session: Option<Session>,
    reading: Reading,
    columns: Vec<Column>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            kill(session);
        }
    }
}

/// Begins a statement and gives its rows as they are asked for.
pub(crate) async fn read(
    mut session: Session,
    reading: Reading,
) -> Result<impl Stream<Item = Result<RecordBatch, Error>> + Send + 'static, Error> {
    let doing = format!("to read {}", reading.relation);
    let columns = reading.schema.fields().iter().map(|field| {
        Column::new(field.data_type(), reading.batch_rows).ok_or_else(|| Error::Mismatch {
            table: reading.relation.to_string(),
            reason: format!("the column `{}` cannot be read as {}", field.name(), field.data_type()),
        })
    });
    let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
    // The binary protocol sends floating point numbers as they are, and numbers and dates in fewer bytes.
    let statement = session.connection.prep(reading.statement.as_str()).await;
    let statement = statement.map_err(|failure| during(&session.target, &doing, failure))?;
    check(&reading, &statement.columns())?;
    let mut running = Running {
        session: Some(session),
        reading,
        columns,
    };
    if let Some(session) = &mut running.session {
        let begun = session.connection.exec_iter(&statement, ()).await;
        if let Err(failure) = begun.map(drop) {
            let error = during(&session.target, &doing, failure);
            // It has failed, so there is nothing to end.
            running.session = None;
            return Err(error);
        }
    }
    Ok(stream::try_unfold(running, |mut running| async move {
        let batch = running.batch().await?;
        Ok(batch.map(|batch| (batch, running)))
    }))
}

/// Refuses columns that are no more what they were when they were described.
fn check(reading: &Reading, columns: &[mysql_async::Column]) -> Result<(), Error> {
    for (field, column) in reading.schema.fields().iter().zip(columns) {
        let now = Kind::of_column(column).arrow();
        if now != *field.data_type() {
            return Err(Error::Mismatch {
                table: reading.relation.to_string(),
                reason: format!(
                    "the column `{}` was read as {} and is {now} now; look at it again",
                    field.name(),
                    field.data_type()
                ),
            });
        }
    }
    Ok(())
}

impl Running {
    /// The next rows; none after the last.
    async fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let Some(session) = &mut self.session else {
            return Ok(None);
        };
        let (mut rows, mut bytes, mut ended) = (0, 0, false);
        let mut result: QueryResult<'_, '_, BinaryProtocol> = QueryResult::new(&mut session.connection);
        while rows < self.reading.batch_rows && bytes < BATCH_BYTES {
            let row = match result.next().await {
                Ok(Some(row)) => row,
                Ok(None) => {
                    ended = true;
                    break;
                }
                Err(failure) => {
                    let error = during(&session.target, &format!("to read {}", self.reading.relation), failure);
                    self.session = None;
                    return Err(error);
                }
            };
            bytes += append(&mut self.columns, &row, &self.reading)?;
            rows += 1;
        }
        if ended {
            self.session = None;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.reading.schema), columns, &options);
        batch.map(Some).map_err(|error| Error::Mismatch {
            table: self.reading.relation.to_string(),
            reason: error.to_string(),
        })
    }
}

fn append(columns: &mut [Column], row: &Row, reading: &Reading) -> Result<usize, Error> {
    let mut bytes = 0;
    for (index, column) in columns.iter_mut().enumerate() {
        let value = row.as_ref(index).unwrap_or(&mysql_async::Value::NULL);
        bytes += column.append(value).map_err(|reason| Error::Value {
            relation: reading.relation.to_string(),
            column: reading.schema.field(index).name().clone(),
            reason,
        })?;
    }
    Ok(bytes)
}
