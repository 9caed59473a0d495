//! What plugins are there, in memory: to find a version takes no look into the database.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use tenon_metadata::{Metadata, Name, Transaction, row};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::canary::is_chosen;
use crate::schema::TOPIC;
use crate::{Digest, Error, Reference, VersionState, Which};

/// How often everything is read again, in case a notice was lost.
const AGAIN: Duration = Duration::from_secs(30);
/// After how long, when the database could not be read.
const SOON: Duration = Duration::from_secs(1);

/// The versions and aliases of all tenants' plugins, as of a moment ago. Cheap to clone; follows the database until the
/// last clone is dropped.
#[derive(Clone, Debug)]
pub struct Catalog {
    shared: Arc<Shared>,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Shared {
    metadata: Metadata,
    table: ArcSwap<Table>,
    /// Held while something is read and put into the table, so that what was read before does not replace what was read
    /// after.
    loading: Mutex<()>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// By tenant and plugin.
type Table = HashMap<String, Arc<HashMap<String, Arc<Entry>>>>;

/// A plugin.
#[derive(Debug, Default)]
struct Entry {
    versions: HashMap<i64, (Digest, VersionState)>,
    by_digest: HashMap<Digest, i64>,
    aliases: HashMap<String, Pointer>,
}

#[derive(Debug)]
struct Pointer {
    version: i64,
    canary: Option<(i64, u8)>,
}

/// A version that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resolved {
    /// The plugin.
    pub plugin: String,
    /// The version's number.
    pub version: i64,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Whether it is the new version of a canary.
    pub is_canary: bool,
}

impl Catalog {
    /// Reads everything, and follows what changes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open(metadata: &Metadata) -> Result<Self, Error> {
        let changes = metadata.subscribe(TOPIC);
        let shared = Arc::new(Shared {
            metadata: metadata.clone(),
            table: ArcSwap::default(),
            loading: Mutex::new(()),
        });
        shared.load_all().await?;
        let task = tokio::spawn(follow(Arc::clone(&shared), changes));
        Ok(Self {
            shared,
            _task: Arc::new(Task(task)),
        })
    }

    /// The version that a reference means for a run. The same run gets the same, as long as nothing moves.
    ///
    /// # Errors
    /// [`Error::NoPlugin`], [`Error::NoVersion`], [`Error::NoAlias`], [`Error::State`].
    pub fn resolve(&self, tenant: &Name, reference: &Reference, run: &str) -> Result<Resolved, Error> {
        let table = self.shared.table.load();
        let plugin = reference.plugin.as_str();
        let entry = table.get(tenant.as_str()).and_then(|plugins| plugins.get(plugin));
        let Some(entry) = entry else {
            let plugin = plugin.to_owned();
            return Err(Error::NoPlugin { plugin });
        };
        entry.resolve(plugin, &reference.which, run)
    }

    /// Reads a plugin again: what has been committed before is found after. Otherwise that takes a moment.
    ///
    /// # Errors
    /// What the database says.
    pub async fn refresh(&self, tenant: &Name, plugin: &Name) -> Result<(), Error> {
        self.shared.load(tenant.to_string(), plugin.to_string()).await
    }
}

impl Entry {
    fn read(tx: &mut Transaction<'_>, tenant: &str, plugin: &str) -> Result<Self, Error> {
        let mut entry = Self::default();
        for version in crate::version::all(tx, tenant, plugin)? {
            entry.by_digest.insert(version.digest.clone(), version.version);
            entry.versions.insert(version.version, (version.digest, version.state));
        }
        for alias in crate::alias::all(tx, tenant, plugin)? {
            let canary = alias.canary.map(|canary| (canary.version, canary.share));
            let version = alias.version;
            entry.aliases.insert(alias.alias, Pointer { version, canary });
        }
        Ok(entry)
    }

    fn resolve(&self, plugin: &str, which: &Which, run: &str) -> Result<Resolved, Error> {
        let no_version = |version: String| Error::NoVersion {
            plugin: plugin.to_owned(),
            version,
        };
        let (version, is_canary) = match which {
            Which::Version(version) => (*version, false),
            Which::Digest(digest) => {
                let found = self.by_digest.get(digest);
                (*found.ok_or_else(|| no_version(format!("sha256:{digest}")))?, false)
            }
            Which::Alias(alias) => {
                let pointer = self.aliases.get(alias.as_str()).ok_or_else(|| Error::NoAlias {
                    plugin: plugin.to_owned(),
                    alias: alias.to_string(),
                })?;
                match pointer.canary {
                    Some((version, share)) if is_chosen(plugin, version, share, run) => (version, true),
                    _ => (pointer.version, false),
                }
            }
        };
        let found = self.versions.get(&version);
        let (digest, state) = found.ok_or_else(|| no_version(version.to_string()))?;
        if *state != VersionState::Ready {
            return Err(Error::State {
                plugin: plugin.to_owned(),
                version,
                state: state.as_str(),
                needed: "only one that is ready can be used",
            });
        }
        Ok(Resolved {
            plugin: plugin.to_owned(),
            version,
            digest: digest.clone(),
            is_canary,
        })
    }
}

impl Shared {
    async fn load_all(&self) -> Result<(), Error> {
        let _loading = self.loading.lock().await;
        let look = self.metadata.read(|tx| {
            let rows = tx.query("select distinct tenant, plugin from plugin_versions", row![])?;
            let mut table: HashMap<String, HashMap<String, Arc<Entry>>> = HashMap::new();
            for row in rows {
                let (tenant, plugin): (String, String) = (row.get(0)?, row.get(1)?);
                let entry = Arc::new(Entry::read(tx, &tenant, &plugin)?);
                table.entry(tenant).or_default().insert(plugin, entry);
            }
            Ok::<_, Error>(table)
        });
        let table = look.await?;
        let table = table.into_iter().map(|(tenant, plugins)| (tenant, Arc::new(plugins)));
        self.table.store(Arc::new(table.collect()));
        Ok(())
    }

    async fn load(&self, tenant: String, plugin: String) -> Result<(), Error> {
        let _loading = self.loading.lock().await;
        let (of, name) = (tenant.clone(), plugin.clone());
        let entry = self.metadata.read(move |tx| Entry::read(tx, &of, &name)).await?;
        let mut table = Table::clone(&self.table.load());
        let plugins = Arc::make_mut(table.entry(tenant).or_default());
        if entry.versions.is_empty() {
            plugins.remove(&plugin);
        } else {
            plugins.insert(plugin, Arc::new(entry));
        }
        self.table.store(Arc::new(table));
        Ok(())
    }
}

/// Reads what has changed, until the database is closed.
async fn follow(shared: Arc<Shared>, mut changes: tenon_metadata::Subscription) {
    let mut again = Instant::now() + AGAIN;
    loop {
        let change = tokio::select! {
            change = changes.next() => match change {
                Some(change) => Some(change.text),
                None => return,
            },
            () = sleep_until(again) => None,
        };
        let one = change.as_deref().and_then(|text| text.split_once('/'));
        let loaded = if let Some((tenant, plugin)) = one {
            shared.load(tenant.to_owned(), plugin.to_owned()).await
        } else {
            again = Instant::now() + AGAIN;
            shared.load_all().await
        };
        if let Err(error) = loaded {
            tracing::warn!(%error, "what has changed about plugins cannot be read");
            again = Instant::now() + SOON;
        }
    }
}
