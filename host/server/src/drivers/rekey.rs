//! Secrets move to the key that encrypts, when that is another one than theirs.

use std::sync::Arc;
use std::time::Duration;

use tenon_tenants::secrets::{KeyRing, rekey_all};

use crate::server::Shared;

/// After the keys have changed: who is just looking a secret up may have those from before.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a database that could not be asked is left alone.
const AGAIN: Duration = Duration::from_secs(10);

/// Encrypts by the present key what is under another one, now and whenever the keys change, for ever.
pub(super) async fn go(shared: &Shared) {
    let mut rings = shared.key_rings();
    loop {
        let keys = Arc::clone(&rings.borrow_and_update());
        while !moved(shared, &keys).await {
            tokio::time::sleep(AGAIN).await;
        }
        if rings.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(SETTLED).await;
    }
}

/// Whether the database could be asked. Secrets that do not decrypt stay as they are.
async fn moved(shared: &Shared, keys: &KeyRing) -> bool {
    let rekeyed = match rekey_all(&shared.metadata, keys).await {
        Ok(rekeyed) => rekeyed,
        Err(error) => {
            tracing::warn!(%error, "secrets cannot be moved to the present key yet");
            return false;
        }
    };
    let key = keys.current_id();
    if rekeyed.changed > 0 {
        tracing::info!(key, secrets = rekeyed.changed, "secrets are under the present key now");
    }
    if let Some(first) = rekeyed.failed.first() {
        let secrets = rekeyed.failed.len();
        tracing::warn!(
            key,
            secrets,
            first,
            "secrets cannot be read with any of this server's keys"
        );
    }
    true
}
