//! A folder whose components become plugins: `TENANT/NAME.wasm`, or a script `TENANT/NAME.js`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{Event, RecursiveMode, Watcher};
use tenon_job::interpreter_of;
use tenon_metadata::{Name, Transaction};
use tenon_versions::{Promote, Push, STABLE};
use tokio::sync::mpsc;

use crate::{Error, Server};

/// How long a file has to be left alone before it is read: it may still be being written.
const SETTLED: Duration = Duration::from_millis(200);
/// How often the folder is looked through although nothing was heard of it.
const LOOK: Duration = Duration::from_secs(10);

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
    let mut seen: HashMap<PathBuf, (SystemTime, u64)> = HashMap::new();
    loop {
        look(server, folder, &mut seen).await;
        let _ = tokio::time::timeout(LOOK, changes.recv()).await;
        tokio::time::sleep(SETTLED).await;
    }
}

async fn look(server: &Server, folder: &Path, seen: &mut HashMap<PathBuf, (SystemTime, u64)>) {
    for (tenant, name, path) in files(folder) {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let Ok(modified) = metadata.modified() else { continue };
        let state = (modified, metadata.len());
        let fresh = modified.elapsed().is_ok_and(|age| age < SETTLED);
        if fresh || seen.get(&path) == Some(&state) {
            continue;
        }
        match push(server, &tenant, &name, &path).await {
            Ok(version) => tracing::info!(%tenant, plugin = %name, version, "a plugin of the folder is served"),
            Err(error) => tracing::warn!(%tenant, plugin = %name, %error, "a plugin of the folder is refused"),
        }
        seen.insert(path, state);
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

async fn push(server: &Server, tenant: &Name, plugin: &Name, path: &Path) -> Result<i64, Error> {
    let shared = server.shared();
    let bytes = fs::read(path).map_err(|source| Error::Io {
        doing: "reading",
        place: path.display().to_string(),
        source,
    })?;
    let limit = shared.config().sandboxes.plugins.max_bytes;
    let mut upload = shared.plugins.store.begin(limit).await?;
    upload.write(&bytes).await?;
    let push = Push {
        tenant: tenant.clone(),
        plugin: plugin.clone(),
        label: None,
        by: "folder".to_owned(),
        digest: None,
        most_bytes: Some(shared.terms(tenant).await?.quotas.plugin_bytes),
    };
    let pushed = shared.plugins.store.push(upload, &push).await?;
    let version = pushed.version.version;
    let checked = shared.plugins.check(&shared.runtime, plugin.as_str(), bytes).await;
    let (owner, name) = (tenant.clone(), plugin.clone());
    let served = shared.metadata.write(move |tx| {
        match &checked {
            Ok(described) => {
                tenon_versions::ready(tx, &owner, &name, version, described)?;
                serve(tx, &owner, &name, version)?;
            }
            Err(reason) => {
                tenon_versions::refuse(tx, &owner, &name, version, reason)?;
            }
        }
        Ok::<_, Error>(checked.clone().map(drop))
    });
    served.await?.map_err(|reason| Error::Refused { reason })?;
    shared.plugins.catalog.refresh(tenant, plugin).await?;
    Ok(version)
}

/// From now on jobs that name the plugin get this version.
fn serve(tx: &mut Transaction<'_>, tenant: &Name, plugin: &Name, version: i64) -> Result<(), Error> {
    let stable = Name::new(STABLE).map_err(|error| Error::Internal(error.to_string()))?;
    let promote = Promote {
        alias: stable,
        version,
        by: "folder".to_owned(),
        reason: "the file in the watched folder".to_owned(),
        if_revision: None,
    };
    tenon_versions::promote(tx, tenant, plugin, &promote)?;
    Ok(())
}
