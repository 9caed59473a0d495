//! The error that a pipeline answers a script with.

use crate::error::ErrorKind;

/// What went wrong while a script's frame was planned or run. The script sees all of it, without the run's secrets.
///
/// ```
/// use tenon_runtime::{ErrorKind, Fault};
///
/// let fault = Fault::new(ErrorKind::BadConfig, "there is no column `amont`").within("filter");
/// assert_eq!(fault.to_string(), "filter: there is no column `amont`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .context.iter().flat_map(|step| [step.as_str(), ": "]).collect::<String>())]
pub struct Fault {
    /// What the script can do about it.
    pub kind: ErrorKind,
    /// One or more sentences; the script sees the first 4 KiB.
    pub message: String,
    /// From the outside in: what was being done; the script sees the first 16 entries.
    pub context: Vec<String>,
}

impl Fault {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Fault {
            kind,
            message: message.into(),
            context: Vec::new(),
        }
    }

    /// The same error, with what was being done around it.
    #[must_use]
    pub fn within(mut self, step: impl Into<String>) -> Self {
        self.context.insert(0, step.into());
        self
    }
}
