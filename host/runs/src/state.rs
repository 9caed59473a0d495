//! Where a run stands, and where it can go from there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a run stands. The names are Glue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// In the queue: for the first time, or until its next attempt.
    Waiting,
    /// A server has taken it, and loads plugins, looks at sources, plans.
    Starting,
    /// At work.
    Running,
    /// Asked to stop, and not yet there.
    Stopping,
    /// Stopped by somebody.
    Stopped,
    /// Everything was written.
    Succeeded,
    /// The job failed, and no attempt is left.
    Failed,
    /// Something else than the job failed: its server died, it waited too long, the job was refused.
    Error,
    /// It did not end within its time.
    Timeout,
}

impl State {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Timeout,
    ];

    /// Whether the run has ended.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Succeeded | Self::Failed | Self::Error | Self::Timeout
        )
    }

    /// Whether a server is at it.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }

    /// Whether a run in this state can be in that one next. All changes are checked by this.
    pub fn can_become(self, next: Self) -> bool {
        match self {
            // Taken by a server; stopped, or given up, in the queue.
            Self::Waiting => matches!(next, Self::Starting | Self::Stopped | Self::Error),
            // A small job may have succeeded before anybody has said that it runs. WAITING is the next attempt.
            Self::Starting => matches!(
                next,
                Self::Running
                    | Self::Stopping
                    | Self::Succeeded
                    | Self::Failed
                    | Self::Error
                    | Self::Timeout
                    | Self::Waiting
            ),
            Self::Running => matches!(
                next,
                Self::Stopping | Self::Succeeded | Self::Failed | Self::Error | Self::Timeout | Self::Waiting
            ),
            // It may have been too late to stop it, but there is no next attempt.
            Self::Stopping => matches!(
                next,
                Self::Stopped | Self::Succeeded | Self::Failed | Self::Error | Self::Timeout
            ),
            // Resumed.
            Self::Stopped | Self::Failed | Self::Error | Self::Timeout => next == Self::Waiting,
            Self::Succeeded => false,
        }
    }

    /// The state in capitals.
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
        }
    }

    /// The kind of the event that tells that a run has come here.
    pub fn event(self) -> &'static str {
        match self {
            Self::Waiting => "run.waiting",
            Self::Starting => "run.starting",
            Self::Running => "run.running",
            Self::Stopping => "run.stopping",
            Self::Stopped => "run.stopped",
            Self::Succeeded => "run.succeeded",
            Self::Failed => "run.failed",
            Self::Error => "run.error",
            Self::Timeout => "run.timeout",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str);
            format!("`{text}` is not a state of runs; those are {}", known.join(", "))
        })
    }
}
