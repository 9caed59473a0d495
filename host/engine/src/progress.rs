//! What a run has done so far, for whoever watches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Counts of a run that goes on. Clones watch the same run.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    phase: AtomicU8,
    rows_in: AtomicU64,
    rows_out: AtomicU64,
    rows_rejected: AtomicU64,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Loading the plugin, finding files, inferring columns.
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

    /// Rows that the function has taken.
    pub fn rows_in(&self) -> u64 {
        self.0.rows_in.load(Ordering::Relaxed)
    }

    /// Rows that were handed to the sink.
    pub fn rows_out(&self) -> u64 {
        self.0.rows_out.load(Ordering::Relaxed)
    }

    /// Rows that the function has rejected.
    pub fn rows_rejected(&self) -> u64 {
        self.0.rows_rejected.load(Ordering::Relaxed)
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn add_in(&self, rows: usize) {
        self.0.rows_in.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_out(&self, rows: usize) {
        self.0.rows_out.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Answers with the number rejected so far, these included.
    pub(crate) fn add_rejected(&self, rows: usize) -> u64 {
        self.0.rows_rejected.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64
    }
}
