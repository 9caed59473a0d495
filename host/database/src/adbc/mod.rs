//! Whatever has an ADBC driver: a library that speaks Arrow itself, so that rows are neither decoded nor encoded here.
//!
//! A URL names the driver, by name or by the path of its library, and gives its options:
//!
//! ```text
//! adbc://adbc_driver_postgresql?uri=postgresql://user@host:5432/database
//! adbc:///usr/lib/libadbc_driver_sqlite.so?uri=file.db
//! adbc:///opt/libduckdb.so?entrypoint=duckdb_adbc_init&path=file.duckdb
//! ```
//!
//! What the driver lacks (transactions, bulk ingestion, cancellation) is not there: a load into such a database ends
//! with an error that says so. Rows are loaded by bulk ingestion into the staging table.

mod fault;
mod loading;
mod objects;
mod session;
mod target;

use std::sync::Arc;

use crate::generic::Generic;
use crate::{ConnectionConfig, Database, Error};

use loading::AdbcConnector;
use target::Target;

/// Makes a database ready to be used.
pub(crate) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    let target = Target::new(config)?;
    Ok(Arc::new(Generic::new(AdbcConnector::new(
        target,
        config.options.clone(),
    ))))
}
