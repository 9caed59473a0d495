//! Reads a shared step.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::Statistics;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::StreamExt;

use super::partition::Partition;
use super::{Planned, SharedStage};

/// One of the readers of a shared step. A leaf: the step below was planned by itself.
#[derive(Debug)]
pub(super) struct SharedExec {
    stage: Arc<SharedStage>,
    reader: usize,
    /// Positions of the reader's columns among those that the step makes.
    projection: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl SharedExec {
    /// `wanted` are positions in the step's whole schema.
    pub fn try_new(stage: Arc<SharedStage>, wanted: &[usize]) -> DataFusionResult<Self> {
        let Planned { plan, columns, .. } = stage.ready()?;
        let position = |column: &usize| {
            columns.binary_search(column).map_err(|_| {
                DataFusionError::Internal(format!("column {column} of {} was not asked for", stage.name()))
            })
        };
        let projection = wanted.iter().map(position).collect::<DataFusionResult<Vec<_>>>()?;
        let schema = Arc::new(stage.schema.project(wanted)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(plan.properties().output_partitioning().partition_count()),
            EmissionType::Incremental,
            plan.properties().boundedness,
        );
        let reader = stage.new_reader();
        Ok(Self {
            stage,
            reader,
            projection,
            schema,
            properties: Arc::new(properties),
        })
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(
            formatter,
            "SharedExec: step={}, columns=[{}]",
            self.stage.name(),
            names.join(", ")
        )
    }
}

impl ExecutionPlan for SharedExec {
    fn name(&self) -> &'static str {
        "SharedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> DataFusionResult<Arc<Statistics>> {
        if args.partition().is_some() {
            return Ok(Arc::new(Statistics::new_unknown(&self.schema)));
        }
        let known = self.stage.ready()?.statistics.clone();
        Ok(Arc::new(known.project(Some(&self.projection))))
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let Planned { plan, partitions, .. } = self.stage.ready()?;
        let slot = partitions
            .get(partition)
            .ok_or_else(|| DataFusionError::Internal(format!("{} has no partition {partition}", self.stage.name())))?;
        let mut slot = slot.lock();
        let shared = match &mut *slot {
            Some(shared) => shared,
            empty => {
                let readers = self.stage.readers();
                empty.insert(Partition::start(self.stage.name(), plan, partition, readers, &task)?)
            }
        };
        let projection = self.projection.clone();
        let batches = shared
            .read(self.reader)?
            .map(move |batch| Ok(batch?.project(&projection)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        )))
    }
}
