//! What the driver's errors mean.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};

use crate::Error;

/// The error of a statement. `doing` is what was being done: `reading public.orders`.
pub(crate) fn failed(database: &str, doing: &str, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else {
        return without_answer(database, doing, error);
    };
    let answer = Answer {
        code: answer.code().code().to_owned(),
        message: message(answer),
        table: table(answer),
    };
    answered(database, doing, answer)
}

/// An error as the server has told it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// SQLSTATE.
    pub code: String,
    /// With detail and hint.
    pub message: String,
    /// The table that it is about.
    pub table: Option<String>,
}

/// What the server's answer means.
pub(super) fn answered(database: &str, doing: &str, answer: Answer) -> Error {
    let Answer { code, message, table } = answer;
    if is_end(&code) {
        return Error::Lost {
            database: database.to_owned(),
            doing: doing.to_owned(),
            reason: message,
        };
    }
    if code.starts_with("23") {
        return Error::Constraint {
            table: table.unwrap_or_else(|| database.to_owned()),
            message,
        };
    }
    Error::Refused {
        database: database.to_owned(),
        doing: doing.to_owned(),
        message,
        transient: is_transient(&code),
        code: Some(code),
    }
}

/// The SQLSTATE that the server has answered with, if it has.
pub(crate) fn state_of(error: &tokio_postgres::Error) -> Option<SqlState> {
    error.code().cloned()
}

/// Whether a code says that the session has ended.
fn is_end(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P0") || code == "25P03"
}

/// The database's message with its detail and hint, or what the driver says.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => message(answer),
        None => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// The database's message with its detail and hint.
pub(crate) fn message(answer: &DbError) -> String {
    let mut message = answer.message().to_owned();
    for more in [answer.detail(), answer.hint()].into_iter().flatten() {
        message.push_str("; ");
        message.push_str(more);
    }
    message
}

fn table(answer: &DbError) -> Option<String> {
    let table = answer.table()?;
    Some(match answer.schema() {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    })
}

/// Errors that come of what else goes on at the server: deadlocks, locks, and what it runs out of.
fn is_transient(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03") || code.starts_with("53")
}

/// Without an answer of the server's there is no connection any more, or it talks of something else.
fn without_answer(database: &str, doing: &str, error: &tokio_postgres::Error) -> Error {
    let is_io = error
        .source()
        .is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    if error.is_closed() || is_io {
        return Error::Lost {
            database: database.to_owned(),
            doing: doing.to_owned(),
            reason: said(error),
        };
    }
    Error::Refused {
        database: database.to_owned(),
        doing: doing.to_owned(),
        message: said(error),
        code: None,
        transient: false,
    }
}
