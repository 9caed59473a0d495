//! Who asks.

use tenon_metadata::Name;

use crate::{Error, Scope};

/// Who asks, by the token that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant whose token it is; none for the operator.
    pub tenant: Option<Name>,
    /// The token's id: `tok_...`. It is no secret.
    pub token_id: String,
    /// The token's name.
    pub token_name: String,
    /// What the token allows.
    pub scopes: Vec<Scope>,
    /// Whether the tenant is suspended: only `read` is left to it then.
    pub suspended: bool,
}

impl Principal {
    /// The server itself, which may do everything: schedules, recovery, a server without tokens.
    pub fn server() -> Self {
        Self {
            tenant: None,
            token_id: "server".to_owned(),
            token_name: "server".to_owned(),
            scopes: vec![Scope::Server],
            suspended: false,
        }
    }

    /// Whether it has a scope, or one that allows more.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| held.allows(scope))
    }

    /// Checks that it has a scope, or one that allows more, and that its tenant is not suspended.
    ///
    /// # Errors
    /// [`Error::Scope`], [`Error::Suspended`].
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        if !self.has(scope) {
            let held: Vec<String> = self.scopes.iter().map(|held| format!("`{held}`")).collect();
            let held = if held.is_empty() {
                "none".to_owned()
            } else {
                held.join(", ")
            };
            return Err(Error::Scope { needed: scope, held });
        }
        match &self.tenant {
            Some(tenant) if self.suspended && scope != Scope::Read => Err(Error::Suspended {
                tenant: tenant.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks that a tenant's things are there for it: what belongs to another tenant does not exist. Whether the tenant
    /// itself exists is not looked at.
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn for_tenant(&self, tenant: &Name) -> Result<(), Error> {
        if self.tenant.as_ref() == Some(tenant) || self.has(Scope::Server) {
            return Ok(());
        }
        Err(Error::NoTenant {
            tenant: tenant.to_string(),
        })
    }
}
