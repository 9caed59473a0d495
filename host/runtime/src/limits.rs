//! What a sandbox may use, and the accounting that holds it to that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;

/// What one run's sandboxes may use. Every limit is named, with its figure, in the error that it causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of linear memory, summed over all memories of a sandbox. Default 256 MiB.
    pub memory: usize,
    /// Elements, summed over all tables of a sandbox. Default 100,000.
    pub table_elements: usize,
    /// CPU time of one call, in milliseconds; time that native kernels spend for the guest counts. Default 30 s.
    pub cpu_per_call_ms: u64,
    /// CPU time of all of a run's sandboxes together, in milliseconds. Default 1 h.
    pub cpu_per_run_ms: u64,
    /// Elapsed time of one call, in milliseconds, for plugins that can wait (those that import WASI). Default 5 min.
    pub wall_per_call_ms: u64,
    /// Elapsed time of a job's script, with everything that it waits for, in milliseconds. Default 48 h.
    pub wall_per_job_ms: u64,
    /// Handles to batches, programs and frames that a sandbox holds at once. Default 10,000.
    pub handles: usize,
    /// Bytes of host memory behind the batches that a sandbox holds. Default 1 GiB.
    pub held_bytes: usize,
    /// Bytes that one call from the guest may pass to the host, or that a kernel may produce. Default 256 MiB.
    pub call_bytes: usize,
    /// Bytes of batches that all of a run's sandboxes together may build. Default 256 GiB.
    pub out_bytes: u64,
    /// Bytes of log messages per run. Default 1 MiB.
    pub log_bytes: usize,
    /// Bytes of state, keys and values, per run. Default 16 MiB.
    pub state_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 256 << 20,
            table_elements: 100_000,
            cpu_per_call_ms: 30_000,
            cpu_per_run_ms: 3_600_000,
            wall_per_call_ms: 300_000,
            wall_per_job_ms: 48 * 3_600_000,
            handles: 10_000,
            held_bytes: 1 << 30,
            call_bytes: 256 << 20,
            out_bytes: 256 << 30,
            log_bytes: 1 << 20,
            state_bytes: 16 << 20,
        }
    }
}

/// A limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{limit}` of {figure} was reached; {advice}")]
pub struct LimitReached {
    /// Its name: that of the field in [`Limits`], where it can be set.
    pub limit: &'static str,
    /// Its figure, with its unit.
    pub figure: String,
    advice: Advice,
}

/// What to do about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    Raise(&'static str),
    Fixed,
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Advice::Raise(setting) if setting.contains('.') => {
                write!(f, "raise `{setting}` if the plugin really needs more")
            }
            Advice::Raise(setting) => write!(f, "raise `limits.{setting}` if the plugin really needs more"),
            Advice::Fixed => f.write_str("it is fixed, the plugin must do with it"),
        }
    }
}

impl LimitReached {
    /// A limit counted in bytes.
    pub(crate) fn bytes(limit: &'static str, figure: usize) -> Self {
        Self::settable(limit, human_bytes(figure as u64))
    }

    /// A limit counted in milliseconds.
    pub(crate) fn millis(limit: &'static str, figure: u64) -> Self {
        Self::settable(limit, format!("{:?}", Duration::from_millis(figure)))
    }

    /// A limit that counts things.
    pub(crate) fn count(limit: &'static str, figure: usize, unit: &str) -> Self {
        Self::settable(limit, format!("{figure} {unit}"))
    }

    /// A limit that no setting moves.
    pub(crate) fn fixed(limit: &'static str, figure: &str) -> Self {
        LimitReached {
            limit,
            figure: figure.to_owned(),
            advice: Advice::Fixed,
        }
    }

    /// A limit of [`Limits`].
    pub(crate) fn settable(limit: &'static str, figure: String) -> Self {
        LimitReached {
            limit,
            figure,
            advice: Advice::Raise(limit),
        }
    }
}

/// `1536` as `1.5 KiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value.fract() == 0.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Answers wasmtime's questions about growth for one sandbox, and remembers what it refused: a guest that is refused
/// memory usually aborts, and the error should name the limit rather than the abort.
#[derive(Debug)]
pub(crate) struct Growth {
    memory: usize,
    table_elements: usize,
    memory_limit: usize,
    table_limit: usize,
    refused: Option<LimitReached>,
}

impl Growth {
    /// Nothing allocated yet.
    pub fn new(limits: &Limits) -> Self {
        Growth {
            memory: 0,
            table_elements: 0,
            memory_limit: limits.memory,
            table_limit: limits.table_elements,
            refused: None,
        }
    }

    /// Puts a run's limits in force. Errors if the sandbox, as instantiated, is past them already.
    pub fn apply(&mut self, limits: &Limits) -> Result<(), LimitReached> {
        self.memory_limit = limits.memory;
        self.table_limit = limits.table_elements;
        self.refused = None;
        if self.memory > limits.memory {
            return Err(LimitReached::bytes("memory", limits.memory));
        }
        if self.table_elements > limits.table_elements {
            return Err(LimitReached::count("table_elements", limits.table_elements, "elements"));
        }
        Ok(())
    }

    /// Linear memory now, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The refusal since the last question, if any.
    pub fn take_refusal(&mut self) -> Option<LimitReached> {
        self.refused.take()
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            self.refused = Some(LimitReached::bytes("memory", self.memory_limit));
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.table_limit {
            self.refused = Some(LimitReached::count("table_elements", self.table_limit, "elements"));
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }
}

/// Host memory behind the batches of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct Held(AtomicUsize);

impl Held {
    /// Takes `bytes` until the charge is dropped. Errors past `limit`.
    pub fn charge(self: &Arc<Self>, bytes: usize, limit: usize) -> Result<Arc<Charge>, LimitReached> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        let charge = Arc::new(Charge {
            bytes,
            held: Arc::clone(self),
        });
        if before.saturating_add(bytes) > limit {
            return Err(LimitReached::bytes("held_bytes", limit));
        }
        Ok(charge)
    }
}

/// Bytes taken from [`Held`], given back when the last batch that needs them is gone.
#[derive(Debug)]
pub(crate) struct Charge {
    bytes: usize,
    held: Arc<Held>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// CPU time of one sandbox: the time that its calls spend inside `poll`, so that waiting and yielding cost nothing.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    origin: Instant,
    /// Nanoseconds from `origin` to the start of the poll under way.
    poll_started: AtomicU64,
    /// Nanoseconds of the call's finished polls.
    call: AtomicU64,
}

impl CpuMeter {
    /// A meter at zero.
    pub fn new() -> Arc<Self> {
        Arc::new(CpuMeter {
            origin: Instant::now(),
            poll_started: AtomicU64::new(0),
            call: AtomicU64::new(0),
        })
    }

    /// A new call begins; its time counts from its first poll.
    pub fn reset(&self) {
        self.call.store(0, Ordering::Relaxed);
    }

    /// Nanoseconds of this call so far, asked from within a poll.
    pub fn now(&self) -> u64 {
        let running = self
            .since_origin()
            .saturating_sub(self.poll_started.load(Ordering::Relaxed));
        self.call.load(Ordering::Relaxed).saturating_add(running)
    }

    /// Nanoseconds of the call's finished polls.
    pub fn spent(&self) -> u64 {
        self.call.load(Ordering::Relaxed)
    }

    /// Counts time that others spent computing for this call.
    pub fn add(&self, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.call.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Measures every poll of a call.
    pub async fn measure<F: Future>(&self, call: F) -> F::Output {
        let mut call = std::pin::pin!(call);
        std::future::poll_fn(|context| {
            self.poll_begins();
            let polled = call.as_mut().poll(context);
            self.call.store(self.now(), Ordering::Relaxed);
            polled
        })
        .await
    }

    fn poll_begins(&self) {
        self.poll_started.store(self.since_origin(), Ordering::Relaxed);
    }

    fn since_origin(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_counts_all_memories_together() {
        let mut growth = Growth::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(growth.memory_growing(0, 60, None).unwrap());
        assert!(
            !growth.memory_growing(0, 60, None).unwrap(),
            "a second memory counts too"
        );
        assert_eq!(growth.take_refusal().unwrap().limit, "memory");
        assert!(growth.memory_growing(60, 100, None).unwrap());
        assert_eq!(growth.memory(), 100);
    }

    #[test]
    fn a_charge_is_given_back_when_dropped() {
        let held = Arc::new(Held::default());
        let first = held.charge(80, 100).unwrap();
        assert_eq!(held.charge(30, 100).unwrap_err().limit, "held_bytes");
        drop(first);
        assert!(held.charge(100, 100).is_ok());
    }

    #[test]
    fn figures_have_units() {
        assert_eq!(human_bytes(1536), "1.5 KiB");
        assert_eq!(human_bytes(256 << 20), "256 MiB");
        let reached = LimitReached::millis("cpu_per_call_ms", 1500);
        assert!(reached.to_string().contains("`cpu_per_call_ms` of 1.5s"), "{reached}");
    }
}
