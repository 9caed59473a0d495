//! Batches that wait for one reader: in memory, and on disk once the run's memory is used up.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};
use futures::StreamExt;
use parking_lot::Mutex;

/// Bytes of one spill file; it is removed once it has been read.
const SPILL_FILE_BYTES: usize = 128 << 20;

/// Batches that wait for one reader, in order.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// The other end of [`Waiting::spill`].
    spilled: tokio::sync::Mutex<Option<Reader>>,
}

#[derive(Debug)]
struct Waiting {
    state: State,
    batches: VecDeque<Item>,
    reservation: MemoryReservation,
    manager: Arc<SpillManager>,
    spill: Option<Sink>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nobody has come to read yet.
    Awaited,
    Read,
    Closed,
}

#[derive(Debug)]
enum Item {
    InMemory(RecordBatch, usize),
    /// The next batch of the spill files.
    OnDisk,
}

struct Sink(SpillPoolSink);

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sink")
    }
}

struct Reader(SendableRecordBatchStream);

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Reader")
    }
}

impl Queue {
    pub fn new(schema: &SchemaRef, partition: usize, task: &Arc<TaskContext>) -> Self {
        let environment = task.runtime_env();
        let consumer =
            MemoryConsumer::new(format!("rows of a shared step, partition {partition}")).with_can_spill(true);
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
        let manager = SpillManager::new(Arc::clone(&environment), metrics, Arc::clone(schema));
        let waiting = Waiting {
            state: State::Awaited,
            batches: VecDeque::new(),
            reservation: consumer.register(&environment.memory_pool),
            manager: Arc::new(manager),
            spill: None,
        };
        Self {
            waiting: Mutex::new(waiting),
            spilled: tokio::sync::Mutex::new(None),
        }
    }

    /// Whether this is the first reader to come.
    pub fn open(&self) -> bool {
        let mut waiting = self.waiting.lock();
        let is_first = waiting.state == State::Awaited;
        if is_first {
            waiting.state = State::Read;
        }
        is_first
    }

    /// Frees everything; nothing is kept for this reader any more.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.state = State::Closed;
        waiting.batches.clear();
        waiting.reservation.free();
        waiting.spill = None;
    }

    /// Lets a batch wait.
    pub fn push(&self, batch: &RecordBatch) -> DataFusionResult<()> {
        let mut guard = self.waiting.lock();
        let waiting = &mut *guard;
        if waiting.state == State::Closed || batch.num_rows() == 0 {
            return Ok(());
        }
        let bytes = batch.get_array_memory_size();
        if waiting.reservation.try_grow(bytes).is_ok() {
            waiting.batches.push_back(Item::InMemory(batch.clone(), bytes));
            return Ok(());
        }
        if waiting.spill.is_none() {
            let (sink, reader) = spsc_channel(SPILL_FILE_BYTES, Arc::clone(&waiting.manager));
            // Nobody holds this lock: there was nothing on disk to read.
            let mut place = self.spilled.try_lock().map_err(|_| {
                DataFusionError::Internal("the spill files of a shared step were read before they were made".to_owned())
            })?;
            *place = Some(Reader(reader));
            waiting.spill = Some(Sink(sink));
        }
        if let Some(Sink(sink)) = &waiting.spill {
            sink.push_batch(batch)?;
        }
        waiting.batches.push_back(Item::OnDisk);
        Ok(())
    }

    /// The next batch that waits, if any does.
    pub async fn pop(&self) -> Option<DataFusionResult<RecordBatch>> {
        {
            let mut waiting = self.waiting.lock();
            match waiting.batches.front()? {
                Item::OnDisk => {}
                Item::InMemory(..) => {
                    let Some(Item::InMemory(batch, bytes)) = waiting.batches.pop_front() else {
                        return None;
                    };
                    waiting.reservation.shrink(bytes);
                    return Some(Ok(batch));
                }
            }
        }
        // Taken off only once it has been read: a reader that gives up while it waits loses nothing.
        let mut spilled = self.spilled.lock().await;
        let batch = spilled.as_mut()?.0.next().await?;
        self.waiting.lock().batches.pop_front();
        Some(batch)
    }
}
