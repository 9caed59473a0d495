//! What is recorded of a run.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Loading plugins, looking at sources, planning.
    Starting,
    /// At work.
    Running,
    /// Asked to stop, and not yet there.
    Stopping,
    /// Stopped by somebody; nothing was written.
    Stopped,
    /// Everything was written.
    Succeeded,
    /// The job failed, and nothing was written, unless it failed between the commits of two sinks.
    Failed,
    /// Something else than the job failed: the process died, or the job was refused.
    Error,
    /// It did not end within its time.
    Timeout,
}

impl State {
    /// All states.
    pub const ALL: [State; 8] = [
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Timeout,
    ];

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }

    /// The state in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let known = Self::ALL.map(|state| state.as_str().to_lowercase());
            format!("`{text}` is not a state of runs; those are {}", known.join(", "))
        })
    }
}

/// A plugin that a run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginUsed {
    /// Its name, as the job gives it.
    pub name: String,
    /// SHA-256 of its file.
    pub digest: String,
}

/// What is known of a run when it begins. Secrets belong into neither definition nor arguments.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id, unlike any other. Ids that begin with the time can be told apart by their beginnings.
    pub id: String,
    /// Name of the job.
    pub job: String,
    /// The job, as it was given.
    pub definition: Value,
    /// The values of its parameters.
    pub arguments: Value,
    /// The plugins, as far as they are known; [`History::plugins`](crate::History::plugins) tells more.
    pub plugins: Vec<PluginUsed>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The run that this one repeats.
    pub retry_of: Option<String>,
    /// Name of the machine that it runs on.
    pub host: String,
    /// Number of the process that it runs in.
    pub pid: u32,
}

impl NewRun {
    /// The first attempt of a run in this process.
    pub fn new(id: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            job: job.into(),
            definition: Value::Null,
            arguments: Value::Null,
            plugins: Vec::new(),
            attempt: 1,
            retry_of: None,
            host: crate::host_name(),
            pid: std::process::id(),
        }
    }
}

/// Why a run did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong, as a sentence.
    pub sentence: String,
    /// What sort of failure it is, for programs: "refused", "limit".
    pub kind: String,
    /// What caused it, from the outside in.
    pub chain: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A final state.
    pub state: State,
    /// Why it did not succeed.
    pub error: Option<Failure>,
    /// The run's report.
    pub report: Value,
}

impl Outcome {
    /// An end without error and report.
    pub fn new(state: State) -> Self {
        Self {
            state,
            error: None,
            report: Value::Null,
        }
    }

    /// Adds why it did not succeed.
    #[must_use]
    pub fn error(mut self, error: Failure) -> Self {
        self.error = Some(error);
        self
    }

    /// Adds the report.
    #[must_use]
    pub fn report(mut self, report: Value) -> Self {
        self.report = report;
        self
    }
}

/// How much a run logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// Lines that are kept.
    pub lines: u64,
    /// What they are charged, in bytes.
    pub bytes: u64,
    /// Lines that came after the log was full.
    pub dropped: u64,
}

/// A run, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Name of the job.
    pub job: String,
    /// Where it stands.
    pub state: State,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The run that it repeats.
    pub retry_of: Option<String>,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When something was last heard of it.
    pub updated: DateTime<Utc>,
    /// When it ended; for one whose process died, when that was last heard of.
    pub ended: Option<DateTime<Utc>>,
    /// When its bookmarks and state became current, if they did.
    pub committed: Option<DateTime<Utc>>,
    /// Name of the machine.
    pub host: String,
    /// Number of the process.
    pub pid: u32,
    /// The plugins that it used.
    pub plugins: Vec<PluginUsed>,
    /// The job, as it was given.
    pub definition: Value,
    /// The values of its parameters.
    pub arguments: Value,
    /// How far it came, while it was under way.
    pub progress: Option<Value>,
    /// Why it did not succeed.
    pub error: Option<Failure>,
    /// Its report, once it has ended.
    pub report: Option<Value>,
    /// How much it logged.
    pub log: LogSummary,
}

impl Run {
    /// How long it took, or has been at work so far.
    pub fn duration(&self) -> std::time::Duration {
        let end = self.ended.unwrap_or_else(Utc::now);
        (end - self.began).to_std().unwrap_or_default()
    }
}

/// Which runs to list. The default is the latest hundred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Only of this job.
    pub job: Option<String>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only those that began at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those recorded before this run: the last of one page begins the next.
    pub before: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            job: None,
            state: None,
            since: None,
            before: None,
            limit: 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_written_in_capitals_and_read_in_any() {
        for state in State::ALL {
            assert_eq!(state.as_str().to_lowercase().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert!("done".parse::<State>().unwrap_err().contains("succeeded"));
    }
}
