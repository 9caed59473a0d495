//! The logs of runs keep to the tenants' quotas.

use std::time::Duration;

use tenon_metadata::Name;
use tenon_runs::LogsRemoved;
use tenon_tenants::quotas;

use crate::Error;
use crate::executor::LOG_QUOTA;
use crate::server::Shared;

/// How often is looked for tenants whose runs have logged too much.
const EVERY: Duration = Duration::from_secs(60);
/// Between two turns, so that others have theirs.
const PAUSE: Duration = Duration::from_millis(50);
/// Lines that go in a turn.
const AT_ONCE: u32 = 500;
/// Turns that each tenant has before it is looked again who has logged too much.
const TURNS: u32 = 200;

/// Removes logs of tenants whose runs have logged more than they may keep, and tells them, for ever. Apart from what else
/// goes, which need not wait for a tenant that logs as fast as this removes.
pub(super) async fn go(shared: &Shared) {
    loop {
        tokio::time::sleep(EVERY).await;
        let mut more = true;
        while more {
            more = round(shared).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "logs beyond the tenants' quotas are not removed yet");
                false
            });
        }
    }
}

/// Gives all who have logged too much their turns, one after the other. Says whether there is more to do.
async fn round(shared: &Shared) -> Result<bool, Error> {
    let over = shared
        .metadata
        .read(|tx| Ok::<_, Error>(tenon_runs::over_log_quota(tx)?));
    let mut over = over.await?;
    for _ in 0..TURNS {
        let mut left = Vec::new();
        for tenant in over {
            if turn(shared, tenant.clone()).await? {
                left.push(tenant);
            }
            tokio::time::sleep(PAUSE).await;
        }
        over = left;
        if over.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes some of a tenant's lines. Says whether there are more.
async fn turn(shared: &Shared, tenant: Name) -> Result<bool, Error> {
    let removed = shared.metadata.write(move |tx| {
        let removed = tenon_runs::keep_to_log_quota(tx, &tenant, AT_ONCE)?;
        if removed.log_lines > 0 || removed.is_used_up {
            quotas::tell_reached(tx, &tenant, LOG_QUOTA, &reason(&removed))?;
        }
        Ok::<_, Error>(removed.more)
    });
    removed.await
}

fn reason(removed: &LogsRemoved) -> String {
    let also = if removed.is_used_up {
        ", and what those at work log is not kept until there is room"
    } else {
        ""
    };
    format!(
        "the logs of its runs were {} bytes, of which {} are kept: those of the runs that ended first are removed{also}",
        removed.kept, removed.quota
    )
}
