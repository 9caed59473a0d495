use thiserror::Error;

/// What sort of failure an error is, for whoever answers a request with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such thing, or it belongs to somebody else.
    NotFound,
    /// It is there already, or has been changed by somebody else.
    Conflict,
    /// What was asked for makes no sense.
    Invalid,
    /// It is not allowed.
    Forbidden,
    /// A quota or another limit is reached; later it may work.
    Limit,
    /// The database cannot be reached, or cannot be written; later it may work.
    Unavailable,
    /// A fault of the server's own.
    Internal,
}

/// What can go wrong with the database.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// It can't be opened.
    #[error("the database {place} cannot be opened: {reason}")]
    Open {
        /// Where it is, without a password.
        place: String,
        /// What the database says.
        reason: String,
    },
    /// Another program made it, or a newer version of this one.
    #[error(
        "the database {place} has version {found} of `{component}`, and this program knows up to {known}: upgrade it"
    )]
    Newer {
        /// Where it is, without a password.
        place: String,
        /// Whose tables.
        component: String,
        /// The version found.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// It can't be written now: full, read-only, gone.
    #[error("the database cannot be {doing} now: {reason}")]
    Unavailable {
        /// "read", "written", "used".
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
    /// A rule of the tables is broken.
    #[error("the database refuses a row: {reason}")]
    Constraint {
        /// What the database says.
        reason: String,
    },
    /// A statement fails.
    #[error("a statement fails: {reason}")]
    Statement {
        /// What the database says.
        reason: String,
    },
    /// A row was expected.
    #[error("the database has no such row")]
    NoRow,
    /// A value is not of the type that was asked for.
    #[error("column {column} is not {expected}")]
    Type {
        /// Which column, from 0.
        column: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// A copy of it can't be made.
    #[error("the database cannot be copied to {to}: {reason}")]
    Backup {
        /// The file that was to be made.
        to: String,
        /// Why not.
        reason: String,
    },
    /// The database has closed.
    #[error("the database is closed")]
    Closed,
    /// A change broke down.
    #[error("a change of the database broke down")]
    Panicked,
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { .. } | Self::Unavailable { .. } | Self::Backup { .. } | Self::Closed => ErrorKind::Unavailable,
            Self::Constraint { .. } => ErrorKind::Conflict,
            Self::NoRow => ErrorKind::NotFound,
            Self::Newer { .. } | Self::Statement { .. } | Self::Type { .. } | Self::Panicked => ErrorKind::Internal,
        }
    }
}
