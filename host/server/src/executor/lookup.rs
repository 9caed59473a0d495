//! What a tenant's job may refer to: its own secrets and connections, and nothing of the server's environment.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tenon_connect::database::Connections;
use tenon_database::{ConnectionConfig, Driver, Secret};
use tenon_job::Lookup;
use tenon_metadata::{ErrorKind, Metadata, Name};
use tenon_tenants::connections::{self, ResolvedConnection};
use tenon_tenants::secrets::{self, KeyRing};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Finds a tenant's secrets and connections, for one job.
#[derive(Clone)]
pub(crate) struct Belongings {
    pub metadata: Metadata,
    /// Those in force when a secret is looked up, which may be long after the run began.
    pub keys: watch::Receiver<Arc<KeyRing>>,
    pub tenant: Name,
    pub job: Name,
    pub runtime: Handle,
}

impl Belongings {
    /// Lookups are no futures, and few jobs have any: those that do give their thread's other tasks to another one.
    fn wait<T>(&self, reading: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| self.runtime.block_on(reading))
    }

    fn reveal(&self, name: &str) -> Result<Option<String>, tenon_tenants::Error> {
        let Ok(name) = Name::new(name) else {
            return Ok(None);
        };
        let (keys, tenant, job) = (Arc::clone(&self.keys.borrow()), self.tenant.clone(), self.job.clone());
        let reading = self
            .metadata
            .read(move |tx| secrets::reveal(tx, &keys, &tenant, &name, Some(&job)));
        match self.wait(reading) {
            Ok(secret) => Ok(Some(secret.reveal().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Belongings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenant = &self.tenant;
        formatter
            .debug_struct("Belongings")
            .field("tenant", tenant)
            .finish_non_exhaustive()
    }
}

impl Lookup for Belongings {
    /// The server's environment is not its tenants'.
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.reveal(name).ok().flatten()
    }

    fn secret_problem(&self, name: &str) -> Option<String> {
        self.reveal(name).err().map(|error| error.to_string())
    }
}

impl Connections for Belongings {
    fn find(&self, name: &str) -> Result<(Driver, ConnectionConfig), String> {
        let name = Name::new(name).map_err(|error| error.to_string())?;
        let (keys, tenant, job) = (Arc::clone(&self.keys.borrow()), self.tenant.clone(), self.job.clone());
        let reading = self
            .metadata
            .read(move |tx| connections::resolve(tx, &keys, &tenant, &name, Some(&job)));
        let resolved = self.wait(reading);
        configured(resolved.map_err(|error: tenon_tenants::Error| error.to_string())?)
    }
}

/// A tenant's connection as the connectors take it.
///
/// # Errors
/// If there is no such driver, or an option is not understood; without what it says, which may be a secret.
pub(crate) fn configured(resolved: ResolvedConnection) -> Result<(Driver, ConnectionConfig), String> {
    let driver: Driver = resolved.driver.parse().map_err(|_| {
        let known = Driver::ALL.map(|driver| format!("`{driver}`")).join(", ");
        format!("there is no driver `{}`; there are {known}", resolved.driver)
    })?;
    let options = serde_json::from_value(Value::Object(resolved.options));
    let config = ConnectionConfig {
        url: Secret::new(resolved.url.reveal()),
        options: options.map_err(|_| "the options of the connection are not understood".to_owned())?,
    };
    Ok((driver, config))
}
