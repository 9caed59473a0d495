//! Runs that the database says this server holds, and that it does not know of: it took them, and the answer was lost,
//! as it is when the disk is full or the connection breaks at the wrong moment. Nobody else would ever carry them out.

use std::collections::HashSet;

use parking_lot::Mutex;
use tenon_metadata::Metadata;
use tenon_runs::{Held, Lease, Usage};

/// What was not known at the last look. Who is just being taken is known at the next one.
#[derive(Default)]
pub(super) struct Strays {
    seen: Mutex<HashSet<Lease>>,
}

impl Strays {
    /// Gives back what is held, and was not known to be `at_work` at two looks in a row.
    pub async fn give_back(&self, metadata: &Metadata, held: &[Held], at_work: impl Fn(&Lease) -> bool) {
        let unknown: HashSet<Lease> = held
            .iter()
            .map(|run| run.lease.clone())
            .filter(|lease| !at_work(lease))
            .collect();
        let before = std::mem::replace(&mut *self.seen.lock(), unknown.clone());
        for lease in unknown.intersection(&before) {
            let given = lease.clone();
            let back = metadata.write(move |tx| tenon_runs::give_back(tx, &given, &Usage::default()));
            match back.await {
                Ok(_) => tracing::warn!(
                    run = lease.run,
                    "a run that this server has taken without hearing of it waits again"
                ),
                Err(error) => {
                    tracing::warn!(run = lease.run, %error, "a run that nobody is at cannot be given back yet");
                }
            }
        }
    }
}
