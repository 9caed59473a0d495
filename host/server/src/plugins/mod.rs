//! Plugins as runs use them: found by name, kept warm, judged by how their runs end.

mod audited;
mod blame;
mod cached;
mod check;
mod effort;
mod folder;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use serde_json::Value;
use tenon_job::{Job, interpreter_of};
use tenon_metadata::{Metadata, Name};
use tenon_runs::Claimed;
use tenon_runtime::Runtime;
use tenon_versions::{Blobs, Catalog, DatabaseBlobs, Digest, FolderBlobs, Outcome, Reference, Resolved, Store};

pub(crate) use audited::decided;
use blame::is_blamed;
use check::Checker;
pub(crate) use folder::watch;

use crate::{Error, ServerConfig};
use cached::Cached;

/// How long the file of a component stays on this machine that nobody uses.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The same where no version that can be used is of it. A run that has just found it is faster than that.
const UNNEEDED: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// The plugins of all tenants.
pub(crate) struct Plugins {
    pub store: Store,
    pub catalog: Catalog,
    checker: Checker,
    metadata: Metadata,
    cached: Cached,
    interpreters: RwLock<Option<PathBuf>>,
}

/// The files that a run uses, and the versions of plugins that these are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Artifacts {
    /// Files of plugins, and of the interpreters of scripts, by what the job calls these.
    pub plugins: BTreeMap<String, PathBuf>,
    /// Files of scripts, by what the job calls them.
    pub scripts: BTreeMap<String, PathBuf>,
    /// The versions.
    pub used: Vec<Resolved>,
    /// Whether the versions have been told to stay until the run ends.
    pub is_pinned: bool,
}

impl Plugins {
    /// The plugins in the server's database and folder.
    ///
    /// # Errors
    /// What the database or the folder says.
    pub async fn open(config: &ServerConfig, metadata: &Metadata, runtime: &Runtime) -> Result<Self, Error> {
        // Servers that share a database share no disk.
        let blobs: Arc<dyn Blobs> = if config.database.is_some() {
            Arc::new(DatabaseBlobs::new(metadata.clone()))
        } else {
            Arc::new(FolderBlobs::open(config.data.join("plugins")).await?)
        };
        Ok(Self {
            store: Store::new(metadata.clone(), blobs),
            catalog: Catalog::open(metadata).await?,
            checker: Checker::default(),
            cached: Cached::new(config.data.join("cache").join("components"), runtime.clone()),
            metadata: metadata.clone(),
            interpreters: RwLock::new(config.plugins.interpreters.clone()),
        })
    }

    /// Looks at an upload, and keeps it loaded: its first run finds it warm.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub async fn check(&self, runtime: &Runtime, name: &str, bytes: Vec<u8>) -> Result<Value, String> {
        let digest = Digest::of(&bytes);
        // A server without interpreters keeps scripts for those that have them.
        let interpreter = self.interpreter(name).ok();
        let checked = self.checker.check(runtime, name, bytes, interpreter.as_deref()).await?;
        if let Some(plugin) = checked.plugin {
            self.cached.keep(digest, plugin);
        }
        Ok(checked.described)
    }

    /// The files of what a job names, in the versions that this run uses until its end. `aliases` are those that the job's
    /// settings give to plugins that the job names without one. Where a canary has a share of the runs, `chosen_by` says
    /// whether this is one of them: the same always gets the same.
    ///
    /// # Errors
    /// If there is no such plugin, version or alias.
    pub async fn find(
        &self,
        run: &Claimed,
        job: &Job,
        aliases: &BTreeMap<String, String>,
        chosen_by: &str,
    ) -> Result<Artifacts, Error> {
        let mut artifacts = Artifacts::default();
        for named in job.plugins() {
            let found = self.resolve(&run.tenant, named, aliases, chosen_by)?;
            let file = self.cached.component(&self.store, &found).await?;
            artifacts.plugins.insert(named.to_owned(), file.path);
            artifacts.is_pinned |= !file.was_here;
            artifacts.used.push(found);
        }
        for named in job.scripts() {
            let found = self.resolve(&run.tenant, named, aliases, chosen_by)?;
            let file = self.cached.file(&self.store, &found).await?;
            artifacts.scripts.insert(named.to_owned(), file.path);
            artifacts.is_pinned |= !file.was_here;
            artifacts
                .plugins
                .insert(named.to_owned(), self.interpreter(&found.plugin)?);
            artifacts.used.push(found);
        }
        // What was here before is not taken away from under a run.
        if artifacts.is_pinned {
            let digests: Vec<Digest> = artifacts.used.iter().map(|used| used.digest.clone()).collect();
            let (tenant, id) = (run.tenant.clone(), run.lease.run.clone());
            self.metadata
                .write(move |tx| tenon_versions::pin(tx, &tenant, &id, &digests))
                .await?;
        }
        Ok(artifacts)
    }

    /// Removes files of components that have not been used here for long, sooner where no version is of them any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep(&self) -> Result<(), Error> {
        let idle = self.cached.idle(UNNEEDED);
        if idle.is_empty() {
            return Ok(());
        }
        let digests: Vec<Digest> = idle.iter().map(|(digest, _)| digest.clone()).collect();
        let needed = self
            .metadata
            .read(move |tx| tenon_versions::needed(tx, &digests))
            .await?;
        for (digest, idle_for) in idle {
            if idle_for >= UNUSED || !needed.contains(&digest) {
                self.cached.forget(&digest);
            }
        }
        Ok(())
    }

    fn resolve(
        &self,
        tenant: &Name,
        named: &str,
        aliases: &BTreeMap<String, String>,
        chosen_by: &str,
    ) -> Result<Resolved, Error> {
        let text = match aliases.get(named) {
            Some(alias) if !named.contains('@') => format!("{named}@{alias}"),
            _ => named.to_owned(),
        };
        let reference: Reference = text.parse()?;
        Ok(self.catalog.resolve(tenant, &reference, chosen_by)?)
    }

    /// From now on interpreters of scripts are found in this folder.
    pub fn set_interpreters(&self, folder: Option<PathBuf>) {
        *self.interpreters.write() = folder;
    }

    fn interpreter(&self, script: &str) -> Result<PathBuf, Error> {
        let language = interpreter_of(std::path::Path::new(script)).ok_or_else(|| Error::Refused {
            reason: format!("`{script}` is no script: its name ends in none of .js, .mjs, .py and .rhai"),
        })?;
        let folder = self.interpreters.read().clone().ok_or_else(|| Error::Refused {
            reason: format!("this server has no interpreters, so that `{script}` cannot be run; its operator sets `plugins.interpreters`"),
        })?;
        let file = folder.join(format!("{language}.wasm"));
        if file.is_file() {
            return Ok(file);
        }
        Err(Error::Refused {
            reason: format!("this server has no interpreter `{language}`, so that `{script}` cannot be run"),
        })
    }

    /// Lets go of what a run used. `ended` is how that went for its plugins: nobody's fault, or one's, by its name, with the
    /// sentence that says why. A new version that fails more than the old one is rolled back by this.
    pub async fn judge(
        &self,
        tenant: &Name,
        run: &str,
        artifacts: &Artifacts,
        ended: Option<Result<(), (String, String)>>,
    ) {
        if !artifacts.is_pinned && !self.are_compared(tenant, artifacts).await {
            return;
        }
        let (tenant, run, used) = (tenant.clone(), run.to_owned(), artifacts.used.clone());
        let judged = self.metadata.write(move |tx| {
            for one in &used {
                let outcome = match &ended {
                    Some(Ok(())) => Outcome::Succeeded,
                    Some(Err((plugin, sentence))) if is_blamed(one, &used, plugin, sentence) => Outcome::Failed {
                        reason: sentence.clone(),
                    },
                    Some(Err(_)) | None => continue,
                };
                let Ok(plugin) = Name::new(one.plugin.as_str()) else {
                    continue;
                };
                let decisions = tenon_versions::record_outcome(tx, &tenant, &plugin, one.version, &outcome)?;
                decided(tx, &decisions)?;
            }
            tenon_versions::unpin(tx, &tenant, &run)?;
            Ok::<_, Error>(())
        });
        if let Err(error) = judged.await {
            tracing::warn!(%error, "how a plugin's run ended is not noted");
        }
    }

    /// Whether it matters how runs with these plugins end: to a canary, or as a version has just been promoted.
    async fn are_compared(&self, tenant: &Name, artifacts: &Artifacts) -> bool {
        let names = artifacts
            .used
            .iter()
            .filter_map(|used| Name::new(used.plugin.as_str()).ok());
        let (tenant, names) = (tenant.clone(), names.collect::<Vec<_>>());
        if names.is_empty() {
            return false;
        }
        let compared = self.metadata.read(move |tx| {
            for plugin in &names {
                if tenon_versions::is_judged(tx, &tenant, plugin)? {
                    return Ok(true);
                }
            }
            Ok::<_, tenon_versions::Error>(false)
        });
        // Better asked once too often.
        compared.await.unwrap_or(true)
    }
}
