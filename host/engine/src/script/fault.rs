//! Errors of the engine as a script hears them.

use tenon_connect::ErrorKind as SourceKind;
use tenon_runtime::{ErrorKind, Fault};

use crate::error::Error;
use crate::outcome::Outcome;

/// The error with everything behind it; secrets are taken out on the way to the script.
pub(super) fn fault(error: &Error) -> Fault {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    Fault::new(kind(error), message)
}

fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Place { .. } | Error::Recipient { .. } | Error::Ungranted => ErrorKind::Denied,
        Error::Step { source, .. }
        | Error::Open { source, .. }
        | Error::Function { source, .. }
        | Error::Plugin { source, .. } => source.kind(),
        Error::Source(source) | Error::Sink(source) | Error::Rejects(source) if !error.may_pass() => {
            match source.kind() {
                SourceKind::BadConfig => ErrorKind::BadConfig,
                SourceKind::BadData => ErrorKind::BadData,
                SourceKind::System => ErrorKind::Internal,
            }
        }
        _ if error.may_pass() => ErrorKind::Transient,
        _ => match error.outcome() {
            Outcome::Refused => ErrorKind::BadConfig,
            Outcome::Limit => ErrorKind::Limit,
            Outcome::Failed | Outcome::Cancelled => ErrorKind::Internal,
        },
    }
}
