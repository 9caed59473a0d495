use thiserror::Error;

/// What can be wrong with the settings of telemetry.
#[derive(Debug, Error)]
pub enum Error {
    /// A setting makes no sense.
    #[error("{name}: {reason}")]
    Setting {
        /// Its name: the key below `telemetry`, or an environment variable.
        name: String,
        /// What is wrong with it, without what it says, which may be a secret.
        reason: String,
    },
    /// What sends cannot be set up.
    #[error("telemetry cannot be sent: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

impl Error {
    pub(crate) fn setting(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Setting {
            name: name.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn client(error: &impl ToString) -> Self {
        Self::Client {
            reason: error.to_string(),
        }
    }
}
