//! Computes calls of plugins' functions, a sandbox per call and partition.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::compute::{cast, concat, nullif};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use tenon_runtime::{Output, Sandbox};

use super::node::ScalarCall;
use crate::apply;
use crate::booked::Booked;
use crate::context::RunContext;
use crate::error::Error;
use crate::kept;

/// A call, and the expressions that make what it is called with.
#[derive(Debug, Clone)]
pub(crate) struct PlannedCall {
    pub call: ScalarCall,
    pub values: Vec<Arc<dyn PhysicalExpr>>,
}

/// Adds a column for each call to the batches of its input.
#[derive(Debug)]
pub(crate) struct ScalarExec {
    calls: Arc<[PlannedCall]>,
    output: SchemaRef,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScalarExec {
    pub fn try_new(
        calls: Arc<[PlannedCall]>,
        output: SchemaRef,
        input: Arc<dyn ExecutionPlan>,
    ) -> DataFusionResult<Self> {
        // The input's columns stay where they are, and so do its rows.
        let known = input.equivalence_properties().clone();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(SchemaRef::clone(&output)).extend(known)?,
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Ok(Self {
            calls,
            output,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for ScalarExec {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = |planned: &PlannedCall| {
            let values: Vec<String> = planned.values.iter().map(ToString::to_string).collect();
            let ScalarCall { name, column, .. } = &planned.call;
            format!("{column}={name}({})", values.join(", "))
        };
        let calls: Vec<String> = self.calls.iter().map(call).collect();
        write!(formatter, "ScalarExec: {}", calls.join(", "))
    }
}

impl ExecutionPlan for ScalarExec {
    fn name(&self) -> &'static str {
        "ScalarExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        for value in self.calls.iter().flat_map(|call| &call.values) {
            if visit(value)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => {
                let output = SchemaRef::clone(&self.output);
                Ok(Arc::new(Self::try_new(Arc::clone(&self.calls), output, input)?))
            }
            _ => Err(DataFusionError::Internal(
                "an operator of calls has one input".to_owned(),
            )),
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
        let caller = |planned: &PlannedCall| {
            Ok(Caller {
                memory: Booked::begin(&task, &context, &planned.call.call)?,
                context: Arc::clone(&context),
                planned: planned.clone(),
                partition,
                sandbox: None,
                rows: 0,
            })
        };
        let callers = self.calls.iter().map(caller).collect::<Result<Vec<Caller>, Error>>()?;
        let computing = Computing {
            input: self.input.execute(partition, task)?,
            callers,
            output: SchemaRef::clone(&self.output),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(computing, |mut computing| async move {
            let batch = computing.next().await?;
            Ok(batch.map(|batch| (batch, computing)))
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
        CardinalityEffect::Equal
    }
}

/// One partition at work.
struct Computing {
    input: SendableRecordBatchStream,
    callers: Vec<Caller>,
    output: SchemaRef,
    metrics: BaselineMetrics,
}

impl Computing {
    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        let Some(batch) = self.input.next().await.transpose()? else {
            return Ok(None);
        };
        let timer = self.metrics.elapsed_compute().timer();
        let mut columns = batch.columns().to_vec();
        for caller in &mut self.callers {
            columns.push(caller.call(&batch).await?);
        }
        timer.done();
        let rows = batch.num_rows();
        self.metrics.record_output(rows);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(SchemaRef::clone(&self.output), columns, &options)?;
        Ok(Some(batch))
    }
}

/// One call in one partition.
struct Caller {
    context: Arc<RunContext>,
    planned: PlannedCall,
    partition: usize,
    /// Checked out when the first rows come.
    sandbox: Option<Sandbox>,
    memory: Booked,
    /// Rows that values were computed for.
    rows: u64,
}

impl Caller {
    async fn call(&mut self, batch: &RecordBatch) -> DataFusionResult<ArrayRef> {
        let announced = &self.planned.call.announced;
        if batch.num_rows() == 0 {
            return Ok(new_empty_array(announced.data_type()));
        }
        let values = self.values(batch)?;
        if self.sandbox.is_none() {
            let ScalarCall { call, arguments, .. } = &self.planned.call;
            let output: SchemaRef = Arc::new(Schema::new(vec![Arc::clone(announced)]));
            self.sandbox = Some(apply::open(&self.context, call, arguments, &output, self.partition).await?);
        }
        let Some(sandbox) = &mut self.sandbox else {
            return Err(DataFusionError::Internal("a call has no sandbox".to_owned()));
        };
        let bytes = kept::bytes(&values);
        let processed = sandbox.process(values).await;
        self.memory.follow(sandbox)?;
        let output = processed.map_err(|source| self.failed(source))?;
        let rows = batch.num_rows();
        let column = self.column(&output, rows)?;
        self.rows += rows as u64;
        let shown = format!("{}()", self.planned.call.name);
        self.context.progress.add_step(&shown, rows, bytes, rows);
        Ok(column)
    }

    /// What the function is called with.
    fn values(&self, batch: &RecordBatch) -> DataFusionResult<RecordBatch> {
        let arguments = &self.planned.call.arguments;
        let mut columns = Vec::with_capacity(self.planned.values.len());
        for (value, field) in self.planned.values.iter().zip(arguments.fields()) {
            let array = value.evaluate(batch)?.into_array(batch.num_rows())?;
            columns.push(if array.data_type() == field.data_type() {
                array
            } else {
                cast(&array, field.data_type())?
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let values = RecordBatch::try_new_with_options(SchemaRef::clone(arguments), columns, &options)?;
        Ok(values)
    }

    fn column(&self, output: &Output, rows: usize) -> DataFusionResult<ArrayRef> {
        let ScalarCall {
            name,
            call,
            announced,
            null_where_refused,
            ..
        } = &self.planned.call;
        if let Some(refused) = output.rejected.first().filter(|_| !null_where_refused) {
            let (name, step, reason) = (name.clone(), call.step.clone(), refused.reason.clone());
            return Err(Error::Refused { name, step, reason }.into());
        }
        let parts: Vec<&dyn arrow::array::Array> =
            output.batches.iter().map(|batch| batch.column(0).as_ref()).collect();
        let column = match output.batches.as_slice() {
            [] => new_empty_array(announced.data_type()),
            [only] => Arc::clone(only.column(0)),
            _ => concat(&parts)?,
        };
        if column.len() != rows {
            let (name, step, found) = (name.clone(), call.step.clone(), column.len());
            return Err(Error::NotOnePerRow {
                name,
                step,
                rows,
                found,
            }
            .into());
        }
        if output.rejected.is_empty() {
            return Ok(column);
        }
        let mut refused = vec![false; rows];
        for rejection in &output.rejected {
            if let Some(refused) = refused.get_mut(rejection.row as usize) {
                *refused = true;
            }
        }
        Ok(nullif(&column, &BooleanArray::from(refused))?)
    }

    fn failed(&self, source: tenon_runtime::Error) -> Error {
        Error::Function {
            name: self.planned.call.name.clone(),
            step: self.planned.call.call.step.clone(),
            partition: self.partition,
            rows: self.rows,
            source: Box::new(source),
        }
    }
}
