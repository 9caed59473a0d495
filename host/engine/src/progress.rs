//! What a run has done so far, for whoever watches it.

mod counts;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use datafusion::execution::memory_pool::PeakRecordingPool;
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::{Mutex, RwLock};
use tenon_runtime::{Run, RunStatistics};

use crate::at_work::AtWork;
use crate::flow::StepFlow;
use crate::job::Output;
use crate::metrics::native_time;
use crate::plan::{OpenedSource, PlannedStep};
use crate::report::PluginUsed;

pub use counts::Flow;
use counts::{Counts, SourceCounts, load};

/// Counts of a run that goes on. Clones watch the same run.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    attempt: AtomicU64,
    /// From the beginning of the first try.
    at_work: AtWork,
    /// Rows rejected, by source and step.
    rejected: Mutex<BTreeMap<String, u64>>,
    sandboxes_in_use: AtomicU64,
    /// What its tries run in, one after the other.
    sandboxed: Mutex<Vec<Arc<Run>>>,
    native: Mutex<Native>,
    /// Where operators and sandboxes of each try have their memory from.
    memory: Mutex<Vec<Arc<PeakRecordingPool>>>,
    /// Filled once the run is planned; each retry starts afresh.
    counts: RwLock<Counts>,
}

/// Work of operators between sources and sinks.
#[derive(Debug, Default)]
struct Native {
    /// Plans at work, which nobody keeps for this.
    plans: Vec<Weak<dyn ExecutionPlan>>,
    /// Of plans that have ended.
    ended: Duration,
}

impl Native {
    fn so_far(&self) -> Duration {
        let at_work = self.plans.iter().filter_map(Weak::upgrade);
        at_work.map(|plan| native_time(&plan)).sum::<Duration>() + self.ended
    }
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Loading plugins, finding files, inferring columns.
    Planning,
    /// Reading, transforming and writing.
    Running,
    /// Making the files visible.
    Committing,
    /// Nothing any more.
    Done,
}

impl Progress {
    /// What the run is doing.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Relaxed) {
            0 => Phase::Planning,
            1 => Phase::Running,
            2 => Phase::Committing,
            _ => Phase::Done,
        }
    }

    /// Which try this is, from 1.
    pub fn attempt(&self) -> u64 {
        self.0.attempt.load(Ordering::Relaxed).max(1)
    }

    /// When the run began and ended; if it goes on, now. None if it has not begun.
    pub fn at_work(&self) -> Option<(SystemTime, SystemTime)> {
        let (began, last) = self.0.at_work.period()?;
        let has_ended = self.phase() == Phase::Done;
        Some((began, if has_ended { last } else { SystemTime::now() }))
    }

    /// Rows read from all sources.
    pub fn rows_in(&self) -> u64 {
        let counts = self.0.counts.read();
        counts.sources.iter().map(|source| source.table.rows()).sum()
    }

    /// Rows handed to all sinks, without rejected ones.
    pub fn rows_out(&self) -> u64 {
        let counts = self.0.counts.read();
        let sinks = counts.sinks.values().filter(|sink| sink.rejects_of.is_none());
        sinks.map(|sink| load(&sink.rows)).sum()
    }

    /// Rows that sources and functions have rejected.
    pub fn rows_rejected(&self) -> u64 {
        self.0.rejected.lock().values().sum()
    }

    /// Rows that a source, a step or a sink has rejected.
    pub(crate) fn rejected_by(&self, name: &str) -> u64 {
        self.0.rejected.lock().get(name).copied().unwrap_or(0)
    }

    /// Sandboxes that work on the rows of this run just now.
    pub fn sandboxes_in_use(&self) -> u64 {
        load(&self.0.sandboxes_in_use)
    }

    /// What the sandboxes of each try have used so far, also of one that failed.
    pub fn sandboxes(&self) -> Vec<RunStatistics> {
        self.0.sandboxed.lock().iter().map(|run| run.statistics()).collect()
    }

    /// Time that operators between sources and sinks have worked so far, over all partitions and tries, also of one that
    /// failed; without the functions of plugins.
    pub fn native(&self) -> Duration {
        self.0.native.lock().so_far()
    }

    /// The most memory that operators and sandboxes have had at once so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let pools = self.0.memory.lock();
        let most = pools.iter().map(|pool| pool.max_reserved()).max();
        most.unwrap_or_default() as u64
    }

    /// These plans are at work from now on.
    pub(crate) fn works_on<'a>(&self, plans: impl Iterator<Item = &'a Arc<dyn ExecutionPlan>>) {
        self.0.native.lock().plans.extend(plans.map(Arc::downgrade));
    }

    /// The plans that were at work have ended, and are about to go.
    pub(crate) fn has_worked(&self) {
        let mut native = self.0.native.lock();
        native.ended = native.so_far();
        native.plans.clear();
    }

    pub(crate) fn takes_from(&self, pool: &Arc<PeakRecordingPool>) {
        self.0.memory.lock().push(Arc::clone(pool));
    }

    pub(crate) fn uses(&self, run: &Arc<Run>) {
        self.0.sandboxed.lock().push(Arc::clone(run));
    }

    /// The plugins that were loaded, by step. Known early, and of a run that fails as well.
    pub fn plugins(&self) -> Vec<PluginUsed> {
        self.0.counts.read().plugins.clone()
    }

    /// What was read, by source.
    pub fn sources(&self) -> Vec<Flow> {
        self.0.counts.read().sources.iter().map(SourceCounts::flow).collect()
    }

    /// What went through the steps, each after those that it reads. Steps that became part of a larger query are named
    /// with the one whose rows are counted. After them the functions that queries call, as `name()`.
    pub fn steps(&self) -> Vec<Flow> {
        self.0.counts.read().steps()
    }

    /// What went to the sinks.
    pub fn sinks(&self) -> Vec<Flow> {
        self.0.counts.read().sinks(|name| self.rejected_by(name))
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
        self.0.at_work.note();
    }

    pub(crate) fn start_attempt(&self, attempt: u64) {
        self.0.attempt.store(attempt, Ordering::Relaxed);
        self.0.rejected.lock().clear();
        *self.0.counts.write() = Counts::default();
    }

    /// The plugins were loaded.
    pub(crate) fn loaded(&self, plugins: Vec<PluginUsed>) {
        self.0.counts.write().plugins = plugins;
    }

    /// More was planned: all of a job, or what a script runs next.
    pub(crate) fn add(
        &self,
        sources: &[OpenedSource],
        steps: &[PlannedStep],
        flows: Vec<StepFlow>,
        sinks: &BTreeMap<String, Output>,
    ) {
        self.0.counts.write().add(sources, steps, flows, sinks);
    }

    /// A sandbox is in use until the answer is dropped.
    pub(crate) fn sandbox_in_use(&self) -> InUse {
        self.0.sandboxes_in_use.fetch_add(1, Ordering::Relaxed);
        InUse(Arc::clone(&self.0))
    }

    pub(crate) fn add_step(&self, step: &str, rows_in: usize, bytes: usize, rows_out: usize) {
        if let Some(counts) = self.0.counts.read().steps.get(step) {
            counts.rows_in.fetch_add(rows_in as u64, Ordering::Relaxed);
            counts.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            counts.rows_out.fetch_add(rows_out as u64, Ordering::Relaxed);
            if rows_in > 0 {
                counts.at_work.note();
            } else {
                counts.at_work.note_end();
            }
        }
    }

    pub(crate) fn add_written(&self, sink: &str, rows: usize, bytes: u64) {
        if let Some(counts) = self.0.counts.read().sinks.get(sink) {
            counts.rows.fetch_add(rows as u64, Ordering::Relaxed);
            counts.at_work.note();
            counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// `rows` is what a step has rejected so far in one go over its rows; a script may send the same rows through it
    /// again. Answers with the number that all steps have rejected.
    pub(crate) fn note_rejected(&self, step: &str, rows: u64) -> u64 {
        if let Some(counts) = self.0.counts.read().steps.get(step) {
            counts.rejected.fetch_max(rows, Ordering::Relaxed);
        }
        let mut rejected = self.0.rejected.lock();
        let most = rejected.entry(step.to_owned()).or_default();
        *most = rows.max(*most);
        rejected.values().sum()
    }
}

/// A sandbox that is in use.
#[derive(Debug)]
pub(crate) struct InUse(Arc<Shared>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.sandboxes_in_use.fetch_sub(1, Ordering::Relaxed);
    }
}
