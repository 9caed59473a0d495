//! Whatever has an ODBC driver.
//!
//! A URL is `odbc:` and a connection string: `odbc:DSN=warehouse` or `odbc:Driver={PostgreSQL Unicode};Server=...`. It is
//! a secret as a whole; what is shown of it is the driver or data source, the server and the database.
//!
//! Values come in columns, into buffers that are as wide as the driver says its columns are. Of texts and bytes without
//! such a width, or with a large one, a value may have as many characters as `TenonLongest` in the connection string says
//! (32,768 by default). Where the first rows have longer ones the buffers grow; a longer one later on is an error, and is
//! never cut.
//!
//! Drivers tell a timestamp with a time zone like one without. It is read as a timestamp without one, in UTC.
//!
//! Rows are loaded by arrays of parameters.

mod buffers;
mod catalog;
mod columns;
mod decode;
mod encode;
mod fault;
mod session;
mod target;

use std::sync::Arc;

use crate::generic::Generic;
use crate::{ConnectionConfig, Database, Error};

use session::OdbcConnector;
use target::Target;

/// Makes a database ready to be used.
pub(crate) fn open(config: &ConnectionConfig) -> Result<Arc<dyn Database>, Error> {
    let target = Target::new(config)?;
    Ok(Arc::new(Generic::new(OdbcConnector::new(
        target,
        config.options.clone(),
    ))))
}
