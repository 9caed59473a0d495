//! What the run offers besides data: log, counters, parameters, secrets, clock, random bytes.

use crate::boundary;
use crate::error::Result;

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Each step of an algorithm.
    Trace,
    /// For whoever develops the plugin.
    Debug,
    /// For whoever runs the job.
    Info,
    /// Something looks wrong, the run goes on.
    Warn,
    /// Something failed.
    Error,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant {
    /// Since the Unix epoch.
    pub seconds: i64,
    /// Of the second that has begun, 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// Writes to the run's log. The macros of the crates `log` and (with the feature `tracing`) `tracing` do so too.
pub fn log(level: Level, message: &str) {
    boundary::log(level, message);
}

/// Adds to a counter of the run's metrics.
pub fn count(metric: &str, amount: f64) {
    boundary::count(metric, amount);
}

/// A job parameter by name, as text.
pub fn parameter(name: &str) -> Option<String> {
    boundary::parameter(name)
}

/// A secret by name.
///
/// # Errors
/// `denied` unless the job was granted it.
pub fn secret(name: &str) -> Result<String> {
    boundary::secret(name)
}

/// The run's clock.
pub fn now() -> Instant {
    boundary::now()
}

/// Random bytes, at most 64 KiB per call.
///
/// # Errors
/// `limit` for more.
pub fn random(bytes: usize) -> Result<Vec<u8>> {
    boundary::random(u32::try_from(bytes).unwrap_or(u32::MAX))
}
