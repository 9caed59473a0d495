//! Noting how a run ended, or one of its micro-batches, durably, with what its tenant is charged for it.

use std::sync::Arc;
use std::time::Duration;

use tenon_metadata::{ErrorKind, Transaction};
use tenon_runs::{Batch, Claimed, Finished, Lease, Outcome, State, Usage};

use super::charged::{Charged, Cpu};
use super::outcome::in_one_sentence;
use crate::server::Shared;
use crate::{Error, figures};

/// How often the database is asked to note what it could not note before.
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be noted of an attempt.
pub(super) enum Note {
    /// It has ended.
    End(Box<Outcome>),
    /// One of its micro-batches has committed, or found nothing: it goes on.
    Batch(Box<Batch>),
    /// It is handed back, for another server to begin again; and what it has used.
    Back(Usage),
}

impl Note {
    fn usage(&self) -> &Usage {
        match self {
            Self::End(outcome) => &outcome.usage,
            Self::Batch(batch) => &batch.usage,
            Self::Back(usage) => usage,
        }
    }

    fn write(&self, tx: &mut Transaction<'_>, lease: &Lease) -> Result<Finished, tenon_runs::Error> {
        match self {
            Self::End(outcome) => tenon_runs::finish(tx, lease, outcome),
            Self::Batch(batch) => {
                let noted = tenon_runs::batch(tx, lease, batch)?;
                Ok(Finished {
                    state: noted.state,
                    again_at: None,
                    changed: noted.changed,
                })
            }
            Self::Back(usage) => tenon_runs::give_back(tx, lease, usage),
        }
    }
}

/// Notes it, and charges for what the attempt was not charged for while it ran. A database that is away for a while does
/// not lose it. Says whether it is noted: a run that another server has taken is not this one's to say anything of.
pub(super) async fn note(shared: &Shared, run: &Claimed, note: Note, charged: &Charged) -> bool {
    if let Note::End(outcome) = &note
        && let Some(failure) = &outcome.error
    {
        let id = run.lease.run.as_str();
        tracing::info!(tenant = %run.tenant, run = id, state = %outcome.state, "{}", in_one_sentence(failure));
    }
    let note = Arc::new(note);
    let charged = charged.end();
    loop {
        let (lease, note) = (run.lease.clone(), Arc::clone(&note));
        let (tenant, job) = (run.tenant.clone(), run.job.clone());
        let noted = shared.metadata.write(move |tx| {
            let finished = note.write(tx, &lease)?;
            // It may be the second time, since nobody heard of the first one.
            if finished.changed {
                let usage = metered(note.usage(), charged, finished.state);
                tenon_tenants::usage::add(tx, &tenant, job.as_str(), &lease.run, &usage)?;
            }
            Ok::<_, Error>(finished.state)
        });
        match noted.await {
            Ok(state) => {
                if state.is_final() {
                    figures::ended(state);
                }
                return true;
            }
            Err(error) if is_final(&error) => {
                tracing::warn!(run = run.lease.run, %error, "how a run went is not noted");
                return false;
            }
            Err(error) => {
                tracing::warn!(run = run.lease.run, %error, "how a run went cannot be noted yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the runs themselves refuse it: the lease is lost, or the run has ended.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Kept(tenon_api::Error::Runs(_))) && error.kind() != ErrorKind::Unavailable
}

/// The same as tenants are charged for it, without what they have been charged for.
fn metered(usage: &Usage, charged: Cpu, state: State) -> tenon_tenants::Usage {
    let cpu = Cpu::of(usage).beyond(charged);
    tenon_tenants::Usage {
        cpu_sandbox_us: cpu.sandbox_us,
        cpu_kernels_us: cpu.kernels_us,
        peak_memory: usage.peak_memory,
        rows_in: usage.rows_in,
        rows_out: usage.rows_out,
        bytes_in: usage.bytes_in,
        bytes_out: usage.bytes_out,
        runs: u64::from(state.is_final()),
    }
}
