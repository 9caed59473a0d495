//! Reads CSV files in all partitions at once.

use std::fmt;
use std::sync::{Arc, Weak};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::stream;
use object_store::ObjectStore;
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;

use super::super::text::{self, Chunk, ReadMetrics};
use super::columns::{Columns, Misfit, Nulls, shown};
use super::infer::header;
use super::records::{Fault, Records};
use super::table::CsvFiles;
use super::value::ColumnType;
use crate::Error;

/// Reads CSV files. Partitions take chunks from one queue, so which rows a partition gets is not fixed; with one
/// partition rows come in the files' order.
#[derive(Debug)]
pub(super) struct CsvScan {
    layout: Arc<Layout>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// What the partitions take chunks from, from the first `execute` on. They own it: once all are dropped, the readers
    /// end.
    queue: Mutex<Option<Weak<Queue>>>,
}

/// What is read, as every partition knows it.
#[derive(Debug)]
struct Layout {
    files: Arc<CsvFiles>,
    columns: Arc<[(String, ColumnType)]>,
    projection: Vec<usize>,
    /// Per column of the file, its type where it is read.
    wanted: Vec<Option<ColumnType>>,
    nulls: Nulls,
    schema: SchemaRef,
}

type Chunks = Receiver<Result<Chunk, Error>>;

/// The chunks that no partition has taken yet. The lock is held while waiting for one: who waits has nothing else to do.
struct Queue(tokio::sync::Mutex<Chunks>);

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Queue")
    }
}

impl CsvScan {
    pub fn new(
        files: Arc<CsvFiles>,
        columns: Arc<[(String, ColumnType)]>,
        projection: Vec<usize>,
        schema: SchemaRef,
        partitions: usize,
    ) -> Self {
        let wanted = columns
            .iter()
            .enumerate()
            .map(|(index, (_, kind))| projection.contains(&index).then_some(*kind));
        let wanted = wanted.collect();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(SchemaRef::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let nulls = Nulls::new(&files.options.null);
        Self {
            layout: Arc::new(Layout {
                files,
                columns,
                projection,
                wanted,
                nulls,
                schema,
            }),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            queue: Mutex::new(None),
        }
    }

    fn queue(&self, store: &Arc<dyn ObjectStore>) -> Option<Arc<Queue>> {
        let mut queue = self.queue.lock();
        if let Some(started) = queue.as_ref() {
            // Gone when every partition that was executed before has ended: then all chunks have been read.
            return started.upgrade();
        }
        let partitions = self.properties.partitioning.partition_count();
        let metrics = ReadMetrics {
            elapsed: MetricBuilder::new(&self.metrics).subset_time("time_reading", 0),
            bytes: MetricBuilder::new(&self.metrics).global_counter("bytes_scanned"),
        };
        let files = &self.layout.files;
        let chunks = text::read_in_background(store, files.files.clone(), files.dialect, partitions, &metrics);
        let started = Arc::new(Queue(tokio::sync::Mutex::new(chunks)));
        *queue = Some(Arc::downgrade(&started));
        Some(started)
    }
}

impl DisplayAs for CsvScan {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.layout.files.files.iter().map(|file| &*file.name).collect();
        let columns: Vec<&str> = self
            .layout
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            formatter,
            "CsvScan: files=[{}], columns=[{}]",
            names.join(", "),
            columns.join(", ")
        )
    }
}

impl ExecutionPlan for CsvScan {
    fn name(&self) -> &'static str {
        "CsvScan"
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
            queue: Mutex::new(None),
        }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let store = context.runtime_env().object_store(&self.layout.files.store)?;
        let reader = PartitionReader {
            layout: Arc::clone(&self.layout),
            queue: self.queue(&store),
            current: None,
            batch_rows: context.session_config().batch_size(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(reader, |mut reader| async move {
            let batch = reader
                .next()
                .await
                .map_err(|error| DataFusionError::External(Box::new(error)))?;
            Ok(batch.map(|batch| (batch, reader)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            SchemaRef::clone(&self.layout.schema),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One partition at work.
struct PartitionReader {
    layout: Arc<Layout>,
    queue: Option<Arc<Queue>>,
    current: Option<Progress>,
    batch_rows: usize,
    metrics: BaselineMetrics,
}

/// A chunk and how far it has been parsed.
struct Progress {
    chunk: Chunk,
    position: usize,
    line: u64,
    /// Rows per batch, so that the chunk's batches are about equally large.
    rows: usize,
}

impl PartitionReader {
    async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(progress) = &mut self.current {
                let timer = self.metrics.elapsed_compute().timer();
                let parsed = self.layout.parse(progress);
                timer.done();
                if let Some(batch) = parsed? {
                    self.metrics.record_output(batch.num_rows());
                    return Ok(Some(batch));
                }
                self.current = None;
            }
            let Some(queue) = &self.queue else { return Ok(None) };
            let received = queue.0.lock().await.recv().await;
            match received {
                Some(chunk) => self.current = Some(Progress::new(chunk?, self.batch_rows)),
                None => return Ok(None),
            }
        }
    }
}

impl Progress {
    fn new(chunk: Chunk, batch_rows: usize) -> Self {
        let lines = usize::try_from(chunk.lines).unwrap_or(usize::MAX).max(1);
        let batches = lines.div_ceil(batch_rows.max(1));
        Self {
            position: 0,
            line: chunk.line,
            rows: lines.div_ceil(batches),
            chunk,
        }
    }
}

impl Layout {
    /// The chunk's next rows; none at its end.
    fn parse(&self, progress: &mut Progress) -> Result<Option<RecordBatch>, Error> {
        let chunk = &progress.chunk;
        let dialect = self.files.dialect;
        let mut records = Records::resume(&chunk.bytes, dialect, progress.position, progress.line);
        let fault = |fault: Fault| Error::Line {
            file: chunk.file.to_string(),
            line: fault.line,
            reason: fault.reason,
        };
        if self.files.options.header && progress.line == 1 && progress.position == 0 {
            let names = header(&mut records).map_err(fault)?;
            self.check_header(&chunk.file, &names)?;
        }
        let mut columns = Columns::new(&self.wanted, progress.rows);
        while columns.rows() < progress.rows {
            let values = records
                .next(|index, value| {
                    columns
                        .append(index, value, &self.nulls)
                        .map_err(|misfit| self.explain(index, value.bytes, &misfit))
                })
                .map_err(fault)?;
            match values {
                None => break,
                Some(count) if count == self.columns.len() => columns.end_row(),
                Some(count) => {
                    return Err(Error::Line {
                        file: chunk.file.to_string(),
                        line: records.record_line(),
                        reason: format!("there are {count} values where {} were expected", self.columns.len()),
                    });
                }
            }
        }
        progress.position = records.position();
        progress.line = records.line();
        if columns.rows() == 0 {
            return Ok(None);
        }
        let batch = columns
            .finish(&self.schema, &self.projection)
            .map_err(|error| Error::Line {
                file: chunk.file.to_string(),
                line: chunk.line,
                reason: error.to_string(),
            })?;
        Ok(Some(batch))
    }

    fn check_header(&self, file: &str, found: &[String]) -> Result<(), Error> {
        if self.columns.iter().map(|(name, _)| name).eq(found) {
            return Ok(());
        }
        let expected: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        Err(Error::Columns {
            file: file.to_owned(),
            first: self
                .files
                .files
                .first()
                .map(|file| file.name.to_string())
                .unwrap_or_default(),
            expected: expected.join(", "),
            found: found.join(", "),
        })
    }

    fn explain(&self, index: usize, value: &[u8], misfit: &Misfit) -> String {
        let (name, kind) = self
            .columns
            .get(index)
            .map_or(("", ""), |(name, kind)| (name.as_str(), kind.name()));
        match misfit {
            Misfit::TooManyValues => format!("there are more than the {} values expected", self.columns.len()),
            Misfit::NotUtf8 => format!("column `{name}` holds {}, which is not UTF-8", shown(value)),
            Misfit::WrongType => format!(
                "column `{name}` holds {}, but its type is {kind}; name it as a null value if it means \"no value\", or \
                 give the column another type",
                shown(value)
            ),
        }
    }
}
