//! What is to be done: sources, steps and sinks that form a graph.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tenon_connect::{Bookmark, SinkConfig, SourceConfig};
use tenon_job::Threshold;
use tenon_runtime::{HttpGrant, Limits, LogSink};

use crate::function::ScalarFunction;
use crate::script::Script;
use crate::step::Step;

/// Sources, steps and sinks that form a graph, and what its plugins may do.
///
/// Sources and steps share one space of names, by which steps and sinks say what they read.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name of the job.
    pub name: String,
    /// Whose run it is: sandboxes are shared fairly between tenants. By default everything is one tenant's.
    pub tenant: String,
    /// Id of the run; one is made up by default. No two runs may have the same.
    pub run: Option<String>,
    /// The component that drives the job, if one does: then there are no steps and sinks, and the sources are what it may
    /// read by name.
    pub script: Option<Script>,
    /// What is read.
    pub sources: BTreeMap<String, SourceConfig>,
    /// Sources of which only what is new is read, by name.
    pub incremental: BTreeMap<String, Incremental>,
    /// The window of its micro-batches, if it has any: [`Engine::stream`](crate::Engine::stream) begins one after the
    /// other, and [`Engine::run`](crate::Engine::run) is one of them. None by default.
    pub stream: Option<Duration>,
    /// Which micro-batch of its run this is, from 1, where the run has several: it tells apart what they write. None by
    /// default.
    pub batch: Option<u64>,
    /// What is done with the rows.
    pub steps: BTreeMap<String, Step>,
    /// Functions of plugins that expressions and queries may call, by the name by which they do.
    pub functions: BTreeMap<String, ScalarFunction>,
    /// What messages call the files of its plugins; by default their paths.
    pub names: BTreeMap<PathBuf, String>,
    /// Where rows go.
    pub sinks: BTreeMap<String, Output>,
    /// Targets that hold nothing but what earlier runs have written in whose place this one comes: what is there is
    /// replaced, where a sink's mode would refuse to write or leave it. None by default.
    pub own: Vec<SinkConfig>,
    /// Runs of this job that died with nothing decided, of which a script's targets may still hold something. Nobody knows
    /// where a script writes before it does: then what they have left there is removed.
    /// [`Engine::forget`](crate::Engine::forget) does it for the job's own sinks. None by default.
    pub dead: Vec<String>,
    /// Rejected rows at which the run fails; any number is fine by default.
    pub max_rejects: Option<MaxRejects>,
    /// Partitions that run side by side; one per core by default. A job with a function that keeps state gets one.
    pub partitions: Option<usize>,
    /// What plugins may ask for by name.
    pub parameters: BTreeMap<String, String>,
    /// What its guests have kept for this run, by key. What they keep for the next one is in the
    /// [`Commitment`](crate::Commitment) that the [`Ledger`](crate::Ledger) is given: a run that does not commit leaves
    /// nothing.
    pub state: BTreeMap<String, Vec<u8>>,
    /// Secrets that plugins are granted, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Hosts that plugins may send HTTP requests to.
    pub http: Vec<HttpGrant>,
    /// What the sandboxes may use.
    pub limits: Limits,
    /// Memory for sorting, joining, aggregating and waiting rows, in bytes; past it they go to disk. A quarter of the
    /// machine's memory by default.
    pub memory: Option<usize>,
    /// Time after which the run is given up; none by default.
    pub timeout: Option<Duration>,
    /// What to do when a run fails for a reason that may pass.
    pub retries: Retries,
    /// Keeps the batch that a plugin's function failed on if it takes no more than so many bytes: the error
    /// [has it](crate::Error::failed_batch). None is kept by default.
    pub keep_failed: Option<usize>,
    /// Takes what its guests log, while they run.
    pub log: Option<LogSink>,
}

impl Job {
    /// A job that does nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tenant: "local".to_owned(),
            run: None,
            script: None,
            sources: BTreeMap::new(),
            incremental: BTreeMap::new(),
            stream: None,
            batch: None,
            steps: BTreeMap::new(),
            functions: BTreeMap::new(),
            names: BTreeMap::new(),
            sinks: BTreeMap::new(),
            own: Vec::new(),
            dead: Vec::new(),
            max_rejects: None,
            partitions: None,
            parameters: BTreeMap::new(),
            state: BTreeMap::new(),
            secrets: BTreeMap::new(),
            http: Vec::new(),
            limits: Limits::default(),
            memory: None,
            timeout: None,
            retries: Retries::default(),
            keep_failed: None,
            log: None,
        }
    }

    /// Adds a source, or replaces the one of this name.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>, config: impl Into<SourceConfig>) -> Self {
        self.sources.insert(name.into(), config.into());
        self
    }

    /// Adds a step, or replaces the one of this name.
    #[must_use]
    pub fn step(mut self, name: impl Into<String>, step: impl Into<Step>) -> Self {
        self.steps.insert(name.into(), step.into());
        self
    }

    /// Lets expressions and queries call a function of a plugin by this name.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, function: ScalarFunction) -> Self {
        self.functions.insert(name.into(), function);
        self
    }

    /// Adds a sink for the rows of a source or step.
    #[must_use]
    pub fn sink(mut self, name: impl Into<String>, from: impl Into<String>, to: impl Into<SinkConfig>) -> Self {
        let (feed, to) = (Feed::Rows(from.into()), to.into());
        self.sinks.insert(name.into(), Output { feed, to });
        self
    }

    /// Adds a sink for the rows that a plugin step or a source rejects, or that another sink's table refuses.
    #[must_use]
    pub fn rejects(mut self, name: impl Into<String>, of: impl Into<String>, to: impl Into<SinkConfig>) -> Self {
        let (feed, to) = (Feed::RejectsOf(of.into()), to.into());
        self.sinks.insert(name.into(), Output { feed, to });
        self
    }

    /// What messages call the file of a plugin.
    pub(crate) fn shown(&self, plugin: &Path) -> String {
        let named = self.names.get(plugin).cloned();
        named.unwrap_or_else(|| plugin.display().to_string())
    }

    /// The target of a sink as this run writes to it.
    pub(crate) fn target(&self, to: &SinkConfig) -> SinkConfig {
        let mut target = to.clone();
        if self.own.iter().any(|own| own.is_same_target(to)) {
            target.overwrite();
        }
        target
    }
}

/// How much of a source is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Incremental {
    /// What earlier runs have read; nothing by default.
    pub since: Bookmark,
    /// Of files, reads at most so many, the oldest first; any number by default.
    pub max_files: Option<usize>,
    /// Of files, reads at most so many bytes, as stored, but always one file; any number by default.
    pub max_bytes: Option<u64>,
}

impl Incremental {
    /// What a job file says of a source, before anything of it was read.
    pub fn of(source: &tenon_job::Source) -> Self {
        Self {
            since: Bookmark::None,
            max_files: source.max_files.map(|files| files.get() as usize),
            max_bytes: source.max_bytes.map(|size| size.0),
        }
    }
}

/// A sink and what goes there.
#[derive(Debug, Clone)]
pub struct Output {
    /// Which rows.
    pub feed: Feed,
    /// Where to.
    pub to: SinkConfig,
}

/// Which rows go to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// The rows of a source or a step.
    Rows(String),
    /// The rows that a plugin step rejects: its input's columns, then the step, the row and the reason. Or those that a
    /// source can't read and leaves out, as it is configured: file and row as it stands there, then the source, the line
    /// and the reason. Or those that the table of a sink refuses: the sink's columns, then the sink, the row among those
    /// that it refuses, and the reason.
    RejectsOf(String),
}

/// How many rows may be rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRejects {
    /// So many.
    Rows(u64),
    /// So many of the rows that were read: from 0 for none to 1 for all. Looked at when all rows were read.
    Share(f64),
}

impl From<Threshold> for MaxRejects {
    fn from(limit: Threshold) -> Self {
        match limit {
            Threshold::Count(rows) => Self::Rows(rows),
            Threshold::Share(share) => Self::Share(share.0),
        }
    }
}

/// What to do when a run fails for a reason that may pass, such as a server that does not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Retries {
    /// Tries after the first; 3 by default.
    pub max: u32,
    /// Pause before the first of them; 1 second by default.
    pub initial: Duration,
    /// By how much each pause is longer than the one before; 2 by default.
    pub factor: f64,
    /// Longest pause; 1 minute by default.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max: 3,
            initial: Duration::from_secs(1),
            factor: 2.0,
            longest: Duration::from_secs(60),
        }
    }
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let mut job = Job::new("j");
        job.secrets.insert("key".to_owned(), Secret::new("hunter2"));
        assert!(!format!("{job:?}").contains("hunter2"));
    }
}
