//! What a run's sandboxes used, added up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Totals over all sandboxes of a run.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub sandboxes: AtomicU64,
    pub calls: AtomicU64,
    pub cpu_nanos: AtomicU64,
    /// Time in kernels that guests called, which is part of the above.
    pub kernel_nanos: AtomicU64,
    /// Bytes copied into guests.
    pub bytes_in: AtomicU64,
    /// Bytes that guests built or that kernels made for them.
    pub bytes_out: AtomicU64,
    pub rows_in: AtomicU64,
    pub rows_out: AtomicU64,
    pub rows_rejected: AtomicU64,
    pub peak_memory: AtomicU64,
}

/// What a run's sandboxes used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunStatistics {
    /// Sandboxes checked out.
    pub sandboxes: u64,
    /// Calls into guests.
    pub calls: u64,
    /// CPU time inside calls, native kernels included.
    pub cpu: Duration,
    /// Time in native kernels that guests called, which is part of `cpu`.
    pub kernels: Duration,
    /// Bytes of columns copied into guests.
    pub bytes_in: u64,
    /// Bytes of batches that guests built or that kernels made for them.
    pub bytes_out: u64,
    /// Rows handed to `process`.
    pub rows_in: u64,
    /// Rows that came back.
    pub rows_out: u64,
    /// Rows that guests rejected.
    pub rows_rejected: u64,
    /// The largest linear memory that one of the sandboxes had, in bytes.
    pub peak_memory: u64,
}

impl Usage {
    pub fn statistics(&self) -> RunStatistics {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RunStatistics {
            sandboxes: load(&self.sandboxes),
            calls: load(&self.calls),
            cpu: Duration::from_nanos(load(&self.cpu_nanos)),
            kernels: Duration::from_nanos(load(&self.kernel_nanos)),
            bytes_in: load(&self.bytes_in),
            bytes_out: load(&self.bytes_out),
            rows_in: load(&self.rows_in),
            rows_out: load(&self.rows_out),
            rows_rejected: load(&self.rows_rejected),
            peak_memory: load(&self.peak_memory),
        }
    }
}

/// Adds to one of the totals.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
