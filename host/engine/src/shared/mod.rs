//! Steps and sources that several others read: they run once, and everyone gets all of their rows.
//!
//! Whoever asks first drives the step on; the rows wait for the others in memory, and on disk once memory is short, so
//! that a reader that waits for another one (as a join does) can't bring the run to a halt.

mod exec;
mod partition;
mod queue;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use parking_lot::Mutex;

use exec::SharedExec;
use partition::Partition;

/// A step that several others read.
pub(crate) struct SharedStage {
    name: String,
    schema: SchemaRef,
    /// Columns that anybody needs; none as long as nobody reads it.
    columns: Mutex<Option<BTreeSet<usize>>>,
    plan: OnceLock<Planned>,
    readers: Mutex<usize>,
}

/// The plan of a shared step, with a place to wait for each of its partitions.
struct Planned {
    plan: Arc<dyn ExecutionPlan>,
    /// Positions of the plan's columns in the step's schema.
    columns: Vec<usize>,
    /// What is known of the rows beforehand, by which its readers' joins choose their sides.
    statistics: Statistics,
    partitions: Vec<Mutex<Option<Arc<Partition>>>>,
}

impl SharedStage {
    pub fn new(name: &str, schema: SchemaRef) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            schema,
            columns: Mutex::default(),
            plan: OnceLock::new(),
            readers: Mutex::new(0),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes that somebody reads these columns.
    pub fn need(&self, columns: impl IntoIterator<Item = usize>) {
        self.columns.lock().get_or_insert_default().extend(columns);
    }

    /// The columns that anybody reads; none if nobody reads it at all.
    pub fn needed(&self) -> Option<Vec<usize>> {
        Some(self.columns.lock().as_ref()?.iter().copied().collect())
    }

    /// Says how the step runs: `plan` makes the columns that are [`needed`](Self::needed).
    pub fn planned(&self, plan: Arc<dyn ExecutionPlan>) {
        let partitions = plan.properties().output_partitioning().partition_count();
        let known = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
        let statistics = match known {
            // Were they exact, a count could be answered from them, and rows would wait for a reader that never comes.
            Ok(known) => Arc::unwrap_or_clone(known).to_inexact(),
            Err(_) => Statistics::new_unknown(&plan.schema()),
        };
        let planned = Planned {
            plan,
            statistics,
            columns: self.needed().unwrap_or_default(),
            partitions: (0..partitions).map(|_| Mutex::default()).collect(),
        };
        // Planned once: the engine walks over the steps in order.
        self.plan.set(planned).ok();
    }

    /// The plan of the step, for metrics.
    pub fn plan(&self) -> Option<&Arc<dyn ExecutionPlan>> {
        self.plan.get().map(|planned| &planned.plan)
    }

    fn ready(&self) -> DataFusionResult<&Planned> {
        let unplanned = || DataFusionError::Internal(format!("the shared step {} has no plan yet", self.name));
        self.plan.get().ok_or_else(unplanned)
    }

    fn new_reader(&self) -> usize {
        let mut readers = self.readers.lock();
        *readers += 1;
        *readers - 1
    }

    fn readers(&self) -> usize {
        *self.readers.lock()
    }
}

impl fmt::Debug for SharedStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedStage")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A shared step as a table for those who read it.
#[derive(Debug)]
pub(crate) struct SharedTable(pub Arc<SharedStage>);

#[async_trait]
impl TableProvider for SharedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.0.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        Ok(Arc::new(SharedExec::try_new(Arc::clone(&self.0), wanted)?))
    }
}
