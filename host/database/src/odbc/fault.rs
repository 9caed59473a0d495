//! What drivers say, and what it means.

use odbc_api::Error as OdbcError;
use odbc_api::handles::Record;

use crate::generic::{Fault, FaultKind};

/// The fault that a driver's error is.
pub(crate) fn of_driver(error: &OdbcError) -> Fault {
    match record(error) {
        Some(record) => {
            let state = record.state.as_str().to_owned();
            let message = String::from_utf8_lossy(&record.message);
            Fault::new(said(&message), Some(state))
        }
        None => Fault::of_kind(FaultKind::Other, error.to_string(), None),
    }
}

fn record(error: &OdbcError) -> Option<&Record> {
    match error {
        OdbcError::Diagnostics { record, .. }
        | OdbcError::InvalidRowArraySize { record, .. }
        | OdbcError::UnsupportedOdbcApiVersion(record)
        | OdbcError::UnableToRepresentNull(record)
        | OdbcError::OracleOdbcDriverDoesNotSupport64Bit(record) => Some(record),
        _ => None,
    }
}

/// A message without the names of those that have passed it on.
fn said(message: &str) -> &str {
    let mut rest = message.trim().trim_end_matches('\0');
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        rest = after.trim_start();
    }
    if rest.is_empty() { message.trim() } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_databases_own_words_stay() {
        assert_eq!(said("[unixODBC][SQLite]no such table: t (1)"), "no such table: t (1)");
        assert_eq!(said("[x]"), "[x]");
    }
}
