//! Writes rows to a staging file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use rusqlite::Connection;

use super::connection::{Opener, run};
use super::dialect::Sql;
use super::encode::{Encoder, Failed};
use super::plan::PlannedColumn;
use super::staging::{ROWS, Staging};
use crate::misfits::Misfits;
use crate::sql::Dialect;
use crate::{Error, Part, TableWriter};

/// One writer. Each batch is a transaction: other writers may write between two of them.
pub(super) struct SqliteWriter {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    written: Part,
}

struct Shared {
    opener: Opener,
    staging: Staging,
    columns: Arc<Vec<PlannedColumn>>,
    table: String,
    insert: String,
    misfits: Misfits,
}

impl SqliteWriter {
    pub fn new(
        opener: &Opener,
        staging: &Staging,
        columns: &Arc<Vec<PlannedColumn>>,
        table: String,
        misfits: Misfits,
    ) -> Self {
        let parameters = vec!["?"; columns.len()];
        let names = Sql.quote_all(columns.iter().map(|column| &column.name));
        let shared = Shared {
            opener: opener.clone(),
            staging: staging.clone(),
            columns: Arc::clone(columns),
            table,
            insert: format!("insert into {ROWS} ({names}) values ({})", parameters.join(", ")),
            misfits,
        };
        Self {
            shared: Arc::new(shared),
            connection: None,
            written: Part::default(),
        }
    }
}

#[async_trait]
impl TableWriter for SqliteWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let (shared, connection, batch) = (Arc::clone(&self.shared), self.connection.take(), batch.clone());
        let (connection, rows, bytes) = run(move || {
            let connection = match connection {
                Some(connection) => connection,
                None => shared.staging.open().map_err(|error| shared.refused(&error))?,
            };
            let (rows, bytes) = shared.insert(&connection, &batch)?;
            Ok((connection, rows, bytes))
        })
        .await?;
        self.connection = Some(connection);
        self.written.rows += rows;
        self.written.bytes += bytes;
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.written.bytes
    }

    async fn finish(self: Box<Self>) -> Result<Part, Error> {
        Ok(self.written)
    }
}

impl Shared {
    /// Answers with how many rows and bytes there were.
    fn insert(&self, connection: &Connection, batch: &RecordBatch) -> Result<(u64, u64), Error> {
        let refused = |error: rusqlite::Error| self.refused(&error);
        let mut encoders = Vec::with_capacity(self.columns.len());
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            encoders.push(Encoder::new(array, column.kind).map_err(|reason| self.misfit(column, &reason))?);
        }
        connection.execute_batch("begin immediate").map_err(refused)?;
        let mut statement = connection.prepare_cached(&self.insert).map_err(refused)?;
        let (mut rows, mut bytes, mut text) = (0, 0, String::new());
        'rows: for row in 0..batch.num_rows() {
            for (index, encoder) in encoders.iter().enumerate() {
                match encoder.bind(row, &mut statement, index + 1, &mut text) {
                    Ok(size) => bytes += size,
                    Err(Failed::Value(reason)) => {
                        let reason = self.misfit(&self.columns[index], &format!("a value {reason}"));
                        self.misfits.keep(batch, row, reason)?;
                        continue 'rows;
                    }
                    Err(Failed::Sqlite(error)) => return Err(self.refused(&error)),
                }
            }
            statement.raw_execute().map_err(refused)?;
            rows += 1;
        }
        drop(statement);
        connection.execute_batch("commit").map_err(refused)?;
        Ok((rows, bytes as u64))
    }

    fn refused(&self, error: &rusqlite::Error) -> Error {
        self.opener.refused(format!("rows for {}", self.table), error)
    }

    fn misfit(&self, column: &PlannedColumn, reason: &str) -> Error {
        Error::Value {
            relation: self.table.clone(),
            column: column.name.clone(),
            reason: reason.to_owned(),
        }
    }
}
