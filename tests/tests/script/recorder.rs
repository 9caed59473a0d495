//! A pipeline that plans nothing: it records what a script asks for, and answers with what the source's name says.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "as the traits want it"
)]

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tenon_runtime::{Batches, ErrorKind, Fault, Frame, JoinKind, Pipeline, Written};

/// What a script asked for.
#[derive(Default)]
pub struct Record {
    calls: Mutex<Vec<String>>,
    made: AtomicUsize,
    /// Frames that there are.
    pub alive: AtomicUsize,
    /// The most that there were at once.
    pub most_alive: AtomicUsize,
    /// Frames that are running.
    pub running: AtomicUsize,
}

pub struct Recorder(pub Arc<Record>);

/// One frame: its number, in the order in which they were made, and the name of its first source.
struct Recorded {
    number: usize,
    source: String,
    record: Arc<Record>,
}

impl Record {
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().clone()
    }

    fn frame(self: &Arc<Self>, source: &str, call: String) -> Arc<dyn Frame> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.calls.lock().push(format!("{number} = {call}"));
        let alive = self.alive.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_alive.fetch_max(alive, Ordering::Relaxed);
        Arc::new(Recorded {
            number,
            source: source.to_owned(),
            record: Arc::clone(self),
        })
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.record.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts what runs, as long as it runs.
struct Running(Arc<Record>);

impl Running {
    fn start(record: &Arc<Record>) -> Self {
        record.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(record))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Pipeline for Recorder {
    async fn read(&self, source: &str) -> Result<Arc<dyn Frame>, Fault> {
        let name = source.trim_matches('"');
        let Some(kind) = name.strip_prefix("fault:") else {
            return Ok(self.0.frame(name, format!("read {source}")));
        };
        let kind = match kind {
            "bad-data" => ErrorKind::BadData,
            "bad-config" => ErrorKind::BadConfig,
            "transient" => ErrorKind::Transient,
            "unsupported" => ErrorKind::Unsupported,
            "denied" => ErrorKind::Denied,
            "limit" => ErrorKind::Limit,
            _ => ErrorKind::Internal,
        };
        Err(Fault::new(kind, "no luck with hunter2").within("opening"))
    }

    async fn sql(&self, query: &str, inputs: Vec<(String, Arc<dyn Frame>)>) -> Result<Arc<dyn Frame>, Fault> {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|(name, frame)| format!("{name}: {}", number(&**frame)))
            .collect();
        Ok(self.0.frame("", format!("sql {query:?} {inputs:?}")))
    }
}

impl Recorded {
    fn derived(&self, call: String) -> Result<Arc<dyn Frame>, Fault> {
        Ok(self.record.frame(&self.source, call))
    }
}

#[async_trait]
impl Frame for Recorded {
    async fn schema(&self) -> Result<SchemaRef, Fault> {
        Ok(schema())
    }

    async fn filter(&self, predicate: &str) -> Result<Arc<dyn Frame>, Fault> {
        match predicate {
            "slow" => std::thread::sleep(Duration::from_millis(20)),
            "panic" => panic!("the planner gives up"),
            _ => {}
        }
        self.derived(format!("filter {} {predicate:?}", self.number))
    }

    async fn project(&self, expressions: &[String]) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("project {} {expressions:?}", self.number))
    }

    async fn join(&self, other: &dyn Frame, on: &[String], kind: JoinKind) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("join {} {} {on:?} {kind:?}", self.number, number(other)))
    }

    async fn union(&self, other: &dyn Frame) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("union {} {}", self.number, number(other)))
    }

    async fn aggregate(&self, group_by: &[String], expressions: &[String]) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("aggregate {} {group_by:?} {expressions:?}", self.number))
    }

    async fn sort(&self, by: &[String]) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("sort {} {by:?}", self.number))
    }

    async fn limit(&self, rows: u32) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("limit {} {rows}", self.number))
    }

    async fn apply(&self, function: &str, config: &str) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("apply {} {function} {config}", self.number))
    }

    async fn rejected(&self) -> Result<Arc<dyn Frame>, Fault> {
        self.derived(format!("rejected {}", self.number))
    }

    async fn write(&self, sink: &str) -> Result<Written, Fault> {
        self.record.calls.lock().push(format!("write {} {sink}", self.number));
        Ok(Written {
            rows: 3,
            bytes: 5_000_000_000,
            objects: 2,
        })
    }

    async fn execute(&self) -> Result<Batches, Fault> {
        let running = Running::start(&self.record);
        let batch = move |numbers: Vec<i64>| {
            let _running = &running;
            Ok(RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from(numbers))]).expect("a batch"))
        };
        Ok(match self.source.as_str() {
            "endless" => stream::repeat(vec![7; 1 << 16]).map(batch).boxed(),
            _ => stream::iter([vec![1, 2], vec![], vec![3]]).map(batch).boxed(),
        })
    }

    async fn count(&self) -> Result<u64, Fault> {
        let _running = Running::start(&self.record);
        match self.source.as_str() {
            "forever" => std::future::pending().await,
            _ => Ok(42),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

fn number(frame: &dyn Frame) -> usize {
    frame
        .as_any()
        .downcast_ref::<Recorded>()
        .map_or(usize::MAX, |frame| frame.number)
}
