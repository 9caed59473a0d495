//! What an attempt may use of its tenant's memory and sandboxes, and how long it waits for that.

use std::sync::LazyLock;
use std::time::Instant;

use tenon_engine::{Error as EngineError, Job, Step};

use super::{Attempt, broken, refused};
use crate::executor::budget::{Amount, Held};
use crate::executor::outcome::Ended;
use crate::executor::shares;
use crate::executor::terms::Terms;

/// To ask takes a dozen system calls.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

impl Attempt<'_> {
    /// Takes the memory and sandboxes that the job may use out of its tenant's, when they are free: on this server, and then
    /// on all that share the database. With fewer sandboxes than it would like it gets fewer partitions.
    pub(super) async fn budget(&self, job: &mut Job, terms: &Terms) -> Result<Held, Ended> {
        let limit = Amount {
            memory: terms.quotas.memory_bytes,
            sandboxes: u64::from(terms.quotas.sandboxes),
        };
        let each = sandboxes_of_partition(job);
        if each > limit.sandboxes {
            let (tenant, limit) = (&self.run.tenant, limit.sandboxes);
            return Err(refused(&format!(
                "the job needs {each} sandboxes at once, one for each step and function of a plugin, and tenant `{tenant}` may \
                 have {limit}: its quota `sandboxes` has to be raised, or the job split"
            )));
        }
        let each = each.max(1);
        let partitions = (job.partitions.unwrap_or(*CORES) as u64)
            .min(limit.sandboxes / each)
            .max(1);
        let wanted = Amount {
            memory: job
                .memory
                .map_or(self.shared.config().runs.memory.0, |bytes| bytes as u64),
            sandboxes: partitions * each,
        };
        let held = self.shared.budgets.take(self.run.tenant.as_str(), wanted, limit).await;
        // A server that is alone has counted all that there is, and need not write it down for each run.
        if self.shared.config().database.is_some() {
            let taken = shares::take(&self.shared.metadata, &self.run.lease, held.amount, limit).await;
            taken.map_err(|error| broken(&error.into()))?;
        }
        job.memory = Some(usize::try_from(held.amount.memory).unwrap_or(usize::MAX));
        job.partitions = Some(usize::try_from(partitions).unwrap_or(usize::MAX));
        Ok(held)
    }

    /// Ready when the run has taken too long before it could begin.
    pub(super) async fn waits_too_long(&self) -> Ended {
        let Some(until) = self.until else {
            return std::future::pending().await;
        };
        let limit = until.saturating_duration_since(Instant::now());
        tokio::time::sleep(limit).await;
        let mut ended = Ended::of(&EngineError::Timeout { limit });
        ended.failure.likely_cause =
            Some("other runs of the tenant had all of its memory or sandboxes, so that it could not begin".to_owned());
        ended
    }
}

/// Sandboxes that each partition of a job may have at once: one for each step and each function of a plugin; of a job in
/// code, its own and one for each plugin that it applies.
fn sandboxes_of_partition(job: &Job) -> u64 {
    let steps = job.steps.values().filter(|step| matches!(step, Step::Plugin(_)));
    let script = job.script.as_ref().map_or(0, |script| 1 + script.plugins.len());
    (steps.count() + job.functions.len() + script) as u64
}
