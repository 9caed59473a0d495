//! One partition of a shared step at work.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use futures::{Stream, StreamExt, stream};
use tokio::sync::Mutex;

use super::queue::Queue;
use crate::error::Error;

/// One partition of a shared step at work.
#[derive(Debug)]
pub(super) struct Partition {
    step: String,
    source: Mutex<Source>,
    /// What each reader has not taken yet.
    queues: Vec<Queue>,
}

/// Where the rows come from. The lock around it is held by the reader that waits for more.
enum Source {
    Running(SendableRecordBatchStream),
    Ended,
    /// The reader that was there has the reason.
    Failed,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Source")
    }
}

impl Partition {
    pub fn start(
        step: &str,
        plan: &Arc<dyn ExecutionPlan>,
        partition: usize,
        readers: usize,
        task: &Arc<TaskContext>,
    ) -> DataFusionResult<Arc<Self>> {
        let source = Source::Running(plan.execute(partition, Arc::clone(task))?);
        let queues = (0..readers)
            .map(|_| Queue::new(&plan.schema(), partition, task))
            .collect();
        Ok(Arc::new(Self {
            step: step.to_owned(),
            source: Mutex::new(source),
            queues,
        }))
    }

    /// All rows, for one reader.
    pub fn read(
        self: &Arc<Self>,
        reader: usize,
    ) -> DataFusionResult<impl Stream<Item = DataFusionResult<RecordBatch>> + Send + use<>> {
        if !self.queues.get(reader).is_some_and(Queue::open) {
            let reason = format!("reader {reader} of a shared step came twice, or after the step began");
            return Err(DataFusionError::Internal(reason));
        }
        let reading = Reading {
            partition: Arc::clone(self),
            reader,
        };
        Ok(stream::try_unfold(reading, |reading| async move {
            let batch = reading.partition.next(reading.reader).await?;
            Ok(batch.map(|batch| (batch, reading)))
        }))
    }

    async fn next(&self, reader: usize) -> DataFusionResult<Option<RecordBatch>> {
        let queue = &self.queues[reader];
        if let Some(batch) = queue.pop().await {
            return batch.map(Some);
        }
        let mut source = self.source.lock().await;
        // Whoever held the lock may have left something.
        if let Some(batch) = queue.pop().await {
            return batch.map(Some);
        }
        let rows = match &mut *source {
            Source::Running(rows) => rows,
            Source::Ended => return Ok(None),
            Source::Failed => {
                let step = self.step.clone();
                return Err(Error::SharedStep { step }.into());
            }
        };
        let error = match rows.next().await {
            Some(Ok(batch)) => match self.leave_to_others(reader, &batch) {
                Ok(()) => return Ok(Some(batch)),
                Err(error) => error,
            },
            Some(Err(error)) => error,
            None => {
                *source = Source::Ended;
                return Ok(None);
            }
        };
        *source = Source::Failed;
        Err(error)
    }

    fn leave_to_others(&self, reader: usize, batch: &RecordBatch) -> DataFusionResult<()> {
        let mut others = self.queues.iter().enumerate().filter(|(other, _)| *other != reader);
        others.try_for_each(|(_, queue)| queue.push(batch))
    }
}

/// A reader at work. When it goes, nothing waits for it any more.
struct Reading {
    partition: Arc<Partition>,
    reader: usize,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.partition.queues[self.reader].close();
    }
}
