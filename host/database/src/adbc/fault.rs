//! What drivers say, and what it means.

use adbc_core::error::{Error as AdbcError, Status};
use arrow::error::ArrowError;

use crate::generic::{Fault, FaultKind};

/// The fault that a driver's error is.
pub(crate) fn of_driver(error: AdbcError) -> Fault {
    let code = state(&error);
    let fault = Fault::new(error.message, code);
    let kind = match (error.status, &fault.kind) {
        (Status::NotImplemented, _) => FaultKind::Unsupported,
        (Status::Integrity, _) => FaultKind::Constraint,
        (Status::NotFound, FaultKind::Other) => FaultKind::NoTable,
        (Status::AlreadyExists, FaultKind::Other) => FaultKind::Exists,
        (Status::Timeout, FaultKind::Other) => FaultKind::Transient,
        (_, kind) => kind.clone(),
    };
    Fault { kind, ..fault }
}

/// The fault that an error amid rows is.
pub(crate) fn of_rows(error: &ArrowError) -> Fault {
    Fault::new(error.to_string(), None)
}

/// The SQLSTATE, if there is one.
pub(crate) fn state(error: &AdbcError) -> Option<String> {
    #[allow(clippy::unnecessary_cast, reason = "characters of C are unsigned on some machines")]
    let text: String = error.sqlstate.iter().map(|byte| char::from(*byte as u8)).collect();
    let told = text.chars().all(|character| character.is_ascii_alphanumeric()) && text != "00000";
    told.then_some(text)
}
