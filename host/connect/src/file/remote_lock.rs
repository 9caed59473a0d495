//! One writer at a time per target in an object store.
//!
//! Object stores have no locks that end with a process. The lock is an object that is made only if it is not there, names
//! the run, and says until when it is valid; the run renews it. Who finds one that has expired takes it over, by a write
//! that fails if the object has changed since.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::remote::Remote;
use crate::Error;

/// How long a lock is valid. A run that dies blocks its target for as long.
const VALID: Duration = Duration::from_secs(60);

/// How often a lock is renewed.
const RENEWED: Duration = Duration::from_secs(20);

/// How long a request may take to reach the store.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// Tries to take a lock that others release or take over at the same time.
const TRIES: usize = 4;

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    run: String,
    /// Milliseconds since the epoch.
    expires: u64,
}

/// A lock that is renewed until this is dropped. It is given back by [`release`].
#[derive(Debug)]
pub(super) struct RemoteLock {
    renewing: JoinHandle<()>,
}

impl RemoteLock {
    /// Takes the lock, unless another run has it. `target` is for messages.
    pub async fn take(remote: Arc<Remote>, run: &str, target: &str) -> Result<Self, Error> {
        let version = acquire(&remote, run, target).await?;
        let run = run.to_owned();
        let renewing = tokio::spawn(async move {
            let mut version = version;
            loop {
                tokio::time::sleep(RENEWED).await;
                match put(&remote, &run, PutMode::Update(version.clone())).await {
                    Ok(renewed) => version = renewed.into(),
                    Err(object_store::Error::Precondition { .. } | object_store::Error::NotFound { .. }) => {
                        match read(&remote).await {
                            // It was renewed before, and the answer was lost.
                            Ok(Some((holder, found))) if holder.run == run => version = found,
                            // Somebody has taken it over, or released it.
                            Ok(_) => return,
                            Err(error) => tracing::warn!(%error, "cannot renew the lock"),
                        }
                    }
                    // Tried again before it expires.
                    Err(error) => tracing::warn!(%error, "cannot renew the lock"),
                }
            }
        });
        Ok(Self { renewing })
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Gives the lock back, if the run has it. When that fails, the lock expires by itself.
///
/// Few stores can be asked to delete an object only if it has not changed. So it is deleted while nobody can take it over:
/// before it expires, and if that is soon, it is renewed first, which fails if somebody has taken it over.
pub(super) async fn release(remote: &Remote, run: &str) {
    let Ok(Some((holder, version))) = read(remote).await else {
        return;
    };
    if holder.run != run {
        return;
    }
    let mut left = holder.left();
    if left < RENEWED {
        let began = Instant::now();
        match put(remote, run, PutMode::Update(version)).await {
            Ok(_) => left = VALID.saturating_sub(began.elapsed()),
            // Then nobody can take it over at all.
            Err(object_store::Error::NotImplemented { .. }) => left = VALID,
            Err(error) => {
                tracing::warn!(%error, "cannot release the lock");
                return;
            }
        }
    }
    let place = location(remote);
    // A request that fails is sent again, and may be under way for a moment.
    let deleting = tokio::time::timeout(left.saturating_sub(UNDER_WAY), remote.store.store.delete(&place));
    let failed = match deleting.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(error = failed, "cannot release the lock; it expires within a minute");
}

async fn acquire(remote: &Remote, run: &str, target: &str) -> Result<UpdateVersion, Error> {
    let failed = |error| remote.store.explain("lock", &location(remote), &error);
    for _ in 0..TRIES {
        match put(remote, run, PutMode::Create).await {
            Ok(made) => return Ok(made.into()),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        let Some((holder, version)) = read(remote).await? else {
            continue;
        };
        if holder.run != run && !holder.has_expired() {
            break;
        }
        match put(remote, run, PutMode::Update(version)).await {
            Ok(taken) => return Ok(taken.into()),
            Err(object_store::Error::Precondition { .. } | object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Error::Busy {
        target: target.to_owned(),
    })
}

async fn put(remote: &Remote, run: &str, mode: PutMode) -> object_store::Result<PutResult> {
    let holder = Holder {
        run: run.to_owned(),
        expires: now() + VALID.as_millis() as u64,
    };
    let text = serde_json::to_vec(&holder).unwrap_or_default();
    let options = PutOptions {
        mode,
        ..PutOptions::default()
    };
    remote
        .store
        .store
        .put_opts(&location(remote), PutPayload::from(text), options)
        .await
}

async fn read(remote: &Remote) -> Result<Option<(Holder, UpdateVersion)>, Error> {
    let location = location(remote);
    let failed = |error: &object_store::Error| remote.store.explain("read", &location, error);
    let found = match remote.store.store.get(&location).await {
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        found => found.map_err(|error| failed(&error))?,
    };
    let version = UpdateVersion {
        e_tag: found.meta.e_tag.clone(),
        version: found.meta.version.clone(),
    };
    let text = found.bytes().await.map_err(|error| failed(&error))?;
    // What can't be understood is nobody's.
    let holder = serde_json::from_slice(&text).unwrap_or(Holder {
        run: String::new(),
        expires: 0,
    });
    Ok(Some((holder, version)))
}

fn location(remote: &Remote) -> Path {
    remote.own("lock")
}

impl Holder {
    fn has_expired(&self) -> bool {
        self.left().is_zero()
    }

    /// How long it is valid.
    fn left(&self) -> Duration {
        Duration::from_millis(self.expires.saturating_sub(now()))
    }
}

fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as u64
}
