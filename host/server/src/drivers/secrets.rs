//! Targets of events are called with their tenant's secrets.

use std::sync::Arc;

use async_trait::async_trait;
use tenon_events::{Error, Secrets};
use tenon_metadata::Name;
use zeroize::Zeroizing;

use crate::server::Shared;

/// Secrets that all jobs of a tenant may use, and so its targets.
pub(super) struct TargetSecrets(pub Arc<Shared>);

#[async_trait]
impl Secrets for TargetSecrets {
    async fn reveal(&self, tenant: &str, name: &Name) -> Result<Zeroizing<String>, Error> {
        let unknown = |reason: String| Error::Secret {
            name: name.to_string(),
            reason,
        };
        let owner = Name::new(tenant).map_err(|error| unknown(error.to_string()))?;
        let (keys, name) = (self.0.keys(), name.clone());
        let revealed = self
            .0
            .metadata
            .read(move |tx| tenon_tenants::secrets::reveal(tx, &keys, &owner, &name, None));
        let secret = revealed.await.map_err(|error| unknown(error.to_string()))?;
        Ok(Zeroizing::new(secret.reveal().to_owned()))
    }
}
