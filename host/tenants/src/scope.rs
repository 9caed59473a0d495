//! What a token allows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the things that a token can allow. `write` and `run` allow `read`, `admin` allows all of a tenant, and `server` allows all
/// of all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at everything but secrets' values.
    Read,
    /// Start and stop runs.
    Run,
    /// Change jobs, triggers, workflows, plugins, connections and secrets.
    Write,
    /// Make and revoke the tenant's tokens, and read its audit log.
    Admin,
    /// Change tenants, quotas and the server: the operator's.
    Server,
}

impl Scope {
    /// Its name, as in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Run => "run",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Server => "server",
        }
    }

    /// Whether who has this scope may do what `other` is for.
    pub fn allows(self, other: Scope) -> bool {
        match self {
            Self::Read => other == Self::Read,
            Self::Run => matches!(other, Self::Read | Self::Run),
            Self::Write => matches!(other, Self::Read | Self::Write),
            Self::Admin => other != Self::Server,
            Self::Server => true,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
