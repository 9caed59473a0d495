//! What the server says, and what it means.

use tiberius::error::Error as TdsError;

use crate::Stage;
use crate::generic::{Fault, FaultKind};

/// The fault that an error is.
pub(crate) fn of_server(error: &TdsError) -> Fault {
    match error {
        TdsError::Server(told) => Fault::of_kind(kind_of(told.code()), told.message(), Some(told.code().to_string())),
        TdsError::Io { message, .. } => Fault::of_kind(FaultKind::Lost, message, None),
        other => Fault::of_kind(FaultKind::Other, other.to_string(), None),
    }
}

/// What an error's number means.
pub(crate) fn kind_of(number: u32) -> FaultKind {
    match number {
        // Unique keys and indexes, foreign keys and checks, and columns that may not be null.
        2627 | 2601 | 547 | 515 => FaultKind::Constraint,
        208 => FaultKind::NoTable,
        2714 => FaultKind::Exists,
        // Deadlocks, locks waited for in vain, conflicts of snapshots, full disks and logs, and busy services.
        1205 | 1222 | 3960 | 3961 | 1101 | 1105 | 9002 | 40197 | 40501 | 40613 | 49918 | 49919 | 49920 => {
            FaultKind::Transient
        }
        // The server shuts down, or the session was ended.
        596 | 6005 | 17142 => FaultKind::Lost,
        _ => FaultKind::Other,
    }
}

/// How far a connection came that ended with an error, and whether the same may succeed later.
pub(crate) fn stage_of(error: &TdsError) -> (Stage, bool) {
    match error {
        TdsError::Server(told) => stage_of_number(told.code()),
        TdsError::Tls(_) => (Stage::Tls, false),
        TdsError::Io { kind, .. } => match kind {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => (Stage::Tls, false),
            _ => (Stage::Login, true),
        },
        _ => (Stage::Login, false),
    }
}

fn stage_of_number(number: u32) -> (Stage, bool) {
    match number {
        4060 | 4064 | 911 => (Stage::Database, false),
        916 | 229 | 230 => (Stage::Permission, false),
        40613 | 40197 | 40501 | 17142 => (Stage::Database, true),
        _ => (Stage::Login, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell() {
        assert_eq!(kind_of(2627), FaultKind::Constraint);
        assert_eq!(kind_of(208), FaultKind::NoTable);
        assert_eq!(kind_of(1205), FaultKind::Transient);
        assert_eq!(kind_of(102), FaultKind::Other);
        assert_eq!(stage_of_number(18456), (Stage::Login, false));
        assert_eq!(stage_of_number(4060), (Stage::Database, false));
        let tls = TdsError::Tls("x".to_owned());
        assert_eq!(stage_of(&tls), (Stage::Tls, false));
    }
}
