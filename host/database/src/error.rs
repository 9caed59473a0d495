//! What can go wrong with a database.

use std::fmt;

/// What went wrong while connecting, reading or writing. Texts hold no secrets and no URLs with passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that contradicts itself, or that this database does not serve.
    #[error("{subject}: {reason}")]
    Config {
        /// The setting, connection or table.
        subject: String,
        /// What is wrong and what to do.
        reason: String,
    },

    /// No connection came about.
    #[error("cannot connect to {database}: {stage}: {reason}")]
    Connect {
        /// The database, without secrets.
        database: String,
        /// How far it came.
        stage: Stage,
        /// What was answered and what to do.
        reason: String,
        /// Whether the same may succeed later.
        transient: bool,
    },

    /// The connection was lost, or the server shut down, in the middle of work.
    #[error("{database} ended the connection while {doing}: {reason}")]
    Lost {
        /// The database, without secrets.
        database: String,
        /// What was being done: `reading public.orders`.
        doing: String,
        /// What was said last.
        reason: String,
    },

    /// The database refused a statement.
    #[error("{database} refused {doing}: {message}{}", code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// The database, without secrets.
        database: String,
        /// What was being done: `to create the table public.orders`.
        doing: String,
        /// The database's own message, with its detail and hint.
        message: String,
        /// The database's own code: SQLSTATE where it has them.
        code: Option<String>,
        /// Whether the same may succeed later: a deadlock, a lock timeout, a full disk.
        transient: bool,
    },

    /// There is no such table.
    #[error("there is no table {table} in {database}{}", nearest.as_deref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    NoTable {
        /// The database, without secrets.
        database: String,
        /// The table, as it was asked for.
        table: String,
        /// The nearest one that there is.
        nearest: Option<String>,
    },

    /// There is no such column.
    #[error("{relation} has no column `{column}`; it has {columns}")]
    NoColumn {
        /// The table or query.
        relation: String,
        /// The column, as it was asked for.
        column: String,
        /// Those that there are, or the first of them.
        columns: String,
    },

    /// A value does not fit the type that its column has in Arrow, or in the database.
    #[error("{relation}, column `{column}`: {reason}")]
    Value {
        /// The table or query.
        relation: String,
        /// The column.
        column: String,
        /// The value as far as it may be shown, what was expected, and what to do.
        reason: String,
    },

    /// A table is not what it was, or not what the rows need.
    #[error("{table} does not fit: {reason}")]
    Mismatch {
        /// The table.
        table: String,
        /// Which columns and types, and what to do.
        reason: String,
    },

    /// Rows violate a constraint of the table.
    #[error("{table} refuses the rows: {message}")]
    Constraint {
        /// The table.
        table: String,
        /// The database's own message.
        message: String,
    },

    /// The table exists and the mode is to leave such a table alone.
    #[error("{table} already exists; choose the mode `append`, `upsert` or `overwrite` to write to it")]
    Exists {
        /// The table.
        table: String,
    },

    /// What was prepared is not there any more.
    #[error("what run {run} prepared for {table} is not there: it was given up, or swept by a later run; run again")]
    Gone {
        /// The table.
        table: String,
        /// The run.
        run: String,
    },

    /// What is to be given up is committed already.
    #[error("run {run} has committed to {table} already; it can no longer be given up")]
    Decided {
        /// The table.
        table: String,
        /// The run.
        run: String,
    },
}

/// How far a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The URL and the options themselves.
    Configuration,
    /// Finding the host's address.
    Dns,
    /// Reaching the port.
    Tcp,
    /// Encryption.
    Tls,
    /// User and password.
    Login,
    /// The database of that name.
    Database,
    /// What the user may do there.
    Permission,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Configuration,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Login,
        Self::Database,
        Self::Permission,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Configuration => "configuration",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Login => "login",
            Self::Database => "database",
            Self::Permission => "permission",
        })
    }
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The data are wrong: the same input fails again.
    BadData,
    /// The configuration is wrong, or names something that is not there.
    BadConfig,
    /// The system refused: permissions, space, an interrupted read.
    System,
}

impl Error {
    /// Whether trying again later may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connect { transient, .. } | Self::Refused { transient, .. } => *transient,
            Self::Lost { .. } => true,
            _ => false,
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Value { .. } | Self::Mismatch { .. } | Self::Constraint { .. } => ErrorKind::BadData,
            Self::Lost { .. } | Self::Gone { .. } => ErrorKind::System,
            Self::Connect { transient, .. } | Self::Refused { transient, .. } if *transient => ErrorKind::System,
            _ => ErrorKind::BadConfig,
        }
    }
}
