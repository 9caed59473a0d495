//! What a host offers to scripts: the traits that an engine implements.

use std::any::Any;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::stream::BoxStream;

use super::Fault;

/// A host that plans and runs the frames of one script.
///
/// Every method runs in a task of its own, away from the guest's stack; dropping the script's
/// [`run`](super::JobSandbox::run) aborts the task. The time that the planning methods compute counts as the script's
/// CPU time; that of `read` and of the methods that run a frame does not.
///
/// Texts come from the guest. The runtime has bounded their size, the length of chains of frames and the size of their
/// trees; everything else is unchecked.
#[async_trait]
pub trait Pipeline: Send + Sync + 'static {
    /// A source: the JSON of a source's table in a job file, or a JSON string, which is a URL or the name of a table.
    async fn read(&self, source: &str) -> Result<Arc<dyn Frame>, Fault>;

    /// A SQL query over named frames.
    async fn sql(&self, query: &str, inputs: Vec<(String, Arc<dyn Frame>)>) -> Result<Arc<dyn Frame>, Fault>;
}

/// A query that has not run. Frames given to another's methods come from the same [`Pipeline`].
#[async_trait]
pub trait Frame: Send + Sync + 'static {
    /// The columns that it will have.
    async fn schema(&self) -> Result<SchemaRef, Fault>;

    /// The rows for which a SQL predicate is true.
    async fn filter(&self, predicate: &str) -> Result<Arc<dyn Frame>, Fault>;

    /// One column per SQL expression.
    async fn project(&self, expressions: &[String]) -> Result<Arc<dyn Frame>, Fault>;

    /// Rows paired by equal columns.
    async fn join(&self, other: &dyn Frame, on: &[String], kind: JoinKind) -> Result<Arc<dyn Frame>, Fault>;

    /// The rows of both, columns matched by name.
    async fn union(&self, other: &dyn Frame) -> Result<Arc<dyn Frame>, Fault>;

    /// One row per group, with the group's columns and one column per SQL expression.
    async fn aggregate(&self, group_by: &[String], expressions: &[String]) -> Result<Arc<dyn Frame>, Fault>;

    /// Ordered by SQL order expressions (`amount desc`).
    async fn sort(&self, by: &[String]) -> Result<Arc<dyn Frame>, Fault>;

    /// The first rows.
    async fn limit(&self, rows: u32) -> Result<Arc<dyn Frame>, Fault>;

    /// A function of the script's component (`name`) or of another plugin (`plugin:name`), with its configuration as
    /// JSON.
    async fn apply(&self, function: &str, config: &str) -> Result<Arc<dyn Frame>, Fault>;

    /// Rows that `apply` rejected in this frame's ancestry.
    async fn rejected(&self) -> Result<Arc<dyn Frame>, Fault>;

    /// Runs the frame into a sink: the JSON of a sink's table in a job file, or a JSON string, which is a URL.
    async fn write(&self, sink: &str) -> Result<Written, Fault>;

    /// Runs the frame. Dropping the stream stops it: the runtime does so when the script holds all that it may.
    async fn execute(&self) -> Result<Batches, Fault>;

    /// Runs the frame and counts its rows.
    async fn count(&self) -> Result<u64, Fault>;

    /// Itself, for the pipeline that made it.
    fn as_any(&self) -> &dyn Any;
}

/// The batches of a frame that runs.
pub type Batches = BoxStream<'static, Result<RecordBatch, Fault>>;

/// Which rows of a join survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows with a match on both sides.
    Inner,
    /// All rows of this frame.
    Left,
    /// All rows of the other frame.
    Right,
    /// All rows of both.
    Full,
    /// Rows of this frame with a match, once each.
    Semi,
    /// Rows of this frame without a match.
    Anti,
}

/// What a sink has taken. It becomes visible when the job has ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Files, tables or messages.
    pub objects: u32,
}
