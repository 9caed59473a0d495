//! Executes the plans of a job, a task per partition, and hands their rows to the sinks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::TaskContext;
use datafusion::physical_plan::Partitioning;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use tenon_connect::{Part, Sink, Writer};
use tokio::task::JoinSet;

use crate::error::Error;
use crate::plan::PlannedOutput;
use crate::progress::Progress;

/// What the partitions have written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// By sink.
    pub parts: BTreeMap<String, Vec<Part>>,
    /// Time in encoding and writing, of all partitions.
    pub elapsed: Duration,
}

/// The partitions at work. Tasks are aborted when this is dropped; [`stop`](Self::stop) also waits for their end.
pub(crate) struct Drive {
    tasks: JoinSet<Result<PartDone, Error>>,
}

struct PartDone {
    sink: String,
    part: Part,
    elapsed: Duration,
}

/// The plan as the sink needs it: with no more partitions than it has writers, which is one for a single file.
pub(crate) fn fit_to_sink(plan: Arc<dyn ExecutionPlan>, sink: &Sink) -> Arc<dyn ExecutionPlan> {
    let partitions = plan.output_partitioning().partition_count();
    match sink.most_writers() {
        Some(1) if partitions > 1 => Arc::new(CoalescePartitionsExec::new(plan)),
        Some(most) if partitions > most => {
            let spread = RepartitionExec::try_new(Arc::clone(&plan), Partitioning::RoundRobinBatch(most));
            spread.map_or(plan, |spread| Arc::new(spread) as _)
        }
        _ => plan,
    }
}

impl Drive {
    /// Starts a task per partition of every output.
    pub fn start(outputs: &[PlannedOutput], task: &Arc<TaskContext>, progress: &Progress) -> Result<Self, Error> {
        let mut tasks = JoinSet::new();
        for output in outputs {
            for partition in 0..output.plan.output_partitioning().partition_count() {
                let plan = Arc::clone(&output.plan);
                let rows = plan.execute(partition, Arc::clone(task)).map_err(Error::from_plan)?;
                let writer = output.sink.writer(partition);
                tasks.spawn(write(output.name.clone(), rows, writer, progress.clone()));
            }
        }
        Ok(Self { tasks })
    }

    /// Waits for all partitions; the first failure ends the wait.
    pub async fn finish(&mut self) -> Result<Written, Error> {
        let mut written = Written::default();
        let mut echo = None;
        while let Some(joined) = self.tasks.join_next().await {
            match joined.map_err(|error| Error::Internal(error.to_string()))? {
                Ok(PartDone { sink, part, elapsed }) => {
                    written.parts.entry(sink).or_default().push(part);
                    written.elapsed += elapsed;
                }
                // The task that knows why it failed ends as well.
                Err(error @ Error::SharedStep { .. }) => echo = Some(error),
                Err(error) => return Err(error),
            }
        }
        echo.map_or(Ok(written), Err)
    }

    /// Ends the partitions that still run, and with them their sandboxes and open files.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

async fn write(
    sink: String,
    mut rows: datafusion::execution::SendableRecordBatchStream,
    mut writer: Writer,
    progress: Progress,
) -> Result<PartDone, Error> {
    let failed = |error| Error::Sink(Box::new(error));
    let mut elapsed = Duration::ZERO;
    let mut bytes = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(Error::from_plan)?;
        let began = Instant::now();
        writer.write(&batch).await.map_err(failed)?;
        elapsed += began.elapsed();
        // Estimates of what is not encoded yet may shrink.
        let more = writer.bytes().saturating_sub(bytes);
        bytes += more;
        progress.add_written(&sink, batch.num_rows(), more);
    }
    let finishing = Instant::now();
    let part = writer.finish().await.map_err(failed)?;
    Ok(PartDone {
        sink,
        part,
        elapsed: elapsed + finishing.elapsed(),
    })
}
