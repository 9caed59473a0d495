//! Microsoft SQL Server, and Azure SQL, by their own protocol (TDS).
//!
//! A URL is `mssql://user:password@host:1433/database`. Its options are `encrypt` (`disable`, `prefer`, `require`,
//! `verify-full`) and `application` (the name that the server shows).
//!
//! Rows are read in a transaction with snapshot isolation where the database allows it, and loaded by bulk insertion. What
//! happens to them on the way to their table is what happens in every database behind a generic connector.
//!
//! No server of this kind could be had for this project's tests. Statements, types, errors and the stages of connecting are
//! tested by themselves; none of it was run against a server.

mod connect;
mod decode;
mod encode;
mod fault;
mod session;
mod target;
mod types;

use std::sync::Arc;

use crate::generic::Generic;
use crate::{ConnectionConfig, Database, Error};

use connect::MssqlConnector;
use target::Target;

/// Makes a database ready to be used.
pub(crate) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    let target = Target::new(config)?;
    Ok(Arc::new(Generic::new(MssqlConnector::new(
        target,
        config.options.clone(),
    ))))
}
