//! What a run has done so far, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use serde::Serialize;

use crate::plan::{OpenedSource, PlannedStep, WatchedTable};

/// Counts of a run that goes on. Clones watch the same run.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    attempt: AtomicU64,
    /// Rows rejected, by source and step.
    rejected: Mutex<BTreeMap<String, u64>>,
    /// Filled once the run is planned; each retry starts afresh.
    counts: RwLock<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sources: Vec<(String, Arc<WatchedTable>)>,
    steps: BTreeMap<String, StepCounts>,
    sinks: BTreeMap<String, SinkCounts>,
}

#[derive(Debug, Default)]
struct StepCounts {
    rows_in: AtomicU64,
    rows_out: AtomicU64,
    rejected: AtomicU64,
}

#[derive(Debug, Default)]
struct SinkCounts {
    rows: AtomicU64,
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

/// Rows that went through one source, plugin step or sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Name of the source, step or sink.
    pub name: String,
    /// Rows that went in; for a source, rows that were read.
    pub rows_in: u64,
    /// Rows that came out; for a sink, rows that were written.
    pub rows_out: u64,
    /// Rows that the source or step rejected.
    pub rows_rejected: u64,
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

    /// Rows read from all sources.
    pub fn rows_in(&self) -> u64 {
        let counts = self.0.counts.read();
        counts.sources.iter().map(|(_, table)| table.rows()).sum()
    }

    /// Rows handed to all sinks, without rejected ones.
    pub fn rows_out(&self) -> u64 {
        let counts = self.0.counts.read();
        counts
            .sinks
            .values()
            .map(|sink| sink.rows.load(Ordering::Relaxed))
            .sum()
    }

    /// Rows that sources and functions have rejected.
    pub fn rows_rejected(&self) -> u64 {
        self.0.rejected.lock().values().sum()
    }

    /// Rows by source.
    pub fn sources(&self) -> Vec<Flow> {
        let counts = self.0.counts.read();
        let flow = |(name, table): &(String, Arc<WatchedTable>)| {
            let (rows, rejected) = (table.rows(), table.unreadable().count());
            Flow {
                name: name.clone(),
                rows_in: rows,
                rows_out: rows.saturating_sub(rejected),
                rows_rejected: rejected,
            }
        };
        counts.sources.iter().map(flow).collect()
    }

    /// Rows by plugin step.
    pub fn steps(&self) -> Vec<Flow> {
        let counts = self.0.counts.read();
        let flow = |(name, step): (&String, &StepCounts)| Flow {
            name: name.clone(),
            rows_in: step.rows_in.load(Ordering::Relaxed),
            rows_out: step.rows_out.load(Ordering::Relaxed),
            rows_rejected: step.rejected.load(Ordering::Relaxed),
        };
        counts.steps.iter().map(flow).collect()
    }

    /// Rows by sink.
    pub fn sinks(&self) -> Vec<Flow> {
        let counts = self.0.counts.read();
        let flow = |(name, sink): (&String, &SinkCounts)| {
            let rows = sink.rows.load(Ordering::Relaxed);
            Flow {
                name: name.clone(),
                rows_in: rows,
                rows_out: rows,
                rows_rejected: 0,
            }
        };
        counts.sinks.iter().map(flow).collect()
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn start_attempt(&self, attempt: u64) {
        self.0.attempt.store(attempt, Ordering::Relaxed);
        self.0.rejected.lock().clear();
        *self.0.counts.write() = Counts::default();
    }

    /// More was planned: all of a job, or what a script runs next.
    pub(crate) fn add<'a>(
        &self,
        sources: &[OpenedSource],
        steps: &[PlannedStep],
        sinks: impl IntoIterator<Item = &'a String>,
    ) {
        let mut counts = self.0.counts.write();
        for source in sources {
            if !counts.sources.iter().any(|(name, _)| *name == source.name) {
                counts.sources.push((source.name.clone(), Arc::clone(&source.table)));
            }
        }
        for step in steps {
            counts.steps.entry(step.name.clone()).or_default();
        }
        for sink in sinks {
            counts.sinks.entry(sink.clone()).or_default();
        }
    }

    pub(crate) fn add_step(&self, step: &str, rows_in: usize, rows_out: usize) {
        if let Some(counts) = self.0.counts.read().steps.get(step) {
            counts.rows_in.fetch_add(rows_in as u64, Ordering::Relaxed);
            counts.rows_out.fetch_add(rows_out as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_written(&self, sink: &str, rows: usize) {
        if let Some(counts) = self.0.counts.read().sinks.get(sink) {
            counts.rows.fetch_add(rows as u64, Ordering::Relaxed);
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
