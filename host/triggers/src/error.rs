//! The one error of this crate.

use std::fmt::Display;

use tenon_metadata::ErrorKind;
use thiserror::Error;

/// Why a trigger could not be changed, found or fired.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The database does not do it.
    #[error(transparent)]
    Database(#[from] tenon_metadata::Error),

    /// Events do not do it.
    #[error(transparent)]
    Events(#[from] tenon_events::Error),

    /// The tenant's quotas do not allow it.
    #[error(transparent)]
    Tenants(#[from] tenon_tenants::Error),

    /// The tenant has no such trigger.
    #[error("there is no trigger `{trigger}`")]
    UnknownTrigger {
        /// Its name.
        trigger: String,
    },

    /// There is one of this name.
    #[error("there is a trigger `{trigger}` already; use another name, or change that one")]
    Exists {
        /// Its name.
        trigger: String,
    },

    /// The trigger has been changed by somebody else.
    #[error("the trigger `{trigger}` has version {found}, not {expected}: read it again, and change that")]
    Changed {
        /// Its name.
        trigger: String,
        /// The version that was to be changed.
        expected: i64,
        /// The version it has.
        found: i64,
    },

    /// A field makes no sense.
    #[error("`{field}` is not right: {reason}")]
    Invalid {
        /// Which field: "actions[0].job".
        field: String,
        /// What is wrong with it.
        reason: String,
    },

    /// An action was refused, so nothing of the firing was done.
    #[error("the trigger `{trigger}` starts nothing: {reason}")]
    Refused {
        /// Its name.
        trigger: String,
        /// Why, with the job or workflow.
        reason: String,
    },

    /// The tenant's queue takes no more runs now, and nothing of the firing was done.
    #[error("the trigger `{trigger}` starts nothing now: {reason}")]
    Full {
        /// Its name.
        trigger: String,
        /// Its tenant.
        tenant: String,
        /// Why.
        reason: String,
        /// When to try again, in seconds.
        retry_after: u64,
    },

    /// Something came in for a trigger that takes nothing in.
    #[error("the trigger `{trigger}` takes no webhooks: it is not activated, or waits for something else")]
    NotListening {
        /// Its name.
        trigger: String,
    },

    /// What came in is not signed as it has to be. It is never said how it should have been.
    #[error("the delivery is refused: {reason}")]
    Signature {
        /// Which part is missing or wrong.
        reason: &'static str,
    },

    /// What came in is too large to be an argument of a run.
    #[error("the delivery has {bytes} bytes, and {limit} are taken")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// How many may be.
        limit: usize,
    },
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind(),
            Self::Events(error) => error.kind(),
            Self::Tenants(error) => error.kind(),
            Self::UnknownTrigger { .. } | Self::NotListening { .. } => ErrorKind::NotFound,
            Self::Exists { .. } | Self::Changed { .. } | Self::Refused { .. } => ErrorKind::Conflict,
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Full { .. } | Self::TooLarge { .. } => ErrorKind::Limit,
            Self::Signature { .. } => ErrorKind::Forbidden,
        }
    }

    /// When to try again, in seconds, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Full { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Display) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.to_string(),
        }
    }
}
