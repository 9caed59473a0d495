//! Writing a table: several writers, one commit.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Error, TableName, WriteConfig};

/// What is to be written.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// The table.
    pub table: TableName,
    /// How.
    pub config: WriteConfig,
    /// Columns of the rows that will come.
    pub schema: SchemaRef,
    /// The run, a name of letters, digits, `-` and `_` that no other run has.
    pub run: String,
    /// The sink's name in the job. A run commits once to each of its sinks.
    pub sink: String,
}

/// What became of the attempt to begin.
#[derive(Debug)]
pub enum Begun {
    /// Write, then commit.
    Ready(Box<dyn Load>),
    /// The table is there and the mode is [`Mode::Ignore`](crate::Mode::Ignore): there is nothing to do.
    Ignored,
}

/// A table that is being written. Rows go to a staging table that nobody looks at; a commit moves all of them in one
/// transaction, together with a token that says that this run has committed to this sink. Dropped without a commit, it
/// leaves nothing but a staging table that the next run sweeps.
#[async_trait]
pub trait Load: fmt::Debug + Send + Sync {
    /// Writers at most that may work at the same time.
    fn writers(&self) -> usize;

    /// A writer. Connects with its first batch.
    fn writer(&self, partition: usize) -> Box<dyn TableWriter>;

    /// Makes what was written durable, moves it to the table in a transaction that is still open, and answers with what
    /// [`Database::commit`](crate::Database::commit) needs to do the same again after a crash. Whatever a constraint of the
    /// table refuses is known now: with [`OnError::Reject`](crate::OnError::Reject) such rows are left out and handed to
    /// `rejected`, otherwise they are an [`Error::Constraint`].
    ///
    /// Databases that cannot change tables in a transaction do as much of that as they can.
    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error>;

    /// Ends the transaction that [`prepare`](Self::prepare) has left open.
    async fn commit(self: Box<Self>) -> Result<Committed, Error>;

    /// Removes what was written.
    async fn abandon(self: Box<Self>);
}

/// Writes some of a table's rows.
#[async_trait]
pub trait TableWriter: Send {
    /// Writes rows. Their columns are those of the request.
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error>;

    /// Bytes sent so far.
    fn bytes(&self) -> u64;

    /// Waits until the server has all rows.
    async fn finish(self: Box<Self>) -> Result<Part, Error>;
}

/// Takes rows that a constraint of the table refuses.
#[async_trait]
pub trait RejectedRows: Send + Sync {
    /// Takes rows, as they were to be written, each with the database's message.
    ///
    /// # Errors
    /// Ends the commit with this error.
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error>;
}

/// What one writer has written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Rows.
    pub rows: u64,
    /// Bytes sent.
    pub bytes: u64,
}

/// A write of which everything is durable and nothing is visible. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The run that wrote it.
    pub run: String,
    /// The sink.
    pub sink: String,
    /// The table, with its schema.
    pub table: TableName,
    /// The staging table.
    pub staging: TableName,
    /// Columns of the staging table that go to the table, in order.
    pub columns: Vec<String>,
    /// The columns by which rows are told apart; none where that is not needed.
    pub keys: Vec<String>,
    /// The column of the staging table that marks rows to delete.
    pub delete_when: Option<String>,
    /// How rows become part of the table.
    pub replaced: Replaced,
    /// Statements that fit the table to the rows first, in order: added and widened columns.
    pub alterations: Vec<String>,
    /// Rows, without those that were rejected.
    pub rows: u64,
    /// Bytes sent.
    pub bytes: u64,
}

/// How the rows of a staging table become those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replaced {
    /// The staging table becomes the table, which was not there. If one is there by then, nothing is done.
    Nothing,
    /// The staging table takes the place of the table, if there is one.
    Table,
    /// The table's rows go and those of the staging table come: where the table's grants, indexes or dependent views have
    /// to stay.
    Rows,
    /// Rows are added.
    Added,
    /// Rows with the same keys are replaced, and those marked as deleted go.
    Merged,
}

/// What a commit has made visible.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The table.
    pub table: String,
    /// Rows that were written.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}
