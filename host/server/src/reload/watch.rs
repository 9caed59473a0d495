//! When the configuration is read again by itself: on SIGHUP, and when its file changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecursiveMode, Watcher};
use tenon_tenants::Principal;
use tenon_tenants::audit::Entry;
use tokio::sync::mpsc;

use super::{ACTION, TARGET, reload};
use crate::server::Shared;

/// How long a file has to stay as it is before it is read: it may still be being written.
const SETTLED: Duration = Duration::from_millis(200);
/// How often the file is looked at although nothing was heard of it.
const LOOK: Duration = Duration::from_secs(10);

/// Reads the configuration again whenever there is a reason to, for ever.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let Some(source) = shared.surroundings.source.clone() else {
        return std::future::pending().await;
    };
    tokio::join!(on_hangup(&shared), on_change(&shared, &source.file));
}

/// Reads it, and says in the log how that went.
async fn again(shared: &Arc<Shared>, why: &str) {
    let asked = Entry {
        principal: format!("server ({why})"),
        ..Entry::new(&Principal::server(), ACTION, TARGET)
    };
    match reload(shared, asked).await {
        Ok(reloaded) => {
            if !reloaded.changed.is_empty() {
                tracing::info!(why, "the configuration has changed: {}", reloaded.changed.join(", "));
            }
            for sentence in reloaded.refused {
                tracing::warn!(why, "the configuration has changed in what cannot change: {sentence}");
            }
        }
        Err(error) => tracing::error!(why, "the configuration stays as it was: {error}"),
    }
}

#[cfg(unix)]
async fn on_hangup(shared: &Arc<Shared>) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP cannot be heard");
            return std::future::pending().await;
        }
    };
    while hangups.recv().await.is_some() {
        again(shared, "SIGHUP").await;
    }
}

#[cfg(not(unix))]
async fn on_hangup(_shared: &Arc<Shared>) {
    std::future::pending().await
}

async fn on_change(shared: &Arc<Shared>, file: &Path) {
    let (heard, mut changes) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading it is no change; and one that waits is enough.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = heard.try_send(());
        }
    });
    // The folder, since editors put a new file in the place of the old one.
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let watching = watcher.and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher));
    if let Err(error) = &watching {
        tracing::warn!(%error, folder = %folder.display(), "changes are noticed only now and then");
    }
    let mut known = None;
    loop {
        let found = settled(file).await;
        // While it is being replaced there is none.
        if found.is_some() && found != known {
            known = found;
            again(shared, "the file changed").await;
        }
        let _ = tokio::time::timeout(LOOK, changes.recv()).await;
    }
}

/// What the file holds, once it has stayed the same for a little while.
async fn settled(file: &Path) -> Option<Vec<u8>> {
    let mut found = tokio::fs::read(file).await.ok();
    loop {
        tokio::time::sleep(SETTLED).await;
        let later = tokio::fs::read(file).await.ok();
        if found == later {
            return found;
        }
        found = later;
    }
}
