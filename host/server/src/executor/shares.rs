//! What a run may use of its tenant's memory and sandboxes, where several servers carry out that tenant's runs.

use std::time::Duration;

use tenon_metadata::Metadata;
use tenon_runs::{Error, Lease, Share};

use super::budget::Amount;

/// How long a run waits for others to end before it looks again all the same, and how long at least.
const LOOK: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until the tenant has so much left, on all servers together, and takes it until the attempt's end.
pub(super) async fn take(metadata: &Metadata, lease: &Lease, amount: Amount, limit: Amount) -> Result<(), Error> {
    // Before looking, so that a run that ends in between wakes this one.
    let mut queue = metadata.subscribe("queue");
    let (wanted, limit) = (share(amount), share(limit));
    loop {
        let lease = lease.clone();
        let taken = metadata.write(move |tx| tenon_runs::take_share(tx, &lease, &wanted, &limit));
        if taken.await? {
            return Ok(());
        }
        let _told = tokio::time::timeout(LOOK, queue.next()).await;
        // One look serves all who tell meanwhile.
        tokio::time::sleep(PAUSE).await;
        queue.forget();
    }
}

fn share(amount: Amount) -> Share {
    Share {
        memory: amount.memory,
        sandboxes: amount.sandboxes,
    }
}
