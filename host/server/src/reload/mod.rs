//! The configuration is read again while the server runs: all that can change does, or nothing.

mod changes;
mod watch;

use std::sync::Arc;

use serde_json::json;
use tenon_api::Reloaded;
use tenon_events::Event;
use tenon_telemetry::Telemetry;
use tenon_tenants::audit::{self, Entry};
use tracing::Instrument;

use crate::config::present_key_ring;
use crate::server::Shared;
use crate::{Error, ServerConfig, drivers};
use changes::Changes;
pub(crate) use watch::watch;

/// What the audit log calls it.
pub(crate) const ACTION: &str = "server.reload";
/// What is changed by it.
pub(crate) const TARGET: &str = "configuration";

/// Reads the configuration again. `asked` is who asked for it, for the audit log.
///
/// # Errors
/// [`Error::Fixed`] if there is nothing to read; what is wrong with the configuration, or with the database, which both leave
/// everything as it was.
pub(crate) async fn reload(shared: &Arc<Shared>, asked: Entry) -> Result<Reloaded, Error> {
    let shared = Arc::clone(shared);
    // Who has asked may go away in the middle of it.
    let reloading = async move { read_again(&shared, asked).await };
    let reloaded = tokio::spawn(reloading.in_current_span()).await;
    reloaded.map_err(|error| Error::Internal(error.to_string()))?
}

async fn read_again(shared: &Arc<Shared>, asked: Entry) -> Result<Reloaded, Error> {
    let source = shared.surroundings.source.clone().ok_or(Error::Fixed)?;
    let _turn = shared.reloading.lock().await;
    let (load, by) = (source.load, asked.principal.clone());
    let loaded = tokio::task::spawn_blocking(move || load()).await;
    let loaded = loaded.map_err(|error| Error::Internal(error.to_string()));
    let reloaded = match loaded.and_then(|loaded| loaded) {
        Ok(config) => put_into_force(shared, asked, config).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &reloaded {
        tell_refused(shared, &by, error).await;
    }
    reloaded
}

/// Everything that may fail comes before anything that others see.
async fn put_into_force(shared: &Arc<Shared>, asked: Entry, config: ServerConfig) -> Result<Reloaded, Error> {
    let before = shared.config();
    let changes = Changes::between(&before, config);
    let wrong = |reason: String| Error::Config {
        file: "the configuration".to_owned(),
        reason,
    };
    // Where they are cannot change, and they themselves can.
    let keys = present_key_ring(&before).map_err(|error| wrong(error.to_string()))?;
    let are_others = keys.ids() != shared.keys().ids();
    let keys = are_others.then_some(keys);
    let mut reloaded = Reloaded {
        changed: changes.names(),
        refused: changes.refused.clone(),
    };
    let mut details = changes.details();
    if let Some(keys) = &keys {
        reloaded.changed.push("key".to_owned());
        details["keys"] = json!({ "before": shared.keys().ids(), "after": keys.ids() });
    }
    if reloaded.changed.is_empty() {
        return Ok(reloaded);
    }
    let next = changes.next;
    next.check().map_err(wrong)?;
    drivers::deliverer(shared, &next)?;
    let telemetry = next.telemetry().map_err(wrong)?;
    let telemetry = Telemetry::prepare(telemetry, shared.name.as_str()).map_err(|error| wrong(error.to_string()))?;
    let logging = shared.logging(&next)?;

    let entry = asked.details(details);
    let data = json!({ "by": entry.principal, "changed": reloaded.changed, "refused": reloaded.refused });
    let event = Event::new("server.reloaded").subject(shared.name.as_str()).data(data);
    let quotas = (next.quotas != before.quotas).then(|| next.quotas.clone());
    let written = shared.metadata.write(move |tx| {
        if let Some(quotas) = &quotas {
            tenon_tenants::quotas::set_defaults(tx, quotas)?;
        }
        audit::record(tx, &entry)?;
        tenon_events::emit(tx, &event)?;
        Ok::<_, Error>(())
    });
    written.await?;

    shared.surroundings.telemetry.apply(telemetry).await;
    if let Some(logging) = logging {
        logging();
    }
    shared.plugins.set_interpreters(next.plugins.interpreters.clone());
    let is_other_api = next.api != before.api || keys.is_some();
    shared.set_config(next);
    if let Some(keys) = keys {
        shared.set_keys(keys);
    }
    if is_other_api {
        shared.open_api();
    }
    Ok(reloaded)
}

/// Has those who watch the server know of a configuration that is not right. That the database is away is in its log.
async fn tell_refused(shared: &Shared, by: &str, error: &Error) {
    let data = json!({ "by": by, "reason": error.to_string() });
    let event = Event::new("server.reload_refused")
        .subject(shared.name.as_str())
        .data(data);
    let told = shared.metadata.write(move |tx| tenon_events::emit(tx, &event));
    if let Err(error) = told.await {
        tracing::warn!(%error, "that the configuration was refused is not told");
    }
}
