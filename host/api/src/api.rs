//! What requests are answered with.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tenon_metadata::{Metadata, Name, Transaction};
use tenon_runs::Runs;
use tenon_tenants::audit::{self, Entry};
use tenon_tenants::secrets::KeyRing;
use tenon_tenants::tenants;
use tenon_tenants::tokens::Authenticator;
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::followers::Followers;
use crate::health::Readiness;
use crate::{Backend, Problem};

/// How much a server answers at once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests that are worked on at once; further ones are answered with 429. Default 512.
    pub concurrent: usize,
    /// Bytes of a request's body, but for plugins. Default 4 MiB.
    pub body: usize,
    /// Bytes of a plugin. Default 64 MiB.
    pub plugin: usize,
    /// How long a request may take, but for those that follow something. Default 30 s.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrent: 512,
            body: 4 << 20,
            plugin: 64 << 20,
            timeout: Duration::from_secs(30),
        }
    }
}

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// What an [`Api`] is made of.
pub struct Parts {
    /// The server's database.
    pub metadata: Metadata,
    /// Encrypts and decrypts secrets.
    pub keys: Arc<KeyRing>,
    /// Knows tokens.
    pub authenticator: Authenticator,
    /// Runs and their logs.
    pub runs: Runs,
    /// Does what the API cannot.
    pub backend: Arc<dyn Backend>,
    /// How much is answered at once.
    pub settings: Settings,
    /// Requests that may still be taken up.
    pub(crate) requests: Semaphore,
    /// Streams that are followed now.
    pub(crate) followers: Followers,
    /// Whether the server can take work.
    pub(crate) readiness: Readiness,
}

impl Api {
    /// An API over a database with all tables.
    pub fn new(
        metadata: Metadata,
        keys: Arc<KeyRing>,
        runs: Runs,
        backend: Arc<dyn Backend>,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Parts {
            authenticator: Authenticator::new(metadata.clone()),
            requests: Semaphore::new(settings.concurrent.min(Semaphore::MAX_PERMITS)),
            followers: Followers::new(settings.concurrent),
            readiness: Readiness::default(),
            metadata,
            keys,
            runs,
            backend,
            settings,
        }))
    }
}

impl Api {
    /// Looks at what a tenant has. A tenant that is not there has nothing, not even empty lists.
    pub(crate) async fn look<T, E>(
        &self,
        tenant: &Name,
        mut look: impl FnMut(&mut Transaction<'_>, &Name) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        Error: From<E>,
    {
        let tenant = tenant.clone();
        let looked = self.metadata.read(move |tx| {
            tenants::get(tx, &tenant)?;
            Ok::<_, Error>(look(tx, &tenant)?)
        });
        Ok(looked.await?)
    }

    /// Changes what a tenant has, and records that it was done, in one transaction.
    pub(crate) async fn change<T, E>(
        &self,
        entry: Entry,
        tenant: &Name,
        mut change: impl FnMut(&mut Transaction<'_>, &Name, &mut Entry) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        Error: From<E>,
    {
        let owner = tenant.clone();
        let changed = self.recorded::<T, Error>(entry, move |tx, entry| {
            tenants::get(tx, &owner)?;
            Ok(change(tx, &owner, entry)?)
        });
        let error = match changed.await {
            Ok(changed) => return Ok(changed),
            Err(error) => error,
        };
        let (quota, reason) = (error.quota(), error.to_string());
        if let Some(quota) = quota {
            self.tell_quota(tenant, quota, reason).await;
        }
        Err(error.into())
    }

    /// Has those who watch a tenant know that a quota has refused something.
    pub(crate) async fn tell_quota(&self, tenant: &Name, quota: &'static str, reason: String) {
        let asked = tenant.clone();
        let is_told = self
            .metadata
            .read(move |tx| tenon_tenants::quotas::is_told(tx, &asked, quota));
        if let Ok(true) = is_told.await {
            return;
        }
        let tenant = tenant.clone();
        let told = self
            .metadata
            .write(move |tx| tenon_tenants::quotas::tell_reached(tx, &tenant, quota, &reason));
        if let Err(error) = told.await {
            tracing::warn!(%error, quota, "nobody is told that a quota is reached");
        }
    }

    /// The same for what concerns no tenant, or may make one.
    pub(crate) async fn change_server<T, E>(
        &self,
        entry: Entry,
        change: impl FnMut(&mut Transaction<'_>, &mut Entry) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        Error: From<E>,
    {
        Ok(self.recorded(entry, change).await?)
    }

    async fn recorded<T, E>(
        &self,
        entry: Entry,
        mut change: impl FnMut(&mut Transaction<'_>, &mut Entry) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        Error: From<E>,
    {
        let changed = self.metadata.write(move |tx| {
            let mut entry = entry.clone();
            let changed = change(tx, &mut entry)?;
            audit::record(tx, &entry)?;
            Ok::<_, Error>(changed)
        });
        changed.await
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").finish_non_exhaustive()
    }
}
