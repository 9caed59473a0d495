//! Job files and plugin projects that take a source to a target, with the mapping written out column by column.
//!
//! A [`Flow`] is a source and its target. A [`Job`] of flows is written as a job file, which a person then edits;
//! [`Copy`] makes one of all chosen tables of a database. [`Project`] is the same for a plugin in a language of choice:
//! files to lay over the project that `tenon new` makes.
//!
//! ```
//! use arrow::datatypes::DataType;
//! use tenon_database::{Driver, TableName};
//! use tenon_generate::{Column, Copy, CopyTarget, Endpoint, Reference, Table};
//!
//! let mut orders = Table::new(TableName::new(Some("sales"), "orders"));
//! orders.columns = vec![
//!     Column::new("id", DataType::Int64).required(),
//!     Column::new("Amount", DataType::Decimal128(12, 2)),
//! ];
//! let warehouse = Endpoint::new(Driver::Postgres, Reference::Connection("warehouse".to_owned()));
//! let job = Copy::new("warehouse-to-lake", warehouse, CopyTarget::folder("lake/")).job(vec![orders])?;
//! let text = job.text()?;
//! assert!(text.contains(r#"table = "sales.orders""#) && text.contains(r#"'"Amount"'"#));
//! # Ok::<(), tenon_generate::Error>(())
//! ```
//!
//! Names of tables and columns, comments and types come from databases, and whoever made those may have meant ill. Each
//! is quoted where it stands: as TOML, as SQL, and as a text or a comment of the language. Passwords are never written: what is
//! refused and what is not is said at [`Reference::Url`].

mod cast;
mod code;
mod column;
mod comment;
mod copy;
mod declared;
mod endpoint;
mod error;
mod flow;
mod folder;
mod format;
mod identifier;
mod incremental;
mod job;
mod keywords;
mod mapping;
mod matching;
mod project;
mod selection;
mod sql;
mod toml;

pub use column::{Column, Table};
pub use copy::{Copy, CopyTarget};
pub use endpoint::{Endpoint, Reference};
pub use error::Error;
pub use flow::{Files, Flow, Source, Target, TargetFiles, TargetTable};
pub use format::Format;
pub use job::Job;
pub use project::{Language, Project};
pub use selection::Selection;
