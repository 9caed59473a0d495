//! Reading a relation, in parts that run side by side.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;

use crate::{Error, Predicate, Relation};

/// The rows of one part of a scan.
pub type Batches = BoxStream<'static, Result<RecordBatch, Error>>;

/// What is to be read.
#[derive(Debug, Clone)]
pub struct ScanRequest {
    /// The table or query.
    pub relation: Relation,
    /// The columns in their order, as [`Database::describe`](crate::Database::describe) gave them. May be empty: then only
    /// the number of rows counts, and batches have no columns but a row count.
    pub schema: SchemaRef,
    /// Rows that it is not true for are left out, as well as the database can:
    /// [`Database::pushdown`](crate::Database::pushdown) has said how well, and did not say [`No`](crate::Pushdown::No).
    pub predicate: Option<Predicate>,
    /// Rows at most, in all parts together; only set where every predicate is exact.
    pub limit: Option<u64>,
    /// Parts at most.
    pub parts: usize,
    /// A column by whose values the relation is to be split into parts. Where none is given the database splits a table as
    /// it sees fit, and a query not at all.
    pub split_by: Option<String>,
    /// Rows in a batch at most.
    pub batch_rows: usize,
}

/// A relation that is ready to be read. All parts see the same state of the data, that of the moment when the first of
/// them began, and each is read once. Nothing is connected before that.
pub trait Scan: fmt::Debug + Send + Sync {
    /// How many parts there are: at least one.
    fn parts(&self) -> usize;

    /// Reads a part. Rows are taken from the server as they are asked for, so memory is bounded whatever the size of the
    /// relation. Dropping the stream ends the statement on the server.
    fn read(&self, part: usize) -> Batches;

    /// The statement that reads a part, for people to see.
    fn statement(&self, part: usize) -> String;
}
