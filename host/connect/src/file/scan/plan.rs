//! The plan node that reads files in all partitions at once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::stream;
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;

use super::partition::PartitionReader;
use super::units::{self, ReadMetrics, Unit};
use super::{FileSet, Reading};
use crate::Error;
use crate::file::csv::CsvParser;
use crate::file::json::JsonParser;
use crate::file::stored::StoredFile;

/// Files that a message names, at most.
const SHOWN_FILES: usize = 5;

/// Reads files. Partitions take units from one queue, so which rows a partition gets is not fixed; with one partition
/// rows come in the files' order.
#[derive(Debug)]
pub(super) struct FileScan {
    layout: Arc<Layout>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// What the partitions share, from the first `execute` on.
    shared: Mutex<Option<Shared>>,
}

/// What is read, as every partition knows it.
#[derive(Debug)]
pub(super) struct Layout {
    pub set: Arc<FileSet>,
    pub files: Vec<StoredFile>,
    /// The columns that are read from the files themselves.
    pub file_fields: Vec<FieldRef>,
    pub parser: Parser,
    /// Where the scan's columns come from.
    pub pieces: Vec<Piece>,
    pub schema: SchemaRef,
    limit: Option<usize>,
}

/// What makes columns of a unit.
#[derive(Debug)]
pub(super) enum Parser {
    Csv(CsvParser),
    Json(JsonParser),
    Container,
}

/// Where a column of the scan comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    /// Position among the columns read from the file.
    File(usize),
    /// Position among the file's partition values.
    Partition(usize),
}

#[derive(Debug)]
struct Shared {
    /// The partitions own the queue: once all are dropped, the readers end.
    queue: Weak<Queue>,
    /// Rows that may still be read.
    remaining: Arc<AtomicUsize>,
}

/// The units that no partition has taken yet. The lock is held while waiting for one: who waits has nothing else to do.
pub(super) struct Queue(tokio::sync::Mutex<Receiver<Result<Unit, Error>>>);

impl Queue {
    pub async fn next(&self) -> Option<Result<Unit, Error>> {
        self.0.lock().await.recv().await
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Queue")
    }
}

impl FileScan {
    pub fn try_new(
        set: Arc<FileSet>,
        files: Vec<StoredFile>,
        projection: &[usize],
        limit: Option<usize>,
        partitions: usize,
    ) -> DataFusionResult<Self> {
        let schema = Arc::new(set.schema.project(projection)?);
        let in_files = set.file_columns();
        let mut file_fields: Vec<FieldRef> = Vec::new();
        let mut pieces = Vec::with_capacity(projection.len());
        for (index, field) in projection.iter().zip(schema.fields()) {
            if *index >= in_files {
                pieces.push(Piece::Partition(*index - in_files));
                continue;
            }
            pieces.push(Piece::File(file_fields.len()));
            file_fields.push(Arc::clone(field));
        }
        let parser = match set.reading.as_ref() {
            Reading::Csv { dialect, options, .. } => Parser::Csv(CsvParser::new(
                *dialect,
                &options.null,
                file_fields.clone(),
                &set.given,
                set.bad_rows.clone(),
            )),
            Reading::Json { by_line, .. } => {
                let fields = Schema::new(file_fields.clone());
                Parser::Json(JsonParser::new(fields, &set.schema, *by_line, set.bad_rows.clone()))
            }
            Reading::Container => Parser::Container,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            layout: Arc::new(Layout {
                set,
                files,
                file_fields,
                parser,
                pieces,
                schema,
                limit,
            }),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            shared: Mutex::new(None),
        })
    }

    fn start(&self, batch_rows: usize) -> (Option<Arc<Queue>>, Arc<AtomicUsize>) {
        let mut shared = self.shared.lock();
        if let Some(started) = shared.as_ref() {
            // Gone when every partition that was executed before has ended: then all units have been read.
            return (started.queue.upgrade(), Arc::clone(&started.remaining));
        }
        let partitions = self.properties.partitioning.partition_count();
        let metrics = ReadMetrics {
            elapsed: MetricBuilder::new(&self.metrics).subset_time("time_reading", 0),
            bytes: MetricBuilder::new(&self.metrics).global_counter("bytes_scanned"),
        };
        let units = units::start(&self.layout, partitions, batch_rows, &metrics);
        let queue = Arc::new(Queue(tokio::sync::Mutex::new(units)));
        let remaining = Arc::new(AtomicUsize::new(self.layout.limit.unwrap_or(usize::MAX)));
        *shared = Some(Shared {
            queue: Arc::downgrade(&queue),
            remaining: Arc::clone(&remaining),
        });
        (Some(queue), remaining)
    }
}

impl DisplayAs for FileScan {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = &self.layout;
        let mut names: Vec<&str> = layout.files.iter().take(SHOWN_FILES).map(|file| &*file.name).collect();
        let more = layout.files.len() - names.len();
        let more = (more > 0).then(|| format!("and {more} more"));
        names.extend(more.as_deref());
        let columns: Vec<&str> = layout
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            formatter,
            "FileScan: format={}, files=[{}] ({} of {}), columns=[{}]",
            layout.set.format.name(),
            names.join(", "),
            layout.files.len(),
            layout.set.files.len(),
            columns.join(", ")
        )?;
        match layout.limit {
            Some(limit) => write!(formatter, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for FileScan {
    fn name(&self) -> &'static str {
        "FileScan"
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

    fn reset_state(self: Arc<Self>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            layout: Arc::clone(&self.layout),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
            shared: Mutex::new(None),
        }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let batch_rows = context.session_config().batch_size();
        let (queue, remaining) = self.start(batch_rows);
        let reader = PartitionReader {
            layout: Arc::clone(&self.layout),
            queue,
            current: None,
            ready: VecDeque::new(),
            batch_rows,
            metrics: BaselineMetrics::new(&self.metrics, partition),
            remaining,
        };
        let batches = stream::try_unfold(reader, |mut reader| async move {
            let batch = reader.next().await?;
            Ok(batch.map(|batch| (batch, reader)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.layout.schema),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
