//! What the server and the driver say, as errors of ours.

use mysql_async::{DriverError, Error as Failure, IoError, ServerError};

use crate::mysql::target::Target;
use crate::{Error, Stage};

/// Rows that a constraint refuses: null, unique, foreign key and check, and what a trigger signals.
const CONSTRAINTS: [u16; 13] = [
    1022, 1048, 1062, 1169, 1216, 1217, 1263, 1364, 1451, 1452, 1644, 3819, 4025,
];

/// Values that don't fit a column.
const VALUES: [u16; 9] = [1264, 1265, 1292, 1366, 1406, 1411, 1416, 3140, 4038];

/// What may pass: too many connections, a full disk or table, lock timeouts, deadlocks, statement timeouts.
const TRANSIENT: [u16; 10] = [1021, 1040, 1114, 1203, 1205, 1213, 1226, 1317, 1969, 3024];

/// The connection or the server is ending.
const ENDING: [u16; 4] = [1053, 1077, 1927, 4031];

/// An error while connecting, with how far it came.
pub(crate) fn connecting(target: &Target, encrypted: bool, failure: &Failure) -> Error {
    let (stage, reason, transient) = match failure {
        Failure::Server(error) => {
            let (stage, transient) = match error.code {
                1049 => (Stage::Database, false),
                1044 | 1142 | 1227 => (Stage::Permission, false),
                1040 | 1129 | 1203 | 1226 => (Stage::Tcp, true),
                3159 => (Stage::Tls, false),
                _ => (Stage::Login, false),
            };
            let mut reason = said(error);
            if stage == Stage::Login && !encrypted {
                // Some servers say no more than that when they take encrypted connections only.
                reason.push_str("; the connection is not encrypted, which the server may ask for");
            }
            (stage, reason, transient)
        }
        Failure::Io(IoError::Tls(error)) => (Stage::Tls, error.to_string(), false),
        // What rustls finds wrong with a certificate comes as an error of the stream.
        Failure::Io(IoError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            (Stage::Tls, error.to_string(), false)
        }
        Failure::Io(IoError::Io(error)) => (Stage::Tcp, error.to_string(), true),
        Failure::Driver(DriverError::NoClientSslFlagFromServer) => {
            let reason = "the server does not encrypt; `tls = \"disable\"` or \"prefer\" does without";
            (Stage::Tls, reason.to_owned(), false)
        }
        Failure::Driver(DriverError::ConnectionClosed) => {
            (Stage::Tcp, "the server closed the connection".to_owned(), true)
        }
        other => (Stage::Login, other.to_string(), false),
    };
    Error::Connect {
        database: target.name.clone(),
        stage,
        reason,
        transient,
    }
}

/// An error while `doing` something: `reading shop.orders`. Errors of the server say that it refused to do that.
pub(crate) fn during(target: &Target, doing: &str, failure: Failure) -> Error {
    match failure {
        Failure::Server(error) if ENDING.contains(&error.code) => lost(target, doing, error.message),
        Failure::Server(error) => refused(target, doing, &error),
        Failure::Driver(DriverError::ConnectionClosed) => lost(target, doing, "it was closed".to_owned()),
        Failure::Io(error) => lost(target, doing, error.to_string()),
        other => lost(target, doing, other.to_string()),
    }
}

/// What the server refused.
pub(crate) fn refused(target: &Target, doing: &str, error: &ServerError) -> Error {
    Error::Refused {
        database: target.name.clone(),
        doing: doing.to_owned(),
        message: error.message.clone(),
        code: Some(format!("{}, SQLSTATE {}", error.code, error.state)),
        transient: TRANSIENT.contains(&error.code),
    }
}

/// Whether a row is at fault, and not the statement.
pub(crate) fn is_of_rows(code: u16) -> bool {
    CONSTRAINTS.contains(&code) || VALUES.contains(&code)
}

fn lost(target: &Target, doing: &str, reason: String) -> Error {
    Error::Lost {
        database: target.name.clone(),
        doing: doing.to_owned(),
        reason,
    }
}

fn said(error: &ServerError) -> String {
    format!("{} ({}, SQLSTATE {})", error.message, error.code, error.state)
}
