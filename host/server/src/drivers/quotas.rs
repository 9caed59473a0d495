//! The queue and the logs of runs are told the tenants' quotas.

use std::time::Duration;

use tenon_metadata::{LONGEST_PAGE, PageRequest, Transaction};
use tenon_tenants::{TenantState, quotas, tenants};

use crate::Error;
use crate::server::Shared;

/// How often the quotas are compared although nobody said that they have changed.
const LOOK: Duration = Duration::from_secs(60);

/// Tells them what each tenant may have, whenever tenants change, for ever.
pub(super) async fn go(shared: &Shared) {
    let mut changes = shared.metadata.subscribe("tenants");
    loop {
        if let Err(error) = shared.metadata.write(tell_queue).await {
            tracing::warn!(%error, "the queue does not know the tenants' quotas yet");
        }
        let _ = tokio::time::timeout(LOOK, changes.next()).await;
    }
}

fn tell_queue(tx: &mut Transaction<'_>) -> Result<(), Error> {
    let mut page = PageRequest {
        limit: LONGEST_PAGE,
        after: None,
    };
    loop {
        let found = tenants::list(tx, &page)?;
        for tenant in &found.items {
            let allowed = quotas::of(tx, &tenant.name)?;
            let is_active = tenant.state == TenantState::Active;
            let wanted = tenon_runs::Quotas {
                concurrent_runs: if is_active { allowed.concurrent_runs } else { 0 },
                queued_runs: allowed.queued_runs,
                weight: tenant.weight,
                // What the database can count to, or it would seem to change each time.
                log_bytes: allowed.log_bytes.min(i64::MAX.unsigned_abs()),
            };
            if tenon_runs::quotas(tx, &tenant.name)? != wanted {
                tenon_runs::set_quotas(tx, &tenant.name, &wanted)?;
            }
        }
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(()),
        }
    }
}
