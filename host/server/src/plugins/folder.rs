//! A folder whose components become plugins: `TENANT/NAME.wasm`, or a script `TENANT/NAME.js`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use notify::{Event, RecursiveMode, Watcher};
use tenon_job::interpreter_of;
use tenon_metadata::{ErrorKind, Name, Transaction};
use tenon_versions::{Digest, Promote, Push, STABLE};
use tokio::sync::mpsc;

use super::audited;
use crate::{Error, Server};

/// How long a file has to be left alone before it is read: it may still be being written.
const SETTLED: Duration = Duration::from_millis(200);
/// How often the folder is looked through although nothing was heard of it.
const LOOK: Duration = Duration::from_secs(10);
/// How long a file is left alone that could not be served for a reason that may pass: the database is away, or its tenant is
/// not there yet. Twice as long each time.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Who promotes what is in the folder.
const BY: &str = "folder";

/// A file that has been looked at.
#[derive(Clone, Copy)]
struct Seen {
    /// When it was changed, and its bytes.
    state: (SystemTime, u64),
    /// When it was looked at.
    at: Instant,
    /// After how long it is tried again, if that may help.
    pause: Option<Duration>,
}

impl Seen {
    /// How long it is left alone.
    fn due_in(&self) -> Option<Duration> {
        self.pause.map(|pause| pause.saturating_sub(self.at.elapsed()))
    }
}

/// Makes versions of what is put into the folder that the configuration names, for ever.
pub(crate) async fn watch(server: Server) {
    let mut configs = server.shared().configs();
    loop {
        let folder = configs.borrow_and_update().plugins.watch.clone();
        let other = configs.wait_for(|config| config.plugins.watch != folder);
        tokio::select! {
            () = watch_one(&server, folder.as_deref()) => {}
            changed = other => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Never ends.
async fn watch_one(server: &Server, folder: Option<&Path>) {
    let Some(folder) = folder else {
        return std::future::pending().await;
    };
    let (heard, mut changes) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Looking is no change; and one that waits is enough.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = heard.try_send(());
        }
    });
    let watching = watcher.and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher));
    if let Err(error) = &watching {
        tracing::warn!(%error, folder = %folder.display(), "changes are noticed only now and then");
    }
    let mut seen: HashMap<PathBuf, Seen> = HashMap::new();
    loop {
        look(server, folder, &mut seen).await;
        let next = seen.values().filter_map(Seen::due_in).min();
        let next = next.map_or(LOOK, |next| next.min(LOOK));
        let _ = tokio::time::timeout(next, changes.recv()).await;
        tokio::time::sleep(SETTLED).await;
    }
}

async fn look(server: &Server, folder: &Path, seen: &mut HashMap<PathBuf, Seen>) {
    let files = files(folder);
    seen.retain(|known, _| files.iter().any(|(_, _, path)| path == known));
    for (tenant, name, path) in files {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let Ok(modified) = metadata.modified() else { continue };
        let state = (modified, metadata.len());
        let fresh = modified.elapsed().is_ok_and(|age| age < SETTLED);
        let before = seen.get(&path).copied().filter(|seen| seen.state == state);
        let is_due = before.is_none_or(|seen| seen.due_in() == Some(Duration::ZERO));
        if fresh || !is_due {
            continue;
        }
        let mut pause = None;
        match push(server, &tenant, &name, &path).await {
            Ok(Some(version)) => tracing::info!(%tenant, plugin = %name, version, "a plugin of the folder is served"),
            Ok(None) => tracing::debug!(%tenant, plugin = %name, "a plugin of the folder is what it was"),
            // The file itself is wrong.
            Err(error) if error.kind() == ErrorKind::Invalid => {
                tracing::warn!(%tenant, plugin = %name, %error, "a plugin of the folder is refused");
            }
            Err(error) => {
                tracing::warn!(%tenant, plugin = %name, %error, "a plugin of the folder cannot be served yet");
                let last = before.and_then(|seen| seen.pause);
                pause = Some(last.map_or(PAUSE, |last| (last * 2).min(LONGEST_PAUSE)));
            }
        }
        let at = Instant::now();
        seen.insert(path, Seen { state, at, pause });
    }
}

/// The components and scripts in the folders of tenants.
fn files(folder: &Path) -> Vec<(Name, Name, PathBuf)> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for tenant in entries(folder) {
        let Some(name) = tenant.file_name().to_str().and_then(|name| Name::new(name).ok()) else {
            continue;
        };
        for file in entries(&tenant.path()) {
            let path = file.path();
            // Links would let whoever writes here have the server read what it may not.
            let is_file = file.file_type().is_ok_and(|kind| kind.is_file());
            let plugin = match path.extension().and_then(|ending| ending.to_str()) {
                Some("wasm") => path.file_stem(),
                _ if interpreter_of(&path).is_some() => path.file_name(),
                _ => None,
            };
            let plugin = plugin
                .and_then(|name| name.to_str())
                .and_then(|name| Name::new(name).ok());
            if let Some(plugin) = plugin.filter(|_| is_file) {
                found.push((name.clone(), plugin, path));
            }
        }
    }
    found
}

/// Makes a file a version and serves it; answers with the version, or with none if the file is the one that was served from
/// here last. That is left as it is: somebody may have gone back from it since, or try out another version.
async fn push(server: &Server, tenant: &Name, plugin: &Name, path: &Path) -> Result<Option<i64>, Error> {
    let shared = server.shared();
    let terms = shared.terms(tenant).await?;
    let bytes = fs::read(path).map_err(|source| Error::Io {
        doing: "reading",
        place: path.display().to_string(),
        source,
    })?;
    let digest = Digest::of(&bytes);
    let (owner, name, looked_for) = (tenant.clone(), plugin.clone(), digest.clone());
    let known = shared
        .metadata
        .read(move |tx| was_served_last(tx, &owner, &name, &looked_for));
    if known.await? {
        return Ok(None);
    }
    let limit = shared.config().sandboxes.plugins.max_bytes;
    let mut upload = shared.plugins.store.begin(limit).await?;
    upload.write(&bytes).await?;
    let push = Push {
        tenant: tenant.clone(),
        plugin: plugin.clone(),
        label: None,
        by: BY.to_owned(),
        digest: None,
        most_bytes: Some(terms.quotas.plugin_bytes),
    };
    let pushed = shared.plugins.store.push(upload, &push).await?;
    let version = pushed.version.version;
    let checked = shared.plugins.check(&shared.runtime, plugin.as_str(), bytes).await;
    let (owner, name) = (tenant.clone(), plugin.clone());
    let served = shared.metadata.write(move |tx| {
        match &checked {
            Ok(described) => {
                tenon_versions::ready(tx, &owner, &name, version, described)?;
                // Another server may have been faster.
                if !was_served_last(tx, &owner, &name, &digest)? {
                    serve(tx, &owner, &name, version)?;
                    audited::uploaded(tx, &owner, &name, (version, &digest), Some(STABLE))?;
                }
            }
            Err(reason) => {
                tenon_versions::refuse(tx, &owner, &name, version, reason)?;
                audited::uploaded(tx, &owner, &name, (version, &digest), None)?;
            }
        }
        Ok::<_, Error>(checked.clone().map(drop))
    });
    served.await?.map_err(|reason| Error::Refused { reason })?;
    shared.plugins.catalog.refresh(tenant, plugin).await?;
    Ok(Some(version))
}

/// Whether what the folder has served last for a plugin is of these bytes. The database knows: this server may have just
/// begun, and others may look at the same folder.
fn was_served_last(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, digest: &Digest) -> Result<bool, Error> {
    let Some(found) = tenon_versions::find(tx, tenant, plugin, digest)? else {
        return Ok(false);
    };
    let last = tenon_versions::last_promoted(tx, tenant, plugin, STABLE, BY)?;
    Ok(last == Some(found.version))
}

/// From now on jobs that name the plugin get this version.
fn serve(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, version: i64) -> Result<(), Error> {
    let stable = Name::new(STABLE).map_err(|error| Error::Internal(error.to_string()))?;
    let promote = Promote {
        alias: stable,
        version,
        by: BY.to_owned(),
        reason: "the file in the watched folder".to_owned(),
        if_revision: None,
    };
    tenon_versions::promote(tx, tenant, plugin, &promote)?;
    Ok(())
}
