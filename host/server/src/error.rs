use tenon_metadata::ErrorKind;
use thiserror::Error;

/// What can go wrong with a server.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration is not right.
    #[error("{file}: {reason}")]
    Config {
        /// Its file.
        file: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A folder or a file can't be used.
    #[error("{doing} {place} failed: {source}")]
    Io {
        /// "making", "watching".
        doing: &'static str,
        /// The folder or file.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The address can't be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server uses the folder.
    #[error(
        "another server (process {pid}) uses the folder {folder}; give this one a folder of its own, or a database that they share"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// Its process.
        pid: String,
    },
    /// What runs sandboxes can't be started.
    #[error("cannot start the sandboxes: {0}")]
    Runtime(#[from] tenon_runtime::Error),
    /// What is kept in the database, or the database itself.
    #[error(transparent)]
    Kept(#[from] tenon_api::Error),
    /// There is no configuration to read again.
    #[error("this server was started without a configuration file, so that there is nothing to read again")]
    Fixed,
    /// A job is refused when it is about to run.
    #[error("{reason}")]
    Refused {
        /// What is wrong with it.
        reason: String,
    },
    /// Something of the server's own broke down.
    #[error("a part of the server broke down: {0}")]
    Internal(String),
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config { .. } | Self::Refused { .. } => ErrorKind::Invalid,
            Self::Io { .. } | Self::Listen { .. } | Self::InUse { .. } => ErrorKind::Unavailable,
            Self::Runtime(_) | Self::Internal(_) => ErrorKind::Internal,
            Self::Fixed => ErrorKind::Conflict,
            Self::Kept(error) => error.kind(),
        }
    }
}

macro_rules! kept {
    ($($crate_of:ident)+) => {$(
        impl From<$crate_of::Error> for Error {
            fn from(error: $crate_of::Error) -> Self {
                Self::Kept(error.into())
            }
        }
    )+};
}

kept!(tenon_metadata tenon_events tenon_tenants tenon_runs tenon_triggers tenon_workflows tenon_versions);
