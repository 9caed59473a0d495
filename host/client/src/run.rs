//! Runs, as far as most who ask look into them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The job.
    pub job: String,
    /// Where it stands.
    pub state: RunState,
    /// Which attempt it is in, from 1; 0 before the first.
    #[serde(default)]
    pub attempt: u32,
    /// When it began, as RFC 3339.
    #[serde(default)]
    pub started: Option<String>,
    /// When it ended, as RFC 3339.
    #[serde(default)]
    pub ended: Option<String>,
    /// Why it did not succeed.
    #[serde(default)]
    pub error: Option<Failure>,
    /// What else the server says: `arguments`, `progress`, `report`, `usage` and more.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunState {
    /// In the queue.
    Waiting,
    /// Taken up by a server.
    Starting,
    /// At work.
    Running,
    /// Asked to stop.
    Stopping,
    /// Ended since it was asked to.
    Stopped,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Refused: it could not begin.
    Error,
    /// Ended since it took too long.
    Timeout,
    /// One that this client does not know; it is not final.
    #[serde(other)]
    Unknown,
}

/// Why a run did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong, as a sentence.
    pub sentence: String,
    /// What sort of failure it is, for programs: "refused", "limit".
    #[serde(default)]
    pub kind: String,
    /// What caused it, from the outside in.
    #[serde(default)]
    pub chain: Vec<String>,
    /// What probably lies behind it, and what to do.
    #[serde(default)]
    pub likely_cause: Option<String>,
    /// What else the server says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number in the run, by which it is read on from there.
    pub number: u64,
    /// When it was said, as RFC 3339.
    pub time: String,
    /// In which attempt.
    #[serde(default)]
    pub attempt: u32,
    /// How much it matters: `info`.
    pub level: String,
    /// Which step it is about.
    #[serde(default)]
    pub step: Option<String>,
    /// What was said.
    pub message: String,
    /// What else the server says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl RunState {
    /// Whether a run in it has ended.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Succeeded | Self::Failed | Self::Error | Self::Timeout
        )
    }

    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_the_server_says_is_lost() {
        let said = serde_json::json!({
            "id": "run_1", "job": "copy", "state": "TIMEOUT", "attempt": 2, "started": null, "ended": null,
            "error": { "sentence": "it took too long", "kind": "timeout", "chain": [], "likely_cause": null,
                       "may_pass": true },
            "usage": { "rows_in": 3 }, "tenant": "shop",
        });
        let run: Run = serde_json::from_value(said.clone()).expect("a run");
        assert!(run.state.is_final());
        assert_eq!(serde_json::to_value(&run).expect("JSON"), said);
        let other: RunState = serde_json::from_str("\"DREAMING\"").expect("a state");
        assert!(!other.is_final());
    }
}
