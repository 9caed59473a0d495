//! Relational databases as sources and sinks of Arrow batches.
//!
//! Each database is a folder: how to connect, what its types are in Arrow, how it is read and how it is written. What
//! they have in common is here: [configuration](ConnectionConfig), the [`Database`] that they all implement, the
//! [`Predicate`]s that they are asked to filter by, and what becomes of rows that a [`Load`] writes.
//!
//! This crate knows Arrow and knows nothing of jobs or query engines.

mod bookmark;
mod bounds;
mod config;
mod database;
mod description;
mod discover;
mod driver;
mod error;
mod load;
mod machine;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod misfits;
mod name;
mod predicate;
mod read_config;
mod relation;
mod scan;
mod secret;
mod sql;
mod sqlite_file;
mod value;
mod write_config;

#[cfg(feature = "adbc")]
mod adbc;
#[cfg(any(feature = "adbc", feature = "mssql", feature = "odbc"))]
mod generic;
#[cfg(feature = "mssql")]
mod mssql;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "odbc")]
mod odbc;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "tls")]
mod tls;

pub use bookmark::{Bookmark, BookmarkOf, ChangesBookmark, KeysBookmark};
pub use bounds::{Bounds, Key};
pub use config::{ConnectOptions, ConnectionConfig, Tls};
pub use database::{Changes, ChangesRequest, Database};
pub use description::{DescribedColumn, Description};
pub use discover::{Discover, Found, FoundColumn, FoundForeignKey, FoundKind};
pub use driver::{Driver, open};
pub use error::{Error, ErrorKind, Stage};
pub use load::{Begun, Committed, Load, LoadRequest, Part, Prepared, RejectedRows, Replaced, TableWriter};
pub use machine::is_of_the_machine;
pub use name::TableName;
pub use predicate::{Comparison, Predicate, Pushdown};
pub use read_config::{ChangesConfig, Order, Overlap, ReadConfig};
pub use relation::Relation;
pub use scan::{Batches, Scan, ScanRequest};
pub use secret::Secret;
pub use sqlite_file::SqliteFile;
pub use value::Value;
pub use write_config::{Evolution, Mode, OnError, WriteConfig};
