//! The one error of this crate.

use tenon_metadata::ErrorKind;
use thiserror::Error;

use crate::State;

/// Why a job or a run could not be changed or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database does not do it.
    #[error(transparent)]
    Database(#[from] tenon_metadata::Error),

    /// The tenant has no such job.
    #[error("there is no job `{job}`")]
    UnknownJob {
        /// Its name.
        job: String,
    },

    /// The tenant has no such run.
    #[error("there is no run `{run}`")]
    UnknownRun {
        /// Its id.
        run: String,
    },

    /// A field makes no sense.
    #[error("`{field}` is not right: {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// The job has been changed by somebody else.
    #[error("the job `{job}` has version {found}, not {expected}: read it again, and change that")]
    JobChanged {
        /// Its name.
        job: String,
        /// The version that was to be changed.
        expected: i64,
        /// The version it has.
        found: i64,
    },

    /// A job cannot be removed while its runs are under way.
    #[error("the job `{job}` has {runs} runs that wait or are at work: stop them first")]
    JobBusy {
        /// Its name.
        job: String,
        /// How many.
        runs: i64,
    },

    /// The idempotency key belongs to another request.
    #[error("the idempotency key `{key}` was used for another request, which made the run `{run}`: take a new key")]
    KeyTaken {
        /// The key.
        key: String,
        /// The run that was made with it.
        run: String,
    },

    /// The tenant's queue is full.
    #[error(
        "the tenant `{tenant}` has {queued} runs in the queue, and may have {limit} (`queued_runs`): try again in \
         {retry_after} s"
    )]
    QueueFull {
        /// The tenant.
        tenant: String,
        /// Runs in the queue.
        queued: i64,
        /// How many may be.
        limit: i64,
        /// When to try again, in seconds.
        retry_after: u64,
    },

    /// Runs cause one another without end.
    #[error("the run would be number {depth} in a chain of runs caused by events, and {limit} may be")]
    TooDeep {
        /// Its place in the chain.
        depth: u32,
        /// The longest chain.
        limit: u32,
    },

    /// The run can't go there from where it stands.
    #[error("the run `{run}` is {state} and cannot become {next}")]
    Transition {
        /// Its id.
        run: String,
        /// Where it stands.
        state: State,
        /// Where it was to go.
        next: State,
    },

    /// Only what has ended can be run once more.
    #[error("the run `{run}` is {state}, so it cannot be run once more yet: wait until it has ended, or stop it")]
    NotEnded {
        /// Its id.
        run: String,
        /// Where it stands.
        state: State,
    },

    /// A run has to end in a final state.
    #[error("the run `{run}` cannot end as {state}: that is not a final state")]
    NotFinal {
        /// Its id.
        run: String,
        /// The state.
        state: State,
    },

    /// The run is not the server's any more.
    #[error("the server `{server}` does not hold the run `{run}` any more: it has to let go of it")]
    Fenced {
        /// The run.
        run: String,
        /// The server that held it.
        server: String,
    },

    /// A server is at the run.
    #[error("the run `{run}` is {state}: the server that is at it decides its commit")]
    AtWork {
        /// Its id.
        run: String,
        /// Where it stands.
        state: State,
    },

    /// The server is held to be dead.
    #[error(
        "the server `{server}` was held to be dead, and its runs were taken over: it has to drop them and join again"
    )]
    ServerLost {
        /// Its id.
        server: String,
    },

    /// Another run of the job stands between the phases of its commit.
    #[error(
        "the run `{run}` of the job `{job}` is still to be committed or aborted, so nothing else can change what the job \
         knows of its sources"
    )]
    Undecided {
        /// The job.
        job: String,
        /// The run that is in the way.
        run: String,
    },

    /// The job's bookmarks moved while the run was under way.
    #[error(
        "another run moved the bookmarks of the job `{job}` while the run `{run}` was under way; what it read was \
         processed already: run it again"
    )]
    Overtaken {
        /// The job.
        job: String,
        /// The run that came too late.
        run: String,
    },

    /// The run was not prepared.
    #[error("the run `{run}` cannot be committed: nothing was prepared for it, or it was aborted")]
    NotPrepared {
        /// Its id.
        run: String,
    },

    /// The job has no bookmark to rewind to.
    #[error(
        "the run `{run}` set no bookmark of the job `{job}` that is still kept; of each source the last {kept} are"
    )]
    TooOld {
        /// The job.
        job: String,
        /// The run to rewind to.
        run: String,
        /// Bookmarks that are kept per source.
        kept: i64,
    },

    /// A job's guests keep more between runs than they may.
    #[error("the job `{job}` would keep {bytes} bytes of state, more than its limit `state_bytes_per_job` of {limit}")]
    StateFull {
        /// The job.
        job: String,
        /// What it would keep, in bytes, with 64 for each entry.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },

    /// A value in the database is not what this crate writes.
    #[error("the database holds a value that cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind(),
            Self::UnknownJob { .. } | Self::UnknownRun { .. } => ErrorKind::NotFound,
            Self::Invalid { .. } | Self::NotFinal { .. } => ErrorKind::Invalid,
            Self::JobChanged { .. }
            | Self::JobBusy { .. }
            | Self::KeyTaken { .. }
            | Self::Transition { .. }
            | Self::NotEnded { .. }
            | Self::Fenced { .. }
            | Self::AtWork { .. }
            | Self::ServerLost { .. }
            | Self::Undecided { .. }
            | Self::Overtaken { .. }
            | Self::NotPrepared { .. }
            | Self::TooOld { .. } => ErrorKind::Conflict,
            Self::QueueFull { .. } | Self::TooDeep { .. } | Self::StateFull { .. } => ErrorKind::Limit,
            Self::Unreadable { .. } => ErrorKind::Internal,
        }
    }

    /// When to try again, in seconds, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::QueueFull { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
