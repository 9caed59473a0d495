//! All that a driver has to do.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::{ConnectOptions, DescribedColumn, Discover, Driver, Error, Found, TableName};

use super::{Cancel, Dbms, Fault};

/// Makes connections.
pub(crate) trait Connector: fmt::Debug + Send + Sync + 'static {
    /// A connection.
    type Session: Session;

    /// The connector's kind.
    fn driver(&self) -> Driver;

    /// What the database is called, without secrets.
    fn name(&self) -> &str;

    /// How to connect.
    fn options(&self) -> &ConnectOptions;

    /// Connects. Blocks.
    fn connect(&self, cancel: Cancel) -> Result<Self::Session, Error>;
}

/// A connection. Every call blocks, and all come from one thread.
pub(crate) trait Session: 'static {
    /// What is at the other end.
    fn dbms(&self) -> Dbms;

    /// The name and version of the database, for people.
    fn version(&mut self) -> Result<String, Fault>;

    /// Runs a statement that has no rows.
    fn execute(&mut self, sql: &str) -> Result<(), Fault>;

    /// Runs a query, and hands on its rows as they come, until `rows` answers that it wants no more.
    fn query(
        &mut self,
        sql: &str,
        batch_rows: usize,
        rows: &mut dyn FnMut(RecordBatch) -> Result<bool, Fault>,
    ) -> Result<(), Fault>;

    /// The columns of a query's rows, in the types in which [`query`](Self::query) has them or in ones that Arrow converts
    /// those to.
    fn columns(&mut self, sql: &str) -> Result<Columns, Fault>;

    /// What is known of a table beside its columns. Knowing nothing is no fault.
    fn facts(&mut self, table: &TableName) -> Result<Facts, Fault>;

    /// Tables and views that fit.
    fn tables(&mut self, what: &Discover) -> Result<Vec<Found>, Fault>;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Ends a transaction.
    fn commit(&mut self) -> Result<(), Fault>;

    /// Ends a transaction as if it had not been.
    fn rollback(&mut self) -> Result<(), Fault>;

    /// Adds rows to a table, which has these columns and others not. In a transaction.
    fn load(&mut self, table: &TableName, schema: &SchemaRef, batches: Incoming) -> Result<(), Fault>;
}

/// Rows that come while they are written.
pub(crate) type Incoming = Box<dyn Iterator<Item = Result<RecordBatch, Fault>> + Send>;

/// Columns of a query's rows.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// As fields.
    pub(crate) schema: SchemaRef,
    /// As they are described.
    pub(crate) columns: Vec<DescribedColumn>,
}

/// What is known of a table beside its columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The columns of its primary key, in the key's order.
    pub(crate) primary_key: Vec<String>,
    /// Columns that are never null.
    pub(crate) not_null: Vec<String>,
    /// Columns with their types as the database writes them, as far as it tells.
    pub(crate) types: Vec<(String, String)>,
    /// Rows, as the database estimates them.
    pub(crate) rows: Option<u64>,
}
