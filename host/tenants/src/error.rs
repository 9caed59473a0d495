use tenon_metadata::ErrorKind;
use thiserror::Error;

use crate::{Denied, Scope};

/// What can go wrong with tenants and what is theirs. No message holds a secret or a token.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such tenant, or the caller may not know of it.
    #[error("there is no tenant `{tenant}`")]
    NoTenant {
        /// The name asked for.
        tenant: String,
    },
    /// A tenant has no such thing.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// "token", "secret", "connection".
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// It is there already.
    #[error("there is a {what} `{name}` already; use another name, or change that one")]
    Exists {
        /// "tenant", "token".
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Somebody else has changed it since it was read.
    #[error("{what} `{name}` has version {found}, not {expected}: read it again, and change that")]
    Changed {
        /// "tenant", "secret".
        what: &'static str,
        /// Its name.
        name: String,
        /// The version that the caller has.
        expected: i64,
        /// The version that it has.
        found: i64,
    },
    /// A tenant that has things is to be deleted.
    #[error("tenant `{tenant}` still has {holdings}: delete them first, or force it")]
    NotEmpty {
        /// The tenant.
        tenant: String,
        /// "2 jobs, 1 secrets".
        holdings: String,
    },
    /// Something else needs it.
    #[error("{what} `{name}` is used by {user}: change that first")]
    InUse {
        /// "secret".
        what: &'static str,
        /// Its name.
        name: String,
        /// "connection `lake`".
        user: String,
    },
    /// A field makes no sense.
    #[error("{field} is not right: {reason}")]
    Invalid {
        /// Which: "quotas.hosts".
        field: String,
        /// Why.
        reason: String,
    },
    /// No token, or none that is valid now. It is never said which.
    #[error("the token is not valid: it is unknown, expired or revoked, or not all of it was sent")]
    BadToken,
    /// The token does not allow it.
    #[error("this needs a token with the scope `{needed}`, and this one has {held}")]
    Scope {
        /// The scope that is missing.
        needed: Scope,
        /// Those that are there: "`read`, `run`".
        held: String,
    },
    /// The tenant may look, but not do anything.
    #[error("tenant `{tenant}` is suspended: it can be looked at, but not changed, and nothing of it runs")]
    Suspended {
        /// The tenant.
        tenant: String,
    },
    /// A quota is reached.
    #[error("tenant `{tenant}` has reached its quota of {what}: {used} of {limit}")]
    Quota {
        /// The tenant.
        tenant: String,
        /// Of what, and in which unit: "queued runs".
        what: &'static str,
        /// The quota.
        limit: u64,
        /// How much there would be.
        used: u64,
    },
    /// The CPU time of a day is used up.
    #[error(
        "tenant `{tenant}` has used {used_seconds} of its {limit_seconds} CPU seconds of today; they begin anew at {resets}"
    )]
    CpuQuota {
        /// The tenant.
        tenant: String,
        /// The quota, in seconds.
        limit_seconds: u64,
        /// What was used today, in seconds.
        used_seconds: u64,
        /// When the next day begins, as `2026-01-31T00:00:00Z`.
        resets: String,
        /// The same, in microseconds since 1970.
        resets_at: i64,
    },
    /// A place that the tenant's jobs may not touch.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A job may not use a secret.
    #[error("{user} may not use secret `{secret}`: it is granted to other jobs alone")]
    NotGranted {
        /// The secret.
        secret: String,
        /// "job `load`".
        user: String,
    },
    /// The server's key is not usable.
    #[error("{origin} does not give a key: {reason}")]
    Key {
        /// "TENON_SERVER_KEY", or the file.
        origin: String,
        /// Why.
        reason: String,
    },
    /// A secret was encrypted by a key that this server has not got.
    #[error("secret `{name}` of tenant `{tenant}` needs the key {key_id}, which this server has not got")]
    NoKey {
        /// The tenant.
        tenant: String,
        /// The secret.
        name: String,
        /// Which key.
        key_id: String,
    },
    /// A row does not decrypt, or is no more what it was.
    #[error("secret `{name}` of tenant `{tenant}` was changed or moved in the database: put it anew")]
    Tampered {
        /// The tenant.
        tenant: String,
        /// The secret.
        name: String,
    },
    /// The audit log was changed.
    #[error("the audit log is broken at entry {number}: {reason}")]
    AuditBroken {
        /// The first entry that is wrong.
        number: i64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The operating system gives no random numbers, or a cipher fails.
    #[error("{doing} failed")]
    Crypto {
        /// "making a random key".
        doing: &'static str,
    },
    /// The database.
    #[error(transparent)]
    Metadata(#[from] tenon_metadata::Error),
}

impl Error {
    /// What sort of failure it is. [`BadToken`](Self::BadToken) is `Forbidden`; HTTP says 401 for it, and 403 for the others.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoTenant { .. } | Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Exists { .. } | Self::Changed { .. } | Self::NotEmpty { .. } | Self::InUse { .. } => {
                ErrorKind::Conflict
            }
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::BadToken
            | Self::Scope { .. }
            | Self::Suspended { .. }
            | Self::Denied(_)
            | Self::NotGranted { .. } => ErrorKind::Forbidden,
            Self::Quota { .. } | Self::CpuQuota { .. } => ErrorKind::Limit,
            Self::Key { .. }
            | Self::NoKey { .. }
            | Self::Tampered { .. }
            | Self::AuditBroken { .. }
            | Self::Crypto { .. } => ErrorKind::Internal,
            Self::Metadata(error) => error.kind(),
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound {
            what,
            name: name.into(),
        }
    }
}

/// Whether a thing has the version that the caller has seen.
pub(crate) fn check_version(what: &'static str, name: &str, expected: Option<i64>, found: i64) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != found => Err(Error::Changed {
            what,
            name: name.to_owned(),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}
