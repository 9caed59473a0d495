//! What a run has done so far, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use datafusion::execution::memory_pool::PeakRecordingPool;
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use tenon_runtime::{Run, RunStatistics};

use crate::at_work::AtWork;
use crate::flow::{Meter, StepFlow};
use crate::job::{Feed, Output};
use crate::metrics::native_time;
use crate::plan::{OpenedSource, PlannedStep, WatchedTable};
use crate::report::PluginUsed;

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

#[derive(Debug, Default)]
struct Counts {
    plugins: Vec<PluginUsed>,
    sources: Vec<SourceCounts>,
    flows: Vec<StepFlow>,
    /// By plugin step.
    steps: BTreeMap<String, StepCounts>,
    sinks: BTreeMap<String, SinkCounts>,
}

#[derive(Debug)]
struct SourceCounts {
    name: String,
    bytes: u64,
    /// Rows that there are, where that is estimated.
    rows: Option<u64>,
    /// Whether all of it is read, whichever columns somebody needs.
    is_whole: bool,
    table: Arc<WatchedTable>,
}

#[derive(Debug, Default)]
struct StepCounts {
    rows_in: AtomicU64,
    rows_out: AtomicU64,
    rejected: AtomicU64,
    bytes: AtomicU64,
    at_work: AtWork,
}

#[derive(Debug, Default)]
struct SinkCounts {
    rows: AtomicU64,
    bytes: AtomicU64,
    at_work: AtWork,
    /// The source or step whose rejected rows it takes.
    rejects_of: Option<String>,
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

/// What went through one source, step or sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Name of the source, step or sink.
    pub name: String,
    /// Steps that ran as a part of this one, in one query, so that their rows have not been counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Rows that went in; for a source, rows that were read.
    pub rows_in: u64,
    /// Rows that came out; for a sink, rows that were written.
    pub rows_out: u64,
    /// Rows that the source or step rejected.
    pub rows_rejected: u64,
    /// Bytes, where they are counted: of a source as stored, of a plugin step the columns that its function was handed,
    /// of a sink as encoded.
    pub bytes: Option<u64>,
    /// Bytes that there are, of a source as stored. None of formats of which only the columns are read that are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Rows that there are, of a source as it estimates them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_total: Option<u64>,
    /// From its first batch to its last, where that is known.
    #[serde(skip)]
    pub at_work: Option<(SystemTime, SystemTime)>,
    /// Batches that went in, where they are counted.
    #[serde(skip)]
    pub batches: Option<u64>,
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
        let counts = self.0.counts.read();
        let steps = counts.flows.iter().map(|flow| counts.step(flow));
        let is_step = |name: &str| counts.flows.iter().any(|flow| flow.name == name);
        // Functions that queries call.
        let called = counts.steps.iter().filter(|(name, _)| !is_step(name));
        let called = called.map(|(name, own)| Flow {
            name: name.clone(),
            rows_in: load(&own.rows_in),
            rows_out: load(&own.rows_out),
            rows_rejected: load(&own.rejected),
            bytes: Some(load(&own.bytes)),
            at_work: own.at_work.period(),
            batches: Some(own.at_work.times()),
            ..Flow::default()
        });
        steps.chain(called).collect()
    }

    /// What went to the sinks.
    pub fn sinks(&self) -> Vec<Flow> {
        let counts = self.0.counts.read();
        let flow = |(name, sink): (&String, &SinkCounts)| {
            let rows = match &sink.rejects_of {
                Some(from) => self.0.rejected.lock().get(from).copied().unwrap_or(0),
                None => load(&sink.rows),
            };
            Flow {
                name: name.clone(),
                rows_in: rows,
                rows_out: rows,
                bytes: sink.rejects_of.is_none().then(|| load(&sink.bytes)),
                at_work: sink.at_work.period(),
                batches: sink.rejects_of.is_none().then(|| sink.at_work.times()),
                ..Flow::default()
            }
        };
        counts.sinks.iter().map(flow).collect()
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
        let mut counts = self.0.counts.write();
        for source in sources {
            if !counts.sources.iter().any(|known| known.name == source.name) {
                counts.sources.push(SourceCounts {
                    name: source.name.clone(),
                    bytes: source.source.bytes(),
                    rows: source.source.rows().filter(|_| !source.incremental),
                    is_whole: source.source.is_read_whole(),
                    table: Arc::clone(&source.table),
                });
            }
        }
        for step in steps {
            counts.steps.entry(step.name.clone()).or_default();
            if !counts.plugins.iter().any(|known| known.step == step.name) {
                counts.plugins.push(PluginUsed::by(step));
            }
        }
        for flow in flows {
            counts.flows.retain(|known| known.name != flow.name);
            counts.flows.push(flow);
        }
        for (name, output) in sinks {
            let rejects_of = match &output.feed {
                Feed::RejectsOf(step) => Some(step.clone()),
                Feed::Rows(_) => None,
            };
            counts.sinks.entry(name.clone()).or_insert_with(|| SinkCounts {
                rejects_of,
                ..SinkCounts::default()
            });
        }
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

impl SourceCounts {
    fn flow(&self) -> Flow {
        let (rows, rejected) = (self.table.rows(), self.table.unreadable().count());
        Flow {
            name: self.name.clone(),
            rows_in: rows,
            rows_out: rows.saturating_sub(rejected),
            rows_rejected: rejected,
            bytes: Some(match self.bytes {
                0 => self.table.bytes(),
                total => self.table.bytes().min(total),
            }),
            bytes_total: self.is_whole.then_some(self.bytes),
            rows_total: self.rows,
            ..Flow::default()
        }
    }
}

impl Counts {
    fn step(&self, flow: &StepFlow) -> Flow {
        let own = self.steps.get(&flow.name);
        let rows_in = match own {
            Some(own) => load(&own.rows_in),
            None => flow.inputs.iter().map(|input| self.rows_out(input)).sum(),
        };
        Flow {
            name: flow.name.clone(),
            parts: flow.parts.clone(),
            rows_in,
            rows_out: self.rows_out(&flow.name),
            rows_rejected: own.map_or(0, |own| load(&own.rejected)),
            bytes: own.map(|own| load(&own.bytes)),
            at_work: own.and_then(|own| own.at_work.period()),
            batches: own.map(|own| own.at_work.times()),
            ..Flow::default()
        }
    }

    /// Rows that came out of a source or step.
    fn rows_out(&self, name: &str) -> u64 {
        if let Some(source) = self.sources.iter().find(|source| source.name == name) {
            return source.flow().rows_out;
        }
        let flow = self.flows.iter().find(|flow| flow.name == name);
        let of_step = |step: &String, count: fn(&StepCounts) -> &AtomicU64| {
            self.steps.get(step).map_or(0, |counts| load(count(counts)))
        };
        match flow.map(|flow| &flow.meter) {
            Some(Meter::Plugin) => of_step(&name.to_owned(), |counts| &counts.rows_out),
            Some(Meter::Step(reader)) => of_step(reader, |counts| &counts.rows_in),
            Some(Meter::Sink(sink)) => self.sinks.get(sink).map_or(0, |sink| load(&sink.rows)),
            Some(Meter::Shared(shared)) => shared.count(),
            None => 0,
        }
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

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
