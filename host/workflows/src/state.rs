//! Where runs of workflows and their nodes stand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenon_runs::State;

use crate::definition::End;

/// Where a run of a workflow stands. The names are Glue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunState {
    /// Nodes are at work, or wait.
    Running,
    /// Every node has ended or was skipped; some may have failed, as the statistics say.
    Completed,
    /// No other node starts, and those at work are asked to stop.
    Stopping,
    /// Somebody stopped it.
    Stopped,
    /// A node failed whose `on_failure` is `stop`.
    Error,
}

/// Where a node of a run stands: as its run does, or WAITING for others, or SKIPPED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum NodeState {
    /// It waits for other nodes; or its run waits in the queue.
    Waiting,
    /// A server has taken its run.
    Starting,
    /// At work.
    Running,
    /// Asked to stop.
    Stopping,
    /// Its run was stopped.
    Stopped,
    /// Its run succeeded.
    Succeeded,
    /// Its run failed.
    Failed,
    /// Its run could not be made, or something else than the job failed.
    Error,
    /// Its run took too long.
    Timeout,
    /// It did not start, and will not.
    Skipped,
}

/// How many nodes stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Statistics {
    /// All of them.
    pub total: u32,
    /// SUCCEEDED.
    pub succeeded: u32,
    /// FAILED.
    pub failed: u32,
    /// ERROR.
    pub error: u32,
    /// TIMEOUT.
    pub timeout: u32,
    /// STOPPED.
    pub stopped: u32,
    /// SKIPPED.
    pub skipped: u32,
    /// With a run that has not ended, be it in the queue.
    pub running: u32,
    /// Without a run as yet.
    pub waiting: u32,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Completed,
        Self::Stopping,
        Self::Stopped,
        Self::Error,
    ];

    /// Whether it is over.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::Stopping)
    }

    /// The state in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Error => "ERROR",
        }
    }
}

impl NodeState {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Timeout,
        Self::Skipped,
    ];

    /// How the node ended, if it has.
    pub fn end(self) -> Option<End> {
        match self {
            Self::Waiting | Self::Starting | Self::Running | Self::Stopping => None,
            Self::Stopped => Some(End::Stopped),
            Self::Succeeded => Some(End::Succeeded),
            Self::Failed => Some(End::Failed),
            Self::Error => Some(End::Error),
            Self::Timeout => Some(End::Timeout),
            Self::Skipped => Some(End::Skipped),
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
            Self::Skipped => "SKIPPED",
        }
    }
}

impl End {
    /// The state in capitals.
    pub fn as_str(self) -> &'static str {
        NodeState::from(self).as_str()
    }
}

impl From<End> for NodeState {
    fn from(end: End) -> Self {
        match end {
            End::Succeeded => Self::Succeeded,
            End::Failed => Self::Failed,
            End::Error => Self::Error,
            End::Timeout => Self::Timeout,
            End::Stopped => Self::Stopped,
            End::Skipped => Self::Skipped,
        }
    }
}

impl From<State> for NodeState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Starting => Self::Starting,
            State::Running => Self::Running,
            State::Stopping => Self::Stopping,
            State::Stopped => Self::Stopped,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Error => Self::Error,
            State::Timeout => Self::Timeout,
        }
    }
}

impl Statistics {
    /// Counts nodes, each by its state and whether it has a run.
    pub(crate) fn of(nodes: impl IntoIterator<Item = (NodeState, bool)>) -> Self {
        let mut counted = Self::default();
        for (state, has_run) in nodes {
            counted.total += 1;
            let count = match state {
                NodeState::Waiting if !has_run => &mut counted.waiting,
                NodeState::Waiting | NodeState::Starting | NodeState::Running | NodeState::Stopping => {
                    &mut counted.running
                }
                NodeState::Stopped => &mut counted.stopped,
                NodeState::Succeeded => &mut counted.succeeded,
                NodeState::Failed => &mut counted.failed,
                NodeState::Error => &mut counted.error,
                NodeState::Timeout => &mut counted.timeout,
                NodeState::Skipped => &mut counted.skipped,
            };
            *count += 1;
        }
        counted
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for RunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is not a state of a workflow's run"))
    }
}

impl FromStr for NodeState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is not a state of a workflow's node"))
    }
}
