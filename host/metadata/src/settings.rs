//! Where the database is, and how it is used.

use std::fmt;

use crate::Clock;
use crate::place::shown;

/// Where the database is, and how it is used.
#[derive(Clone)]
pub struct Settings {
    /// A path, which is SQLite's, or `postgres://user:password@host:port/database`. Of PostgreSQL's parameters,
    /// `sslmode` is `disable`, `prefer` (which it is by default), `require` or `verify-full`; `sslrootcert` is a file
    /// with the authority's certificate; `sslcert` and `sslkey` are files with the client's own. The password can be
    /// given by the environment variable `PGPASSWORD` instead.
    pub url: String,
    /// Connections that read; for PostgreSQL all of them but one that listens. Default 4.
    pub connections: usize,
    /// The clock of transactions.
    pub clock: Clock,
}

impl Settings {
    /// The defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 4,
            clock: Clock::system(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("url", &shown(&self.url))
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
