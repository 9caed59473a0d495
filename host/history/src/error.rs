//! The one error of this crate.

use std::io;
use std::path::PathBuf;

/// Why the history could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No environment variable says where the history is to be.
    #[error("there is no place for the history: neither TENON_HOME nor HOME is set; set TENON_HOME to a folder")]
    NoFolder,

    /// A file or folder could not be made, read or written.
    #[error("{action} {path} failed: {source}; the history needs a folder that it may write to, see TENON_HOME")]
    Io {
        /// What was being done: "making the folder".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The database may be read but not written.
    #[error(
        "the history {file} is read-only: make the file and its folder writable, or set TENON_HOME to another folder"
    )]
    ReadOnly {
        /// The database.
        file: PathBuf,
    },

    /// There is no room for what was to be written.
    #[error(
        "there is no room for the history {file}: free space on its disk, remove old runs, or set TENON_HOME to \
         another folder"
    )]
    Full {
        /// The database.
        file: PathBuf,
    },

    /// Other processes wrote for longer than this one waits.
    #[error("the history {file} is in use by other processes: try again once they have ended")]
    Busy {
        /// The database.
        file: PathBuf,
    },

    /// The database is damaged. The next [`History::open`](crate::History::open) checks it and moves it aside.
    #[error("the history {file} is damaged: the next command checks it, and moves it aside if it cannot be read")]
    Damaged {
        /// The database.
        file: PathBuf,
    },

    /// The database was made by a newer Tenon.
    #[error(
        "the history {file} has version {found}, made by a newer Tenon; this one reads up to version {known}: update \
         it, or set TENON_HOME to another folder"
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this build knows.
        known: i64,
    },

    /// The file is a database of another program.
    #[error("{file} is a database of another program: move it away, or set TENON_HOME to another folder")]
    Foreign {
        /// The database.
        file: PathBuf,
    },

    /// SQLite failed in another way.
    #[error("the history {file} cannot be used: {source}")]
    Database {
        /// The database.
        file: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },

    /// A value in the database is not what this crate writes.
    #[error("the history {file} holds a value that cannot be read: {reason}; remove the run that it belongs to")]
    Unreadable {
        /// The database.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Nothing was ever recorded, or everything was removed.
    #[error("no run is recorded in {file} yet")]
    NoRuns {
        /// The database.
        file: PathBuf,
    },

    /// No run has this id, and none has an id that begins so.
    #[error("no run `{run}` is recorded; `tenon runs` lists those that are")]
    UnknownRun {
        /// The id, or its beginning.
        run: String,
    },

    /// Several runs have ids that begin so.
    #[error("`{prefix}` is the beginning of several runs: {}; give more of the id", .matches.join(", "))]
    AmbiguousRun {
        /// The beginning.
        prefix: String,
        /// Some of the runs.
        matches: Vec<String>,
    },

    /// The run is there already.
    #[error("the run `{run}` is recorded already; ids have to be unique")]
    RunExists {
        /// Its id.
        run: String,
    },

    /// A run has to end in a final state.
    #[error("the run `{run}` cannot end as {state}: that is not a final state")]
    NotFinal {
        /// Its id.
        run: String,
        /// The state.
        state: crate::State,
    },

    /// Another run of the job stands between the phases of its commit.
    #[error(
        "the run `{run}` of the job `{job}` is still to be committed or aborted, so no other run of it can be; if it \
         is gone, its sinks say which"
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

    /// A batch is larger than everything that a run may keep.
    #[error("a batch of {bytes} bytes is not kept: a run may keep {limit}, the limit `kept_bytes_per_run`")]
    BatchTooLarge {
        /// Its size, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },

    /// No such batch is kept.
    #[error("no kept batch has the number {number}; it may have made room for newer ones")]
    UnknownBatch {
        /// Its number.
        number: i64,
    },
}

/// What goes wrong while the database is at work, before the file is named.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Value(String),
    Own(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl Fault {
    /// The error that names the file.
    pub fn of(self, file: &std::path::Path) -> Error {
        use rusqlite::ErrorCode as Code;
        let file = file.to_owned();
        match self {
            Self::Own(error) => error,
            Self::Value(reason) => Error::Unreadable { file, reason },
            Self::Sqlite(source) => match source.sqlite_error_code() {
                Some(Code::DiskFull) => Error::Full { file },
                Some(Code::ReadOnly | Code::PermissionDenied) => Error::ReadOnly { file },
                Some(Code::DatabaseBusy | Code::DatabaseLocked) => Error::Busy { file },
                Some(Code::DatabaseCorrupt | Code::NotADatabase) => Error::Damaged { file },
                _ => Error::Database { file, source },
            },
        }
    }
}
