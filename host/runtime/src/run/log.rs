//! The log that a run's guests write, bounded in bytes.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::Run;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
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

/// One message of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRecord {
    /// Which plugin said it.
    pub plugin: String,
    /// The step of the job that it works for, if it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How much it matters.
    pub level: Level,
    /// What it said, without secrets.
    pub message: String,
}

/// Takes what guests log, when they log it. Called from the threads that run sandboxes: it should not wait.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(&LogRecord) + Send + Sync>);

impl LogSink {
    /// Hands each record to `take`.
    pub fn new(take: impl Fn(&LogRecord) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    pub(super) fn take(&self, record: &LogRecord) {
        (self.0)(record);
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogSink")
    }
}

/// Bytes that a record is charged besides its message, so that empty messages do not come for free.
const RECORD_OVERHEAD: usize = 64;
/// Longest message that is kept in one piece, in bytes.
pub(super) const MAX_MESSAGE: usize = 8 << 10;

#[derive(Debug, Default)]
pub(super) struct Log {
    records: Vec<LogRecord>,
    bytes: usize,
    dropped: u64,
}

impl Log {
    /// Keeps a record if there is room, and counts it otherwise. Says whether it was kept.
    pub fn push(&mut self, record: &LogRecord, limit: usize) -> bool {
        let size = record.message.len() + RECORD_OVERHEAD;
        if self.bytes + size > limit {
            self.dropped += 1;
            return false;
        }
        self.bytes += size;
        self.records.push(record.clone());
        true
    }

    pub fn records(&self) -> &[LogRecord] {
        &self.records
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Hands a message to the host's own subscribers.
pub(super) fn trace(run: &Run, record: &LogRecord) {
    let (tenant, run) = (run.tenant(), run.id());
    let (plugin, message) = (record.plugin.as_str(), record.message.as_str());
    match record.level {
        Level::Trace => tracing::trace!(target: "tenon::guest", tenant, run, plugin, "{message}"),
        Level::Debug => tracing::debug!(target: "tenon::guest", tenant, run, plugin, "{message}"),
        Level::Info => tracing::info!(target: "tenon::guest", tenant, run, plugin, "{message}"),
        Level::Warn => tracing::warn!(target: "tenon::guest", tenant, run, plugin, "{message}"),
        Level::Error => tracing::error!(target: "tenon::guest", tenant, run, plugin, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut log = Log::default();
        let record = LogRecord {
            plugin: "p".to_owned(),
            step: None,
            level: Level::Info,
            message: "x".repeat(36),
        };
        for _ in 0..100 {
            log.push(&record, 1_000);
        }
        assert_eq!(log.records().len(), 10);
        assert_eq!(log.dropped(), 90);
    }
}
