//! How the command ends when something goes wrong.

use std::io::IsTerminal;

use tenon_host::engine::Outcome;
use tenon_host::history::{self, State};

use crate::output;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const REFUSED: u8 = 3;
const LIMIT: u8 = 4;
const INTERRUPTED: u8 = 130;

/// An error and the exit code that stands for it.
#[derive(Debug)]
pub struct Failure {
    /// Documented in `tenon --help`.
    pub code: u8,
    error: anyhow::Error,
    /// How it is shown to people, where its place in a file can be shown.
    picture: Option<String>,
    /// What one may do about it.
    hint: Option<String>,
    /// Whether another process has said it already.
    is_said: bool,
    /// Whether what was printed as JSON says it already.
    is_printed: bool,
}

impl Failure {
    fn new(code: u8, error: anyhow::Error) -> Self {
        Self {
            code,
            error,
            picture: None,
            hint: None,
            is_said: false,
            is_printed: false,
        }
    }

    /// A run in another process failed with this code, and has said why.
    pub fn said(code: Option<i32>) -> Self {
        let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED);
        Self {
            is_said: true,
            ..Self::new(code, anyhow::anyhow!("the run failed"))
        }
    }

    /// The same, shown to people as this picture.
    #[must_use]
    pub fn pictured(self, picture: Option<String>) -> Self {
        Self { picture, ..self }
    }

    /// The same, with what one may do about it.
    #[must_use]
    pub fn hinted(self, hint: String) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// The same, after JSON that says it.
    #[must_use]
    pub fn printed(self) -> Self {
        Self {
            is_printed: true,
            ..self
        }
    }

    /// What the engine said, if it was the engine.
    pub fn engine(&self) -> Option<&tenon_host::engine::Error> {
        self.error.downcast_ref()
    }

    /// Something went wrong on the way.
    pub fn failed(error: anyhow::Error) -> Self {
        Self::new(FAILED, error)
    }

    /// The command line makes no sense.
    pub fn usage(message: String) -> Self {
        Self::new(USAGE, anyhow::Error::msg(message))
    }

    /// The plugin or the job was refused.
    pub fn refused(error: anyhow::Error) -> Self {
        Self::new(REFUSED, error)
    }

    /// A limit was reached.
    pub fn limit(error: anyhow::Error) -> Self {
        Self::new(LIMIT, error)
    }

    /// Somebody stopped it.
    pub fn stopped(error: anyhow::Error) -> Self {
        Self::new(INTERRUPTED, error)
    }

    /// What went wrong, as the history records it.
    pub fn recorded(&self) -> (State, history::Failure) {
        let timeout = matches!(self.engine(), Some(tenon_host::engine::Error::Timeout { .. }));
        let (state, kind) = match self.code {
            INTERRUPTED => (State::Stopped, "stopped"),
            LIMIT if timeout => (State::Timeout, "timeout"),
            LIMIT => (State::Failed, "limit"),
            REFUSED => (State::Error, "refused"),
            USAGE => (State::Error, "usage"),
            _ => (State::Failed, "failed"),
        };
        let failure = history::Failure {
            sentence: self.error.to_string(),
            kind: kind.to_owned(),
            chain: self.causes(),
        };
        (state, failure)
    }

    /// Writes the error and its causes to stderr, one sentence per line.
    pub fn print(&self) {
        if self.is_said {
            return;
        }
        let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if let Some(picture) = &self.picture {
            output::tell(picture.as_bytes());
            return;
        }
        let (red, plain) = if coloured { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        output::say!("{red}error{plain}: {}", self.error);
        for cause in self.causes() {
            output::say!("  because {cause}");
        }
        if let Some(hint) = &self.hint {
            output::say!("  {hint}");
        }
    }

    /// Writes the same to stdout as JSON.
    pub fn print_json(&self) {
        if self.is_printed {
            return;
        }
        let report = serde_json::json!({
            "status": "failed",
            "error": self.error.to_string(),
            "causes": self.causes(),
            "hint": self.hint,
            "exit_code": self.code,
        });
        // Why the run failed is said on stderr, too; that this could not be printed changes nothing.
        output::print(&format!("{report:#}")).ok();
    }

    /// What caused the error, from the outside in. A cause whose words its effect has repeated is left out.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1) {
            let text = cause.to_string();
            if !said.contains(&text) {
                causes.push(text.clone());
                said = text;
            }
        }
        causes
    }
}

impl From<tenon_host::engine::Error> for Failure {
    fn from(error: tenon_host::engine::Error) -> Self {
        let code = match error.outcome() {
            Outcome::Failed => FAILED,
            Outcome::Refused => REFUSED,
            Outcome::Limit => LIMIT,
            Outcome::Cancelled => INTERRUPTED,
        };
        Self::new(code, error.into())
    }
}

impl From<history::Error> for Failure {
    fn from(error: history::Error) -> Self {
        use history::Error;
        let code = match &error {
            Error::UnknownRun { .. } | Error::AmbiguousRun { .. } | Error::NoRuns { .. } => USAGE,
            Error::TooOld { .. } | Error::Undecided { .. } => REFUSED,
            _ => FAILED,
        };
        Self::new(code, error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_not_repeated() {
        let error = anyhow::anyhow!("no space")
            .context("cannot write x: no space")
            .context("the sink failed");
        assert_eq!(Failure::failed(error).causes(), ["cannot write x: no space"]);
    }
}
