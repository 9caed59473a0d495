//! What connectors have in common that reach many kinds of database through one interface.
//!
//! A driver gives a [`Connector`] that makes [`Session`]s: blocking connections, each owned by a thread of its own. All
//! else is here, in the dialect of the database at the other end, which is known from the name it gives itself
//! ([`Dbms`]): what is selected, how tables are made, and how rows come from a staging table to their own in one
//! transaction with the token of the run.

mod arrow_value;
mod begin;
mod cancel;
mod catalog;
mod commit;
#[cfg(any(feature = "adbc", feature = "odbc"))]
mod connecting;
mod convert;
mod database;
mod dbms;
mod ddl;
mod describe;
mod dialect;
mod facts;
mod fault;
mod fit;
mod instants;
mod json;
mod load;
mod merge;
mod owner;
mod plan;
mod pushdown;
mod rejects;
mod rows;
mod scan;
mod select;
mod session;
mod settings;
mod stage;
mod storage;
mod sweep;
mod tokens;
mod worker;
mod writer;

pub(crate) use cancel::Cancel;
#[cfg(any(feature = "adbc", feature = "odbc"))]
pub(crate) use connecting::stage_of;
#[cfg(feature = "adbc")]
pub(crate) use convert::read_as;
pub(crate) use database::Generic;
pub(crate) use dbms::Dbms;
pub(crate) use facts::facts;
pub(crate) use fault::{Fault, FaultKind};
#[cfg(feature = "mssql")]
pub(crate) use select::CAST;
pub(crate) use session::{Columns, Connector, Facts, Incoming, Session};
