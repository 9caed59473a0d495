use tenon_metadata::ErrorKind;
use thiserror::Error;

/// What can go wrong with events and their delivery.
#[derive(Debug, Error)]
pub enum Error {
    /// The database fails.
    #[error(transparent)]
    Metadata(#[from] tenon_metadata::Error),
    /// There is no such cursor.
    #[error("there is no cursor `{name}`")]
    NoSuchCursor {
        /// Its name.
        name: String,
    },
    /// There is no such target.
    #[error("there is no target `{name}`")]
    NoSuchTarget {
        /// Its name.
        name: String,
    },
    /// There is no such delivery.
    #[error("the target `{target}` has no delivery {number}")]
    NoSuchDelivery {
        /// The name of the target.
        target: String,
        /// The number of the delivery.
        number: i64,
    },
    /// There is a target of this name.
    #[error("there is a target `{name}` already")]
    TargetExists {
        /// Its name.
        name: String,
    },
    /// Somebody else has changed the target.
    #[error("the target `{name}` has changed: it has version {found}, not {expected}; read it again")]
    TargetChanged {
        /// Its name.
        name: String,
        /// The version that it has.
        found: i64,
        /// The version that was expected.
        expected: i64,
    },
    /// A tenant has as many targets as it may have.
    #[error("the tenant `{tenant}` has {limit} targets, which is the limit; remove one first")]
    TooManyTargets {
        /// The tenant.
        tenant: String,
        /// The limit.
        limit: usize,
    },
    /// A target makes no sense, or is not allowed.
    #[error("the target `{name}` cannot be used: {reason}")]
    InvalidTarget {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A page of a list was asked for by something that is not a position.
    #[error("`{after}` is not a place in the list: take what the page before calls `next`")]
    InvalidPage {
        /// What was given.
        after: String,
    },
    /// A condition cannot be understood, or is too large.
    #[error("the condition is wrong at line {line}, column {column}: {reason}\n{text}")]
    Condition {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong.
        reason: String,
        /// The line's text.
        text: String,
    },
    /// A condition cannot be decided for an event.
    #[error("the condition `{condition}` cannot be decided: {reason}")]
    Evaluation {
        /// The condition, cut short.
        condition: String,
        /// Why not.
        reason: String,
    },
    /// An address or URL that must not be called.
    #[error("{place} must not be called: {reason}")]
    Refused {
        /// The host or URL, without what may be secret.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The operator's settings are wrong.
    #[error("the setting `{setting}` is wrong: {reason}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A secret cannot be had.
    #[error("the secret `{name}` cannot be used: {reason}")]
    Secret {
        /// Its name.
        name: String,
        /// Why not; never the secret.
        reason: String,
    },
    /// A signature is missing, wrong or too old.
    #[error("the request is not signed as it must be: {reason}")]
    Signature {
        /// What is wrong.
        reason: &'static str,
    },
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Metadata(error) => error.kind(),
            Self::NoSuchCursor { .. } | Self::NoSuchTarget { .. } | Self::NoSuchDelivery { .. } => ErrorKind::NotFound,
            Self::TargetExists { .. } | Self::TargetChanged { .. } => ErrorKind::Conflict,
            Self::TooManyTargets { .. } => ErrorKind::Limit,
            Self::InvalidTarget { .. }
            | Self::InvalidPage { .. }
            | Self::Condition { .. }
            | Self::Evaluation { .. }
            | Self::Setting { .. }
            | Self::Secret { .. } => ErrorKind::Invalid,
            Self::Refused { .. } | Self::Signature { .. } => ErrorKind::Forbidden,
        }
    }
}
