//! What the API cannot do by itself.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use tenon_events::{Guard, GuardSettings};
use tenon_metadata::{ErrorKind, Name};
use tenon_tenants::audit::Entry;
use tenon_triggers::{NoWorkflows, Workflows};
use tenon_versions::Store;

use crate::Problem;

/// The part of a server that opens plugins and databases.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Compiles what was uploaded as a plugin, or reads it as a script if its name ends like one, and describes what it can
    /// do, as JSON with `interfaces` and `functions`, or `script`.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    async fn check_plugin(&self, name: &str, bytes: Vec<u8>) -> Result<Value, String>;

    /// Connects as a tenant's stored connection says, and says how that went: JSON with `ok`, and `stage` and `error` of what
    /// failed (`dns`, `tcp`, `tls`, `login`, `database`, `permission`).
    ///
    /// # Errors
    /// A sentence, if the connection is not there, or not one that the tenant may use.
    async fn test_connection(&self, tenant: &Name, connection: &Name) -> Result<Value, String>;

    /// Keeps what is uploaded as plugins; none where the server takes none.
    fn plugins(&self) -> Option<Store> {
        None
    }

    /// Called after the versions or aliases of a plugin were changed, before that is answered, so that runs which begin
    /// after the answer see it.
    async fn plugin_changed(&self, _tenant: &Name, _plugin: &Name) {}

    /// Called when a tenant is about to be made, within the transaction that makes it, and perhaps again if that is tried
    /// again: what is left of an earlier one of that name must not be there for it.
    ///
    /// # Errors
    /// A sentence, if something is there and cannot be taken away; the tenant is not made then.
    fn tenant_comes(&self, _tenant: &Name) -> Result<(), String> {
        Ok(())
    }

    /// Called after a tenant was deleted: nothing of what it had outside of the database is to be there any more when that is
    /// answered.
    async fn tenant_left(&self, _tenant: &Name) {}

    /// Starts the workflows of triggers.
    fn workflows(&self) -> Arc<dyn Workflows> {
        Arc::new(NoWorkflows)
    }

    /// Says where events may be delivered; the strictest one by default.
    ///
    /// # Errors
    /// If its settings make no sense.
    fn guard(&self) -> Result<Guard, tenon_events::Error> {
        Guard::new(&GuardSettings::default())
    }

    /// Reads the server's configuration again, and has what changed come into force. `asked` is who asked for it, and is put
    /// into the audit log together with what changed.
    ///
    /// # Errors
    /// If the configuration is not right, which leaves the one in force that was; if the server has none to read again.
    async fn reload(&self, _asked: Entry) -> Result<Reloaded, Problem> {
        let reason = "this server was started without a configuration file, so that there is nothing to read again";
        Err(Problem::of(ErrorKind::Conflict, reason))
    }

    /// The server's name.
    fn name(&self) -> String {
        "tenon".to_owned()
    }

    /// Whether the server has been asked to end.
    fn is_draining(&self) -> bool;

    /// What is wrong with the server, if something is: it is not ready then.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// What the server has counted, in Prometheus' text format.
    fn metrics(&self) -> String;
}

/// What reading the configuration again has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reloaded {
    /// Settings that have changed and are in force, as `runs.concurrent`; `key` where the keys of secrets are others.
    pub changed: Vec<String>,
    /// Settings that have changed in the file and cannot change while the server runs: a sentence for each.
    pub refused: Vec<String>,
}
