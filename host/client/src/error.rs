use std::path::PathBuf;

use crate::Problem;

/// What can go wrong between here and a server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is not the address of a server.
    #[error("`{url}` is not the address of a server: {reason}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was given is no token.
    #[error("the token is not right: {reason}")]
    Token {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates of a file are none.
    #[error("{} holds no certificates in PEM: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
    /// What a call was given cannot be sent.
    #[error("{what} cannot be sent: {reason}")]
    Input {
        /// What of the call.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection to the server came about; it has not seen the request.
    #[error("cannot reach {server}: {reason}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// Why.
        reason: String,
    },
    /// The connection ended before the answer did; the server may have done what was asked.
    #[error("{server} did not answer to the end: {reason}")]
    Broken {
        /// The server's address.
        server: String,
        /// Why.
        reason: String,
    },
    /// There was no answer in time; the server may have done what was asked.
    #[error("{server} did not answer within {seconds} s")]
    TimedOut {
        /// The server's address.
        server: String,
        /// For how long it was waited.
        seconds: u64,
    },
    /// The server says why it does not do what was asked.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// What answered does not speak as a Tenon server does.
    #[error("{url} does not answer as a Tenon server does: {reason}")]
    Foreign {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl Error {
    /// What the server said, if it was the server that said no.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the server says that what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.problem().is_some_and(|problem| problem.status == 404)
    }

    /// What went wrong with a request. What reqwest says is the end of a chain of causes, of which the last says the most.
    pub(crate) fn of_transport(server: &str, error: &reqwest::Error, seconds: u64) -> Self {
        let server = server.to_owned();
        if error.is_timeout() && !error.is_connect() {
            return Self::TimedOut { server, seconds };
        }
        let reason = innermost(error);
        if error.is_connect() {
            Self::Unreachable { server, reason }
        } else {
            Self::Broken { server, reason }
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
