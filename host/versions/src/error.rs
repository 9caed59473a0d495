use tenon_metadata::ErrorKind;
use thiserror::Error;

use crate::Digest;

/// What can go wrong with versions of plugins.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such plugin, or it is another tenant's.
    #[error("there is no plugin `{plugin}`; upload it first")]
    NoPlugin {
        /// Its name.
        plugin: String,
    },
    /// There is no such version.
    #[error("the plugin `{plugin}` has no version {version}")]
    NoVersion {
        /// The plugin's name.
        plugin: String,
        /// What was asked for: a number, or a digest.
        version: String,
    },
    /// There is no such alias.
    #[error("the plugin `{plugin}` has no alias `{alias}`")]
    NoAlias {
        /// The plugin's name.
        plugin: String,
        /// The alias.
        alias: String,
    },
    /// A reference is not one.
    #[error(
        "`{text}` does not name a plugin: it is a name, which may be followed by `@` and an alias, a number of a version, \
         or `sha256:` and a digest"
    )]
    Reference {
        /// The reference, cut short.
        text: String,
    },
    /// A digest is not one.
    #[error("`{text}` is no digest: it needs 64 digits 0-9, a-f")]
    Digest {
        /// The text, cut short.
        text: String,
    },
    /// A version is not in the state that it would have to be in.
    #[error("version {version} of the plugin `{plugin}` is {state}, and {needed}")]
    State {
        /// The plugin's name.
        plugin: String,
        /// The version's number.
        version: i64,
        /// The state that it is in.
        state: &'static str,
        /// What would be needed: "only one that is ready can be promoted".
        needed: &'static str,
    },
    /// An alias has changed since it was looked at.
    #[error(
        "the alias `{alias}` of the plugin `{plugin}` has changed: it is at revision {found}, not {expected}; look again"
    )]
    Changed {
        /// The plugin's name.
        plugin: String,
        /// The alias.
        alias: String,
        /// Its revision; 0 if there is none.
        found: i64,
        /// The revision that was expected.
        expected: i64,
    },
    /// A version is in use.
    #[error(
        "version {version} of the plugin `{plugin}` cannot be retired: the alias `{alias}` points to it; promote another"
    )]
    InUse {
        /// The plugin's name.
        plugin: String,
        /// The version's number.
        version: i64,
        /// An alias that points to it.
        alias: String,
    },
    /// An alias has a canary, or has none.
    #[error("the alias `{alias}` of the plugin `{plugin}` {reason}")]
    Canary {
        /// The plugin's name.
        plugin: String,
        /// The alias.
        alias: String,
        /// What is the matter: "has a canary already; ...".
        reason: &'static str,
    },
    /// A field makes no sense.
    #[error("`{field}` {reason}")]
    Invalid {
        /// Which one.
        field: &'static str,
        /// What is the matter.
        reason: String,
    },
    /// An upload is too large.
    #[error("the component is larger than {limit} bytes, which is the limit of an upload")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The tenant's plugins would be too large.
    #[error(
        "the plugins of the tenant `{tenant}` would take {bytes} bytes, and may take {limit}; retire versions that are not needed"
    )]
    Quota {
        /// Whose.
        tenant: String,
        /// What they would take with this one.
        bytes: u64,
        /// What they may take.
        limit: u64,
    },
    /// What has arrived is not what was sent.
    #[error("the upload has the digest {found}, and {expected} was announced; upload it again")]
    Mismatch {
        /// What was announced.
        expected: Digest,
        /// What has arrived.
        found: Digest,
    },
    /// A component is not in the store.
    #[error("the component {digest} is not in the store; upload it again")]
    Gone {
        /// Its digest.
        digest: Digest,
    },
    /// A component in the store is not what it was.
    #[error("the component {digest} is damaged in the store; upload it again")]
    Damaged {
        /// Its digest.
        digest: Digest,
    },
    /// A component is about to be removed, and comes back at the same time.
    #[error("the component {digest} is being removed right now; try again in a moment")]
    Busy {
        /// Its digest.
        digest: Digest,
    },
    /// The store cannot be used.
    #[error("the store of components cannot be {doing} at {place}: {source}")]
    Store {
        /// "read", "written".
        doing: &'static str,
        /// Where: a folder, "the database".
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] tenon_metadata::Error),
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoPlugin { .. } | Self::NoVersion { .. } | Self::NoAlias { .. } | Self::Gone { .. } => {
                ErrorKind::NotFound
            }
            Self::Reference { .. } | Self::Digest { .. } | Self::Invalid { .. } | Self::Mismatch { .. } => {
                ErrorKind::Invalid
            }
            Self::State { .. } | Self::Changed { .. } | Self::InUse { .. } | Self::Canary { .. } => ErrorKind::Conflict,
            Self::TooLarge { .. } | Self::Quota { .. } => ErrorKind::Limit,
            Self::Busy { .. } | Self::Store { .. } => ErrorKind::Unavailable,
            Self::Damaged { .. } => ErrorKind::Internal,
            Self::Database(error) => error.kind(),
        }
    }
}
