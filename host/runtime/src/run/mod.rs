//! What one run of a job grants to its sandboxes, and what it collects from them.

mod builder;
mod clock;
mod log;
mod state;
mod usage;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

pub use builder::RunBuilder;
pub use clock::{Clock, Randomness};
pub use log::{Level, LogRecord, LogSink};
pub use usage::RunStatistics;

use crate::error::clip;
use crate::http::HttpGrant;
use crate::limits::{LimitReached, Limits};
use log::Log;
use parking_lot::Mutex;
use state::State;
use usage::Usage;
pub(crate) use usage::add;

/// Names of counters that a run keeps.
const MAX_COUNTERS: usize = 1_000;
/// Bytes of a counter's name.
const MAX_COUNTER_NAME: usize = 128;

/// One run: whose it is, what its sandboxes may do, and what they left behind. Everything is denied until granted.
///
/// All sandboxes of a run share one `Run`; limits that are counted per run (CPU time, bytes out, log, state) hold for
/// all of them together.
pub struct Run {
    tenant: String,
    id: String,
    limits: Limits,
    parameters: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    http: Vec<HttpGrant>,
    clock: Clock,
    randomness: Mutex<Randomness>,
    log: Mutex<Log>,
    log_sink: Option<LogSink>,
    counters: Mutex<BTreeMap<String, f64>>,
    state: Mutex<State>,
    pub(crate) usage: Usage,
}

impl Run {
    /// Starts a run that is granted nothing.
    pub fn builder(tenant: impl Into<String>, id: impl Into<String>) -> RunBuilder {
        RunBuilder::new(tenant.into(), id.into())
    }

    /// Whose run it is. Sandboxes in demand are shared fairly between tenants.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What its sandboxes may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the guests logged, oldest first, up to the log limit.
    pub fn logs(&self) -> Vec<LogRecord> {
        self.log.lock().records().to_vec()
    }

    /// Messages that were dropped because the log was full.
    pub fn dropped_logs(&self) -> u64 {
        self.log.lock().dropped()
    }

    /// What the guests counted.
    pub fn counters(&self) -> BTreeMap<String, f64> {
        self.counters.lock().clone()
    }

    /// The job's state as the guests left it, to be saved with the run's commit.
    pub fn state(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().snapshot()
    }

    /// What its sandboxes used so far.
    pub fn statistics(&self) -> RunStatistics {
        self.usage.statistics()
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    pub(crate) fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    pub(crate) fn http_grants(&self) -> &[HttpGrant] {
        &self.http
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn fill_random(&self, bytes: &mut [u8]) {
        self.randomness.lock().fill(bytes);
    }

    /// Keeps a message, clipped and without the secrets that it may hold. What the run's log has no room for does not
    /// go to the host's own log either, which may be a disk.
    pub(crate) fn log(&self, plugin: &str, step: Option<&str>, level: Level, message: &str) {
        let message = self.tell(message, log::MAX_MESSAGE);
        let record = LogRecord {
            plugin: plugin.to_owned(),
            step: step.map(str::to_owned),
            level,
            message,
        };
        let kept = self.log.lock().push(&record, self.limits.log_bytes);
        if kept {
            log::trace(self, &record);
            if let Some(sink) = &self.log_sink {
                sink.take(&record);
            }
        }
    }

    /// A guest's text for people: without this run's secrets, and then clipped, so that no half of one is left.
    pub(crate) fn tell(&self, text: &str, max: usize) -> String {
        clip(&self.redact(text), max)
    }

    /// Replaces the values of this run's secrets in a text; the longest first, as one may hold another.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found: Vec<_> = self
            .secrets
            .iter()
            .filter(|(_, value)| !value.is_empty() && text.contains(value.as_str()))
            .collect();
        found.sort_by_key(|(_, value)| Reverse(value.len()));
        found.into_iter().fold(Cow::Borrowed(text), |text, (name, value)| {
            Cow::Owned(text.replace(value.as_str(), &format!("<secret {name}>")))
        })
    }

    pub(crate) fn count(&self, name: &str, amount: f64) {
        let name = &name[..name.floor_char_boundary(MAX_COUNTER_NAME)];
        let mut counters = self.counters.lock();
        if let Some(counter) = counters.get_mut(name) {
            *counter += amount;
        } else if counters.len() < MAX_COUNTERS {
            counters.insert(name.to_owned(), amount);
        }
    }

    pub(crate) fn state_get(&self, key: &str) -> Option<Vec<u8>> {
        self.state.lock().get(key)
    }

    pub(crate) fn state_put(&self, key: String, value: Vec<u8>) -> Result<(), LimitReached> {
        self.state.lock().put(key, value, self.limits.state_bytes)
    }

    pub(crate) fn state_delete(&self, key: &str) {
        self.state.lock().delete(key);
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_never_hold_a_secret() {
        let run = Run::builder("t", "r").secret("key", "hunter2").build();
        run.log("p", None, Level::Info, "the key is hunter2!");
        assert_eq!(run.logs()[0].message, "the key is <secret key>!");
        assert!(!format!("{run:?}").contains("hunter2"));
    }

    #[test]
    fn counters_add_up_and_are_bounded() {
        let run = Run::builder("t", "r").build();
        run.count("rows", 2.0);
        run.count("rows", 3.0);
        for i in 0..2 * MAX_COUNTERS {
            run.count(&format!("c{i}"), 1.0);
        }
        assert_eq!(run.counters().len(), MAX_COUNTERS);
        assert!((run.counters()["rows"] - 5.0).abs() < f64::EPSILON);
    }
}
