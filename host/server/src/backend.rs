//! What requests need plugins or databases for.

use std::sync::{Arc, Weak};
use std::time::Instant;

use async_trait::async_trait;
use serde_json::{Value, json};
use tenon_api::{Backend, Problem, Reloaded};
use tenon_database::Error as DatabaseError;
use tenon_events::Guard;
use tenon_metadata::{ErrorKind, Name};
use tenon_tenants::audit::Entry;
use tenon_tenants::tenants;
use tenon_triggers::Workflows;
use tenon_versions::Store;

use crate::drivers::StartedByTriggers;
use crate::executor::configured;
use crate::houses;
use crate::server::Shared;

/// A server for its own API. It does not keep the server alive.
pub(crate) struct Behind(pub Weak<Shared>);

impl Behind {
    fn shared(&self) -> Result<Arc<Shared>, String> {
        self.0.upgrade().ok_or_else(|| "the server has ended".to_owned())
    }
}

#[async_trait]
impl Backend for Behind {
    async fn check_plugin(&self, name: &str, bytes: Vec<u8>) -> Result<Value, String> {
        let shared = self.shared()?;
        shared.plugins.check(&shared.runtime, name, bytes).await
    }

    async fn test_connection(&self, tenant: &Name, connection: &Name) -> Result<Value, String> {
        let shared = self.shared()?;
        let (keys, owner, name) = (shared.keys(), tenant.clone(), connection.clone());
        let resolving = shared
            .metadata
            .read(move |tx| tenon_tenants::connections::resolve(tx, &keys, &owner, &name, None));
        let resolved = resolving
            .await
            .map_err(|error: tenon_tenants::Error| error.to_string())?;
        let (driver, mut config) = configured(resolved)?;
        let terms = shared.terms(tenant).await.map_err(|error| error.to_string())?;
        let allowed = terms.house().connection(connection.as_str(), driver, &mut config);
        allowed.map_err(|error| crate::executor::with_cause(&error))?;
        let began = Instant::now();
        let answered = match tenon_database::open(driver, &config) {
            Ok(database) => database
                .check()
                .await
                .map(|version| (database.name().to_owned(), version)),
            Err(error) => Err(error),
        };
        let milliseconds = began.elapsed().as_millis() as u64;
        Ok(match answered {
            Ok((database, version)) => {
                json!({ "ok": true, "database": database, "version": version, "milliseconds": milliseconds })
            }
            Err(error) => {
                let stage = match &error {
                    DatabaseError::Connect { stage, .. } => stage.to_string(),
                    _ => "database".to_owned(),
                };
                json!({ "ok": false, "stage": stage, "error": error.to_string(), "milliseconds": milliseconds })
            }
        })
    }

    fn plugins(&self) -> Option<Store> {
        self.0.upgrade().map(|shared| shared.plugins.store.clone())
    }

    async fn plugin_changed(&self, tenant: &Name, plugin: &Name) {
        let Some(shared) = self.0.upgrade() else { return };
        if let Err(error) = shared.plugins.catalog.refresh(tenant, plugin).await {
            tracing::warn!(%error, "a change of a plugin is noticed a little later");
        }
    }

    fn tenant_comes(&self, tenant: &Name) -> Result<(), String> {
        let house = self.shared()?.config().house_of(tenant);
        houses::clear(&house).map_err(|error| format!("what is there by its name cannot be put aside: {error}"))
    }

    async fn tenant_left(&self, tenant: &Name) {
        let Some(shared) = self.0.upgrade() else { return };
        shared.forget_terms();
        let config = shared.config();
        let (all, house, name) = (config.houses(), config.house_of(tenant), tenant.clone());
        // While nobody else makes one of that name.
        let closing = shared.metadata.write(move |tx| match tenants::get(tx, &name) {
            Ok(_) => Ok(Ok(None)),
            Err(tenon_tenants::Error::NoTenant { .. }) => Ok(houses::close(&house)),
            Err(error) => Err(error),
        });
        let closed = closing.await.map_err(|error| error.to_string());
        match closed.and_then(|closed| closed.map_err(|error| error.to_string())) {
            Ok(None) => {}
            Ok(Some(_)) => drop(tokio::task::spawn_blocking(move || houses::remove_gone(&all))),
            Err(error) => {
                tracing::error!(%tenant, error, "the folder of a deleted tenant cannot be taken out of the way");
            }
        }
    }

    fn workflows(&self) -> Arc<dyn Workflows> {
        Arc::new(StartedByTriggers)
    }

    fn guard(&self) -> Result<Guard, tenon_events::Error> {
        let settings = self.0.upgrade().map(|shared| shared.config().network.guarded());
        Guard::new(&settings.unwrap_or_default())
    }

    async fn reload(&self, asked: Entry) -> Result<Reloaded, Problem> {
        let shared = self.shared();
        let shared = shared.map_err(|reason| Problem::of(ErrorKind::Unavailable, reason))?;
        let reloaded = crate::reload::reload(&shared, asked).await;
        reloaded.map_err(|error| Problem::of(error.kind(), error.to_string()))
    }

    fn name(&self) -> String {
        self.0
            .upgrade()
            .map(|shared| shared.name.to_string())
            .unwrap_or_default()
    }

    fn is_draining(&self) -> bool {
        self.0.upgrade().is_none_or(|shared| shared.is_draining())
    }

    fn trouble(&self) -> Option<String> {
        let broken = self.0.upgrade()?.broken.names()?;
        Some(format!(
            "parts of the server broke off, and begin again: {broken}; its log says more"
        ))
    }

    fn metrics(&self) -> String {
        self.0
            .upgrade()
            .map(|shared| shared.render_metrics())
            .unwrap_or_default()
    }
}
