//! What is older than it is kept goes, a little at a time.

use std::time::Duration;

use tenon_events::EventRetention;
use tenon_metadata::{Name, Transaction};
use tenon_runs::Retention;

use crate::server::Shared;
use crate::{Error, plugins};

/// How often is looked for what is old.
const EVERY: Duration = Duration::from_secs(60);
/// How many times that is until files of plugins are looked at.
const FILES: u64 = 60;
/// Between two little times, so that others have their turn.
const PAUSE: Duration = Duration::from_millis(50);
const AT_ONCE: u32 = 500;

/// How often canaries are looked at that end by their time.
const CANARIES: Duration = Duration::from_secs(5);
/// How long a component that nothing needs any more stays.
const GRACE: Duration = Duration::from_secs(60 * 60);
/// Runs with components of their own that are looked at together: more than can be at work for so long.
const PINNED: u32 = 10_000;

/// Ends canaries whose time is over, for ever.
pub(super) async fn review(shared: &Shared) {
    loop {
        tokio::time::sleep(CANARIES).await;
        let reviewed = shared.metadata.write(|tx| {
            let decisions = tenon_versions::review_canaries(tx)?;
            plugins::decided(tx, &decisions)?;
            Ok::<_, Error>(decisions)
        });
        match reviewed.await {
            Ok(decisions) => {
                for decision in decisions {
                    tracing::info!(plugin = decision.plugin, alias = decision.alias, "{}", decision.reason);
                }
            }
            Err(error) => tracing::warn!(%error, "canaries cannot be looked at now"),
        }
    }
}

/// Removes what is old, for ever.
pub(super) async fn go(shared: &Shared) {
    let mut rounds = 0_u64;
    loop {
        tokio::time::sleep(EVERY).await;
        if rounds.is_multiple_of(FILES)
            && let Err(error) = shared.plugins.sweep().await
        {
            tracing::warn!(%error, "files of plugins that nobody uses are not removed yet");
        }
        rounds += 1;
        if let Err(error) = once(shared).await {
            tracing::warn!(%error, "what is old is not removed yet");
        }
    }
}

async fn once(shared: &Shared) -> Result<(), Error> {
    let config = shared.config();
    let kept = &config.retention;
    let runs = Retention {
        runs_older_than: Some(kept.runs.0),
        logs_older_than: Some(kept.logs.0),
        ..Retention::STANDARD
    };
    little_by_little(shared, move |tx| Ok(tenon_runs::remove_old(tx, &runs, AT_ONCE)?.more)).await?;
    let events = EventRetention {
        events: kept.events.0,
        deliveries: kept.events.0,
        unread_events: kept.events.0 * 2,
        dead_deliveries: kept.events.0 * 2,
        batch: AT_ONCE,
    };
    little_by_little(shared, move |tx| Ok(tenon_events::retain(tx, &events)? > 0)).await?;
    let (workflows, audit) = (kept.runs.0, kept.audit.0);
    little_by_little(shared, move |tx| {
        let before = earlier(tx, workflows);
        Ok(tenon_workflows::remove_runs(tx, before, AT_ONCE)? > 0)
    })
    .await?;
    let used = kept.runs.0;
    little_by_little(shared, move |tx| {
        let before = earlier(tx, used);
        Ok(tenon_tenants::usage::forget_runs(tx, before, AT_ONCE)? > 0)
    })
    .await?;
    little_by_little(shared, move |tx| {
        let before = earlier(tx, audit);
        tenon_tenants::audit::forget(tx, before)?;
        tenon_tenants::tokens::forget_expired(tx, before)?;
        Ok(false)
    })
    .await?;
    let_go(shared).await?;
    shared.plugins.store.collect(GRACE).await?;
    Ok(())
}

/// Has runs that nobody is at any more let go of their components: those that were refused or stopped before they could
/// begin, and those whose server died, have not done so themselves.
async fn let_go(shared: &Shared) -> Result<(), Error> {
    let over = shared.metadata.read(|tx| {
        let before = earlier(tx, GRACE);
        let mut over = Vec::new();
        for (tenant, run) in tenon_versions::pinned_before(tx, before, PINNED)? {
            let Ok(tenant) = Name::new(tenant.as_str()) else {
                continue;
            };
            let is_over = match tenon_runs::runs::get(tx, &tenant, &run) {
                Ok(found) => !found.state.is_held(),
                Err(tenon_runs::Error::UnknownRun { .. }) => true,
                Err(error) => return Err(Error::from(error)),
            };
            if is_over {
                over.push((tenant, run));
            }
        }
        Ok(over)
    });
    let over = over.await?;
    if over.is_empty() {
        return Ok(());
    }
    let let_go = shared.metadata.write(move |tx| {
        for (tenant, run) in &over {
            tenon_versions::unpin(tx, tenant, run)?;
        }
        Ok::<_, Error>(())
    });
    let_go.await
}

async fn little_by_little(
    shared: &Shared,
    remove: impl Fn(&mut Transaction<'_>) -> Result<bool, Error> + Clone + Send + 'static,
) -> Result<(), Error> {
    loop {
        let remove = remove.clone();
        if !shared.metadata.write(move |tx| remove(tx)).await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn earlier(tx: &Transaction<'_>, than: Duration) -> i64 {
    tx.now()
        .saturating_sub(i64::try_from(than.as_micros()).unwrap_or(i64::MAX))
}
