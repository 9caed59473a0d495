//! What the driver's errors mean.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::Error;

/// What is to be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing: it would fail again.
    None,
    /// Begin again: it collided with another transaction.
    Again,
    /// Forget what is prepared, and begin again: tables have changed since.
    Prepare,
    /// Connect again: the connection is gone.
    Connect,
}

/// What can be done about an error.
pub(super) fn remedy(error: &tokio_postgres::Error) -> Remedy {
    let Some(state) = error.code() else {
        let is_io = error
            .source()
            .is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if error.is_closed() || is_io {
            Remedy::Connect
        } else {
            Remedy::None
        };
    };
    match state.code() {
        "40001" | "40P01" => Remedy::Again,
        // "cached plan must not change result type", and a prepared statement that is gone.
        "0A000" if said(error).contains("cached plan") => Remedy::Prepare,
        "26000" => Remedy::Prepare,
        // Logging in while it starts or ends is among the 57P0.
        code if code.starts_with("08") || code.starts_with("57P") || code == "25P03" => Remedy::Connect,
        _ => Remedy::None,
    }
}

/// The error of a statement. `doing`: "used".
pub(super) fn failed(error: &tokio_postgres::Error, doing: &'static str) -> Error {
    let reason = said(error);
    let Some(state) = error.code() else {
        return match remedy(error) {
            Remedy::None => Error::Statement { reason },
            _ => Error::Unavailable { doing, reason },
        };
    };
    let code = state.code();
    let is_passing = matches!(
        code.get(..2).unwrap_or_default(),
        // Connection, collision, resources, operator, system, damage.
        "08" | "40" | "53" | "57" | "58" | "XX"
    );
    if code.starts_with("23") {
        Error::Constraint { reason }
    } else if is_passing || matches!(code, "55P03" | "25P03") {
        Error::Unavailable { doing, reason }
    } else if *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        // In a look it is a mistake, which `Session` knows.
        Error::Unavailable { doing, reason }
    } else {
        Error::Statement { reason }
    }
}

/// What the server says, or the driver.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(answer), _) => match answer.detail() {
            Some(detail) => format!("{}; {detail} ({})", answer.message(), answer.code().code()),
            None => format!("{} ({})", answer.message(), answer.code().code()),
        },
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
