//! Sends batches through a plugin's function, a sandbox per partition.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use tenon_runtime::{Output, Sandbox};

use crate::booked::Booked;
use crate::context::RunContext;
use crate::error::Error;
use crate::kept::{self, FailedBatch};
use crate::node::Call;
use crate::progress::InUse;
use crate::rejects::with_reasons;
use crate::step::Emits;

/// Sends the batches of each partition through a sandbox of its own.
///
/// Where the input has fewer partitions than there are cores, the planner spreads its batches first; a function that
/// keeps state gets all rows in one partition.
#[derive(Debug)]
pub(crate) struct PluginExec {
    call: Call,
    output: SchemaRef,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PluginExec {
    pub const NAME: &str = "PluginExec";

    pub fn new(call: Call, output: SchemaRef, input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            // What the function does to order and to equal columns is not known.
            EquivalenceProperties::new(SchemaRef::clone(&output)),
            datafusion::physical_expr::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Self {
            call,
            output,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for PluginExec {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            step,
            plugin,
            function,
            stateless,
            ..
        } = &self.call;
        let digest = plugin.get(..12).unwrap_or(plugin);
        write!(
            formatter,
            "PluginExec: step={step}, plugin={digest}, function={function}, stateless={stateless}"
        )
    }
}

impl ExecutionPlan for PluginExec {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let distribution = if self.call.stateless {
            Distribution::UnspecifiedDistribution
        } else {
            Distribution::SinglePartition
        };
        InputDistributionRequirements::new(vec![distribution])
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![self.call.stateless]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(
                self.call.clone(),
                SchemaRef::clone(&self.output),
                input,
            ))),
            _ => Err(DataFusionError::Internal("a plugin operator has one input".to_owned())),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let recompute = datafusion::physical_plan::ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(recompute))
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let context = RunContext::of(&task)?;
        let applied = Applied {
            memory: Booked::begin(&task, &context, &self.call)?,
            context,
            input: self.input.execute(partition, task)?,
            call: self.call.clone(),
            output: SchemaRef::clone(&self.output),
            partition,
            sandbox: None,
            ready: VecDeque::new(),
            rows: 0,
            ended: false,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(applied, |mut applied| async move {
            let batch = applied.next().await?;
            Ok(batch.map(|batch| (batch, applied)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            SchemaRef::clone(&self.output),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Unknown
    }
}

/// Opens a function in a sandbox of its own. It has to announce what it announced when the plan was made.
pub(crate) async fn open(
    context: &RunContext,
    call: &Call,
    input: &SchemaRef,
    output: &SchemaRef,
    partition: usize,
) -> Result<Sandbox, Error> {
    let failed = |source| Error::Open {
        step: call.step.clone(),
        source: Box::new(source),
    };
    let plugin = context.plugin(&call.plugin)?;
    let mut sandbox = plugin.checkout(&context.run).await.map_err(failed)?;
    sandbox.work_for(&call.step);
    let announced = sandbox
        .open(&call.function, &call.config, input)
        .await
        .map_err(failed)?;
    if call.emits == Emits::Rows && announced.fields() != output.fields() {
        return Err(Error::SchemaChanged {
            step: call.step.clone(),
            partition,
        });
    }
    Ok(sandbox)
}

/// One partition at work.
struct Applied {
    context: Arc<RunContext>,
    input: SendableRecordBatchStream,
    call: Call,
    output: SchemaRef,
    partition: usize,
    /// Checked out when the first batch comes: a partition without rows needs none.
    sandbox: Option<(Sandbox, InUse)>,
    memory: Booked,
    /// What the function has answered and nobody has taken yet.
    ready: VecDeque<RecordBatch>,
    /// Rows that the function has taken.
    rows: u64,
    ended: bool,
    metrics: BaselineMetrics,
}

impl Applied {
    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            match self.input.next().await.transpose()? {
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => self.process(batch).await?,
                None => self.finish().await?,
            }
        }
    }

    async fn process(&mut self, batch: RecordBatch) -> DataFusionResult<()> {
        if self.sandbox.is_none() {
            self.sandbox = Some(self.open().await?);
        }
        let Some((sandbox, _)) = &mut self.sandbox else {
            return Ok(());
        };
        let rows = batch.num_rows();
        let timer = self.metrics.elapsed_compute().timer();
        let processed = sandbox.process(batch.clone()).await;
        timer.done();
        self.memory.follow(sandbox)?;
        let Output { batches, rejected } = match processed {
            Ok(output) => output,
            Err(source) => return Err(self.failed(source, self.kept(&batch)).into()),
        };
        let before = self.rows;
        self.rows += rows as u64;
        if let Emits::RejectedBy(step) = &self.call.emits {
            if !rejected.is_empty() {
                self.ready
                    .push_back(with_reasons(step, |row| before + u64::from(row), &batch, &rejected)?);
            }
            return Ok(());
        }
        let step = &self.call.step;
        let made = batches.iter().map(RecordBatch::num_rows).sum();
        self.context.progress.add_step(step, rows, kept::bytes(&batch), made);
        self.ready.extend(batches);
        let rejects = self.context.rejects_of(step)?;
        let number = |row| before + u64::from(row);
        rejects
            .take(step, number, &batch, &rejected, &self.context.progress)
            .await?;
        Ok(())
    }

    /// Asks the function for what it has kept back, and gives the sandbox up.
    async fn finish(&mut self) -> Result<(), Error> {
        self.ended = true;
        if self.sandbox.is_none() && !self.call.stateless {
            // A function that keeps state may have an answer to no rows at all, such as a count of 0.
            self.sandbox = Some(self.open().await?);
        }
        let Some((mut sandbox, _in_use)) = self.sandbox.take() else {
            return Ok(());
        };
        let timer = self.metrics.elapsed_compute().timer();
        let finished = sandbox.finish().await;
        timer.done();
        // Rejections name rows of a batch, and there is none here.
        let batches = finished.map_err(|source| self.failed(source, None))?.batches;
        if self.call.emits != Emits::Rows {
            return Ok(());
        }
        let made = batches.iter().map(RecordBatch::num_rows).sum();
        self.context.progress.add_step(&self.call.step, 0, 0, made);
        self.ready.extend(batches);
        drop(sandbox);
        self.memory.free();
        Ok(())
    }

    async fn open(&mut self) -> Result<(Sandbox, InUse), Error> {
        let input = self.input.schema();
        let sandbox = open(&self.context, &self.call, &input, &self.output, self.partition).await?;
        Ok((sandbox, self.context.progress.sandbox_in_use()))
    }

    /// The batch that the function failed on, where the job keeps it.
    fn kept(&self, batch: &RecordBatch) -> Option<Box<FailedBatch>> {
        let limit = self.context.keep_failed?;
        let Call {
            step, plugin, function, ..
        } = &self.call;
        match FailedBatch::keep(plugin, function, batch, limit) {
            Ok(Some(kept)) => Some(Box::new(kept)),
            Ok(None) => {
                let rows = batch.num_rows();
                tracing::warn!(
                    step,
                    rows,
                    limit,
                    "the batch that failed is not kept: it exceeds `keep_failed`; raise it"
                );
                None
            }
            Err(error) => {
                tracing::warn!(step, %error, "the batch that failed is not kept");
                None
            }
        }
    }

    fn failed(&self, source: tenon_runtime::Error, batch: Option<Box<FailedBatch>>) -> Error {
        let (step, partition) = (self.call.step.clone(), self.partition);
        Error::Step {
            step,
            partition,
            rows: self.rows,
            batch,
            source: Box::new(source),
        }
    }
}
