//! The rows that are there when a table's changes are first read.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;

use super::super::copy::Decoder;
use super::super::dialect::quoted;
use super::super::part::Copy;
use super::super::{Connection, Postgres};
use super::columns::Columns;
use crate::{Batches, Error, Scan};

/// How a transaction that only looks begins.
pub(super) const BEGIN: &str = "begin isolation level repeatable read read only";

/// All rows as inserted, in parts that see the same snapshot.
pub(super) struct InitialScan(Arc<Initial>);

pub(super) struct Initial {
    pub database: Postgres,
    pub relation: String,
    pub columns: Arc<Columns>,
    pub statements: Vec<String>,
    pub batch_rows: usize,
    /// The snapshot's name, for other transactions to take it.
    pub snapshot: String,
    /// The transaction that made the snapshot, which can be taken for as long as this is open: until the last part has.
    /// Locked for moments.
    pub maker: Mutex<Maker>,
}

/// Who made the snapshot.
pub(super) struct Maker {
    pub connection: Option<Connection>,
    /// Parts that have not taken it yet.
    pub waiting: usize,
}

impl InitialScan {
    pub fn new(initial: Initial) -> Self {
        Self(Arc::new(initial))
    }
}

impl fmt::Debug for InitialScan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InitialScan")
            .field("statements", &self.0.statements)
            .finish_non_exhaustive()
    }
}

impl Scan for InitialScan {
    fn parts(&self) -> usize {
        self.0.statements.len()
    }

    fn read(&self, part: usize) -> Batches {
        let initial = Arc::clone(&self.0);
        let first = async move {
            let reading = initial.begin(part).await?;
            Ok(stream::try_unfold(reading, next))
        };
        stream::once(first).try_flatten().boxed()
    }

    fn statement(&self, part: usize) -> String {
        self.0.statements.get(part).cloned().unwrap_or_default()
    }
}

impl Initial {
    async fn begin(&self, part: usize) -> Result<(Connection, Copy), Error> {
        let connection = self.database.connect().await?;
        let snapshot = quoted(&self.snapshot).unwrap_or_default();
        let statements = format!("{BEGIN}; set transaction snapshot {snapshot}");
        connection
            .run("taking the snapshot that all parts read", &statements)
            .await?;
        let maker = {
            let mut maker = self.maker.lock();
            maker.waiting = maker.waiting.saturating_sub(1);
            if maker.waiting == 0 {
                maker.connection.take()
            } else {
                None
            }
        };
        drop(maker);
        let decoder = Decoder::new(
            self.relation.clone(),
            Arc::clone(&self.columns.schema),
            self.columns.wires.clone(),
            self.batch_rows,
        );
        let statement = self.statements.get(part).cloned().unwrap_or_default();
        let copy = Copy::begin(&connection, format!("reading {}", self.relation), &statement, decoder).await?;
        Ok((connection, copy))
    }
}

async fn next((connection, mut copy): (Connection, Copy)) -> Result<Option<(RecordBatch, (Connection, Copy))>, Error> {
    let batch = copy.next(&connection).await?;
    Ok(batch.map(|batch| (batch, (connection, copy))))
}
