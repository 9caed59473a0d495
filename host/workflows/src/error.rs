//! The one error of this crate.

use tenon_metadata::ErrorKind;
use thiserror::Error;

use crate::RunState;

/// Why a workflow or a run of one could not be changed or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database does not do it.
    #[error(transparent)]
    Database(#[from] tenon_metadata::Error),

    /// A job's run could not be looked at or changed.
    #[error(transparent)]
    Runs(#[from] tenon_runs::Error),

    /// The definition makes no sense.
    #[error("the workflow `{workflow}` is not right: {}", .problems.join("; "))]
    Invalid {
        /// Its name.
        workflow: String,
        /// What is wrong, a sentence each.
        problems: Vec<String>,
    },

    /// The tenant has no such workflow.
    #[error("there is no workflow `{workflow}`{hint}")]
    UnknownWorkflow {
        /// Its name.
        workflow: String,
        /// "; did you mean `b`?", or nothing.
        hint: String,
    },

    /// The workflow never had this version.
    #[error("the workflow `{workflow}` has no version {version}")]
    UnknownVersion {
        /// Its name.
        workflow: String,
        /// The version.
        version: i64,
    },

    /// The tenant has no such run of a workflow.
    #[error("there is no run `{run}` of a workflow")]
    UnknownRun {
        /// Its id.
        run: String,
    },

    /// The run's workflow has no such node.
    #[error("the run `{run}` has no node `{node}`{hint}")]
    UnknownNode {
        /// The run's id.
        run: String,
        /// The node.
        node: String,
        /// "; did you mean `b`?", or nothing.
        hint: String,
    },

    /// Somebody else has changed the workflow.
    #[error("the workflow `{workflow}` has version {found}, not {expected}: read it again, and change that")]
    Changed {
        /// Its name.
        workflow: String,
        /// The version that was to be changed.
        expected: i64,
        /// The version that it has; 0 if it is not there.
        found: i64,
    },

    /// A workflow cannot be removed while its runs are under way.
    #[error("the workflow `{workflow}` has {runs} runs under way: stop them first")]
    Busy {
        /// Its name.
        workflow: String,
        /// How many.
        runs: i64,
    },

    /// As many runs are under way as may be.
    #[error(
        "the workflow `{workflow}` has {runs} runs under way, and may have {limit} (`max_concurrent_runs`): try again \
         once one has ended"
    )]
    TooManyRuns {
        /// Its name.
        workflow: String,
        /// How many.
        runs: i64,
        /// How many may be.
        limit: u32,
    },

    /// The idempotency key belongs to another request.
    #[error("the idempotency key `{key}` was used for another request, which started `{run}`: take a new key")]
    KeyTaken {
        /// The key.
        key: String,
        /// The run that was started with it.
        run: String,
    },

    /// A field makes no sense.
    #[error("`{field}` is not right: {reason}")]
    Field {
        /// Which field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The run is not where it would have to be.
    #[error("the run `{run}` is {state}, so it cannot be {doing}")]
    State {
        /// Its id.
        run: String,
        /// Where it stands.
        state: RunState,
        /// "stopped", "resumed".
        doing: &'static str,
    },

    /// There is nothing to resume.
    #[error("no node of the run `{run}` failed or was stopped: say which nodes to run again")]
    NothingToResume {
        /// Its id.
        run: String,
    },

    /// What the database holds is not what this crate writes.
    #[error("the run `{run}` cannot be read: {reason}")]
    Unreadable {
        /// The run's id, or the workflow's name.
        run: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind(),
            Self::Runs(error) => error.kind(),
            Self::Invalid { .. } | Self::Field { .. } | Self::NothingToResume { .. } => ErrorKind::Invalid,
            Self::UnknownWorkflow { .. }
            | Self::UnknownVersion { .. }
            | Self::UnknownRun { .. }
            | Self::UnknownNode { .. } => ErrorKind::NotFound,
            Self::Changed { .. } | Self::Busy { .. } | Self::KeyTaken { .. } | Self::State { .. } => {
                ErrorKind::Conflict
            }
            Self::TooManyRuns { .. } => ErrorKind::Limit,
            Self::Unreadable { .. } => ErrorKind::Internal,
        }
    }
}
