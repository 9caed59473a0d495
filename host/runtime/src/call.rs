//! What every call into a guest begins and ends with.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wasmtime::Store;

use crate::host::SandboxState;
use crate::limits::LimitReached;
use crate::pool::Pool;
use crate::run::{Run, add};

/// Ties a warm store to a run, for the rest of its life. Errors if the instance is past the run's limits already.
pub(crate) fn tie(store: &mut Store<SandboxState>, run: &Arc<Run>) -> Result<(), LimitReached> {
    let bound = store.data_mut().bind(run);
    store.set_hostcall_fuel(run.limits().call_bytes);
    store.set_max_component_handles(run.limits().handles);
    // What starting it cost, whoever did that.
    add(&run.usage.cpu_nanos, store.data().cpu.spent());
    bound
}

/// Makes a store ready for a call. Errors if the run has used up its CPU time: calls too short to be interrupted add up
/// as well.
pub(crate) fn ready(store: &mut Store<SandboxState>, run: &Run) -> Result<(), LimitReached> {
    let limit = run.limits().cpu_per_run_ms;
    if run.usage.cpu_nanos.load(Ordering::Relaxed) >= limit.saturating_mul(1_000_000) {
        return Err(LimitReached::millis("cpu_per_run_ms", limit));
    }
    store.data_mut().forget_misfortunes();
    store.set_epoch_deadline(1);
    store.data().cpu.reset();
    Ok(())
}

/// Books what a call used; answers with its CPU time.
pub(crate) fn book(store: &Store<SandboxState>, run: &Run, pool: &Pool) -> Duration {
    let usage = &run.usage;
    let spent = store.data().cpu.spent();
    add(&usage.calls, 1);
    add(&usage.cpu_nanos, spent);
    pool.metrics.call_seconds.record(spent as f64 / 1e9);
    let memory = store.data().growth.memory() as u64;
    usage.peak_memory.fetch_max(memory, Ordering::Relaxed);
    Duration::from_nanos(spent)
}
