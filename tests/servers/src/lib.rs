//! Real servers for tests, each on its own port of 127.0.0.1 with its own folder. They end, and their data go, when their
//! handle is dropped. `cargo xtask services` installs them, and starts them for people.
//!
//! ```no_run
//! use tenon_servers::{Postgres, or_skip};
//!
//! // In a test: where the server can't be had, this says so and the test ends.
//! let Some(server) = or_skip("suite::test", Postgres::start()) else { return };
//! server.psql("create table t (a int)");
//! println!("{}", server.url());
//! ```

mod account;
mod certificates;
mod collector;
#[cfg(feature = "gcs")]
mod gcs;
mod install;
mod mariadb;
mod postgres;
mod process;
mod programs;
#[cfg(feature = "redshift")]
mod redshift;
mod s3;
mod skip;

pub use certificates::Certificates;
pub use collector::{Answer, Collector, Line, Request, Span};
#[cfg(feature = "gcs")]
pub use gcs::Gcs;
pub use install::{Service, apt, install};
pub use mariadb::MariaDb;
pub use postgres::Postgres;
pub use process::free_port;
#[cfg(feature = "redshift")]
pub use redshift::Redshift;
pub use s3::S3;
pub use skip::or_skip;

/// The user of every database server here, who may do everything.
pub const USER: &str = "tenon";

/// The user's password.
pub const PASSWORD: &str = "tenon-secret";

/// Packages of Python, from PyPI, for tests: the runner of those in Python, and DuckDB, which stands in for the host's SQL
/// there and reads what jobs have written. `cargo xtask setup` installs them.
pub const PYTHON: [&str; 2] = ["pytest==9.2.0", "duckdb==2.0.0"];

/// The package of Python, from PyPI, that makes requests up from a description of an API. `cargo xtask setup` installs it.
pub const SCHEMATHESIS: &str = "schemathesis==4.32.5";
