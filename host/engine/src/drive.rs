//! Runs every partition of a plan into a sink.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::TaskContext;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use tenon_connect::file::{Part, Sink};
use tokio::task::JoinSet;

use crate::error::Error;
use crate::progress::Progress;

/// What the partitions have written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub parts: Vec<Part>,
    /// Time in encoding and writing, of all partitions.
    pub elapsed: Duration,
}

/// The partitions at work. Tasks are aborted when this is dropped; [`stop`](Self::stop) also waits for their end.
pub(crate) struct Drive {
    tasks: JoinSet<Result<(Part, Duration), Error>>,
}

/// The plan as the sink needs it: with one partition for a single file.
pub(crate) fn fit_to_sink(plan: Arc<dyn ExecutionPlan>, sink: &Sink) -> Arc<dyn ExecutionPlan> {
    if sink.is_single_file() && plan.output_partitioning().partition_count() > 1 {
        return Arc::new(CoalescePartitionsExec::new(plan));
    }
    plan
}

impl Drive {
    /// Starts a task per partition.
    pub fn start(
        plan: &Arc<dyn ExecutionPlan>,
        task: &Arc<TaskContext>,
        sink: &Sink,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let mut tasks = JoinSet::new();
        for partition in 0..plan.output_partitioning().partition_count() {
            let mut rows = plan.execute(partition, Arc::clone(task)).map_err(Error::from_plan)?;
            let mut writer = sink.writer(partition, 1);
            let progress = progress.clone();
            tasks.spawn(async move {
                let failed = |error| Error::Sink(Box::new(error));
                let mut elapsed = Duration::ZERO;
                while let Some(batch) = rows.next().await {
                    let batch = batch.map_err(Error::from_plan)?;
                    let began = Instant::now();
                    writer.write(&batch).map_err(failed)?;
                    elapsed += began.elapsed();
                    progress.add_out(batch.num_rows());
                }
                let finishing = tokio::task::spawn_blocking(move || {
                    let began = Instant::now();
                    writer.finish().map(|part| (part, began.elapsed()))
                });
                let finished = finishing.await.map_err(|error| Error::Internal(error.to_string()))?;
                let (part, finishing) = finished.map_err(failed)?;
                Ok((part, elapsed + finishing))
            });
        }
        Ok(Self { tasks })
    }

    /// Waits for all partitions; the first failure ends the wait.
    pub async fn finish(&mut self) -> Result<Written, Error> {
        let mut written = Written::default();
        while let Some(joined) = self.tasks.join_next().await {
            let (part, elapsed) = joined.map_err(|error| Error::Internal(error.to_string()))??;
            written.parts.push(part);
            written.elapsed += elapsed;
        }
        Ok(written)
    }

    /// Ends the partitions that still run, and with them their sandboxes and open files.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}
