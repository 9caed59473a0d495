//! What a driver says when a statement fails, and the error it becomes.

use crate::Error;

/// What went wrong with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it means.
    pub(crate) kind: FaultKind,
    /// The database's own message.
    pub(crate) message: String,
    /// Its own code.
    pub(crate) code: Option<String>,
}

/// What a message means for what was to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Rows violate a constraint.
    Constraint,
    /// There is no such table.
    NoTable,
    /// There is such a table.
    Exists,
    /// The connection is gone.
    Lost,
    /// The same may succeed later.
    Transient,
    /// The driver lacks this.
    Unsupported,
    /// Something else.
    Other,
    /// An error that is complete already.
    Known(Box<Error>),
}

impl Fault {
    /// Of a message with the database's code, which is an SQLSTATE or else tells nothing.
    pub(crate) fn new(message: impl Into<String>, code: Option<String>) -> Self {
        let message = message.into();
        Self {
            kind: kind_of(&message, code.as_deref()),
            message,
            code,
        }
    }

    /// Of a message whose meaning is known.
    pub(crate) fn of_kind(kind: FaultKind, message: impl Into<String>, code: Option<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code,
        }
    }

    /// The driver cannot do this.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::of_kind(FaultKind::Unsupported, message, None)
    }

    /// The error, for a database of this name that was asked to do this (`to create the table orders`) with a table.
    pub(crate) fn error(self, database: &str, table: &str, doing: &str) -> Error {
        match self.kind {
            FaultKind::Known(error) => *error,
            FaultKind::Constraint => Error::Constraint {
                table: table.to_owned(),
                message: self.message,
            },
            FaultKind::NoTable if doing.starts_with("to read") => Error::NoTable {
                database: database.to_owned(),
                table: table.to_owned(),
                nearest: None,
            },
            FaultKind::Lost => Error::Lost {
                database: database.to_owned(),
                doing: doing.strip_prefix("to ").unwrap_or(doing).to_owned(),
                reason: self.message,
            },
            FaultKind::Unsupported => Error::Config {
                subject: format!("the driver of {database}"),
                reason: format!("it cannot be asked {doing}: {}", self.message),
            },
            kind => Error::Refused {
                database: database.to_owned(),
                doing: doing.to_owned(),
                message: self.message,
                code: self.code,
                transient: kind == FaultKind::Transient,
            },
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            message: error.to_string(),
            kind: FaultKind::Known(Box::new(error)),
            code: None,
        }
    }
}

fn kind_of(message: &str, code: Option<&str>) -> FaultKind {
    match code {
        Some("42P01" | "42S02") => FaultKind::NoTable,
        Some("42P07" | "42S01") => FaultKind::Exists,
        Some("57P01" | "57P02" | "57P03") => FaultKind::Lost,
        Some("55P03" | "HYT00" | "57014") => FaultKind::Transient,
        Some("0A000" | "HYC00" | "IM001") => FaultKind::Unsupported,
        Some(code) if code.starts_with("23") => FaultKind::Constraint,
        Some(code) if code.starts_with("08") => FaultKind::Lost,
        Some(code) if code.starts_with("40") || code.starts_with("53") => FaultKind::Transient,
        _ => kind_of_text(message),
    }
}

/// For databases without SQLSTATEs, and drivers that swallow them.
fn kind_of_text(message: &str) -> FaultKind {
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["constraint failed", "constraint error", "violates", "duplicate key"]) {
        FaultKind::Constraint
    } else if has(&["no such table", "table with name"]) && !has(&["already exists"]) {
        FaultKind::NoTable
    } else if has(&["already exists"]) && has(&["table"]) {
        FaultKind::Exists
    } else if has(&[
        "terminating connection",
        "server closed the connection",
        "connection reset",
        "broken pipe",
    ]) || has(&["no connection to the server", "gone away", "lost connection"])
    {
        FaultKind::Lost
    } else if has(&[
        "database is locked",
        "database table is locked",
        "deadlock",
        "lock timeout",
        "disk is full",
    ]) {
        FaultKind::Transient
    } else {
        FaultKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_before_messages_do() {
        let kind = |message: &str, code: Option<&str>| Fault::new(message, code.map(str::to_owned)).kind;
        assert_eq!(kind("x", Some("23505")), FaultKind::Constraint);
        assert_eq!(kind("x", Some("42S02")), FaultKind::NoTable);
        assert_eq!(kind("x", Some("08S01")), FaultKind::Lost);
        assert_eq!(kind("x", Some("40P01")), FaultKind::Transient);
        assert_eq!(kind("UNIQUE constraint failed: t.id", None), FaultKind::Constraint);
        assert_eq!(kind("no such table: t", Some("HY000")), FaultKind::NoTable);
        assert_eq!(kind("table t already exists", None), FaultKind::Exists);
        assert_eq!(kind("syntax error", Some("42601")), FaultKind::Other);
    }
}
