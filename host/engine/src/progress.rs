//! What a run has done so far, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::RwLock;
use serde::Serialize;

use crate::job::Output;
use crate::plan::{OpenedSource, PlannedStep, WatchedTable};

/// Counts of a run that goes on. Clones watch the same run.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    attempt: AtomicU64,
    /// Rows rejected by all steps.
    rejected: AtomicU64,
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
        self.0.rejected.load(Ordering::Relaxed)
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
        self.0.rejected.store(0, Ordering::Relaxed);
        *self.0.counts.write() = Counts::default();
    }

    /// The run was planned.
    pub(crate) fn begin(&self, sources: &[OpenedSource], steps: &[PlannedStep], sinks: &BTreeMap<String, Output>) {
        *self.0.counts.write() = Counts {
            sources: sources
                .iter()
                .map(|source| (source.name.clone(), Arc::clone(&source.table)))
                .collect(),
            steps: steps
                .iter()
                .map(|step| (step.name.clone(), StepCounts::default()))
                .collect(),
            sinks: sinks.keys().map(|name| (name.clone(), SinkCounts::default())).collect(),
        };
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

    /// Answers with the number rejected by all steps so far, these included.
    pub(crate) fn add_rejected(&self, step: &str, rows: usize) -> u64 {
        if let Some(counts) = self.0.counts.read().steps.get(step) {
            counts.rejected.fetch_add(rows as u64, Ordering::Relaxed);
        }
        self.0.rejected.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64
    }
}
