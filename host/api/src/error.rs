use tenon_metadata::ErrorKind;
use thiserror::Error;

/// What can go wrong in a transaction of several crates.
#[derive(Debug, Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Metadata(#[from] tenon_metadata::Error),
    /// Events.
    #[error(transparent)]
    Events(#[from] tenon_events::Error),
    /// Tenants, tokens, quotas, secrets.
    #[error(transparent)]
    Tenants(#[from] tenon_tenants::Error),
    /// Jobs and runs.
    #[error(transparent)]
    Runs(#[from] tenon_runs::Error),
    /// Triggers.
    #[error(transparent)]
    Triggers(#[from] tenon_triggers::Error),
    /// Workflows.
    #[error(transparent)]
    Workflows(#[from] tenon_workflows::Error),
    /// A tenant that has runs cannot be removed.
    #[error("tenant `{tenant}` has {runs} runs at work: suspend it, and stop them first")]
    AtWork {
        /// Its name.
        tenant: String,
        /// How many have not ended.
        runs: i64,
    },
    /// A tenant cannot be made while something of an earlier one is there.
    #[error("tenant `{tenant}` cannot be made: {reason}")]
    Occupied {
        /// Its name.
        tenant: String,
        /// What is in the way.
        reason: String,
    },
    /// A field of what was sent.
    #[error("`{field}` is not right: {reason}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else has changed the prices in between.
    #[error("the prices have version {found}, not {expected}: read them again, and change that")]
    PricesChanged {
        /// The version that is stored.
        found: i64,
        /// The one that was to be changed.
        expected: i64,
    },
    /// What was to be changed only if it is there is not.
    #[error("`If-Match: *` is for what is there, and {0}")]
    NotThere(Box<Error>),
    /// Plugins.
    #[error(transparent)]
    Versions(#[from] tenon_versions::Error),
}

impl Error {
    /// The quota of a tenant that is behind it, if one is.
    pub(crate) fn quota(&self) -> Option<&'static str> {
        match self {
            Self::Tenants(tenon_tenants::Error::Quota { what, .. })
            | Self::Triggers(tenon_triggers::Error::Tenants(tenon_tenants::Error::Quota { what, .. })) => Some(*what),
            Self::Tenants(tenon_tenants::Error::CpuQuota { .. }) => Some("cpu_seconds_per_day"),
            Self::Runs(tenon_runs::Error::QueueFull { .. }) | Self::Triggers(tenon_triggers::Error::Full { .. }) => {
                Some("queued_runs")
            }
            Self::Versions(tenon_versions::Error::Quota { .. }) => Some("plugin_bytes"),
            _ => None,
        }
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Metadata(error) => error.kind(),
            Self::Events(error) => error.kind(),
            Self::Tenants(error) => error.kind(),
            Self::Runs(error) => error.kind(),
            Self::Triggers(error) => error.kind(),
            Self::Workflows(error) => error.kind(),
            Self::Versions(error) => error.kind(),
            Self::AtWork { .. } | Self::PricesChanged { .. } | Self::NotThere(_) => ErrorKind::Conflict,
            Self::Field { .. } => ErrorKind::Invalid,
            Self::Occupied { .. } => ErrorKind::Unavailable,
        }
    }

    /// Whether it is refused because of how many bytes it has.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Triggers(tenon_triggers::Error::TooLarge { .. })
                | Self::Versions(tenon_versions::Error::TooLarge { .. })
        )
    }

    /// When to try again, in seconds, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Runs(error) | Self::Workflows(tenon_workflows::Error::Runs(error)) => error.retry_after(),
            Self::Triggers(error) => error.retry_after(),
            _ => None,
        }
    }
}
