//! How errors of the client end the command, and how runs do that have ended.

use anyhow::anyhow;
use tenon_client::{Error, Run, RunState};

use crate::exit::Failure;
use crate::printable::printable;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = hint(&error);
        let failure = match &error {
            Error::Address { .. } | Error::Token { .. } | Error::Input { .. } => Self::usage(error.to_string()),
            Error::Refused(problem) => {
                // A proxy, or a tenant's name, may say anything.
                let said = anyhow!(printable(&error.to_string()));
                match problem.status {
                    429 => Self::limit(said),
                    400..500 => Self::refused(said),
                    _ => Self::failed(said),
                }
            }
            Error::File { .. } | Error::Certificates { .. } => Self::refused(error.into()),
            _ => Self::failed(anyhow!(printable(&error.to_string()))),
        };
        match hint {
            Some(hint) => failure.hinted(hint),
            None => failure,
        }
    }
}

fn hint(error: &Error) -> Option<String> {
    match error {
        Error::Refused(problem) => match (problem.status, problem.retry_after) {
            (401, _) => Some("give a token that is valid, in TENON_TOKEN or with --token-file".to_owned()),
            (429 | 503, Some(seconds)) if seconds > 1 => Some(format!("it may work in {seconds} s")),
            _ => None,
        },
        Error::Unreachable { .. } => Some("is the server running, and is this its address?".to_owned()),
        Error::Address { reason, .. } if reason.contains("TLS") => {
            Some("--insecure-http allows it, where nobody else is on the way".to_owned())
        }
        Error::Broken { .. } | Error::TimedOut { .. } => {
            Some("if it was to change something, look whether it did before asking again".to_owned())
        }
        _ => None,
    }
}

/// What a run that has ended comes to.
pub(super) fn outcome(run: &Run) -> Result<(), Failure> {
    if run.state == RunState::Succeeded {
        return Ok(());
    }
    let kind = run.error.as_ref().map_or("", |error| error.kind.as_str());
    let error = match &run.error {
        // The innermost cause is the first that is made.
        Some(error) => {
            let mut causes = error.chain.iter().rev().map(|cause| printable(cause));
            let sentence = format!("run {} ended {}: {}", run.id, run.state, printable(&error.sentence));
            match causes.next() {
                Some(innermost) => causes
                    .fold(anyhow!(innermost), anyhow::Error::context)
                    .context(sentence),
                None => anyhow!(sentence),
            }
        }
        None => anyhow!("run {} ended {}", run.id, run.state),
    };
    let failure = match (run.state, kind) {
        (RunState::Stopped, _) => Failure::stopped(error),
        (RunState::Timeout, _) | (_, "limit" | "timeout") => Failure::limit(error),
        (RunState::Error, _) | (_, "refused" | "usage") => Failure::refused(error),
        _ => Failure::failed(error),
    };
    let cause = run.error.as_ref().and_then(|error| error.likely_cause.as_deref());
    Err(match cause {
        Some(cause) => failure.hinted(printable(cause)),
        None => failure,
    })
}
