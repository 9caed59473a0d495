//! Notes how far a run has come while it is at work, and charges its tenant for the CPU time that it has used so far.

use std::time::Duration;

use serde_json::{Value, json};
use tenon_engine::{Phase, Progress};
use tenon_metadata::{Metadata, Name, Transaction};
use tenon_runs::Claimed;
use tenon_tenants::{Error as TenantError, quotas, usage};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::charged::{Charged, Cpu};
use super::went;
use crate::Error;

/// A run that ends sooner is never seen at work: most do, and nobody could have looked.
const FIRST: Duration = Duration::from_millis(100);
const INTERVAL: Duration = Duration::from_secs(1);

/// As events name it.
pub(super) const CPU_QUOTA: &str = "cpu_seconds_per_day";
/// As events name it.
pub(crate) const LOG_QUOTA: &str = "log_bytes";

/// Ends with the run.
pub(super) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Notes progress now and then, until the answer is dropped. The other half of it is told when the tenant has no CPU time
/// left, which all of its runs use up together, those on other servers too.
pub(super) fn follow(
    metadata: &Metadata,
    run: &Claimed,
    progress: &Progress,
    charged: &Charged,
) -> (Following, oneshot::Receiver<TenantError>) {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let (metadata, progress, charged) = (metadata.clone(), progress.clone(), charged.clone());
    let (lease, tenant, job) = (run.lease.clone(), run.tenant.clone(), run.job.clone());
    let following = Following(tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        loop {
            let (lease, tenant, job, so_far) = (lease.clone(), tenant.clone(), job.clone(), so_far(&progress));
            let more = charged.charge(Cpu::of(&went::so_far(&progress)));
            let noted = metadata.write_soon(move |tx| {
                tenon_runs::running(tx, &lease)?;
                tenon_runs::progress(tx, &lease, &so_far)?;
                let Some(more) = more else { return Ok(None) };
                let used = tenon_tenants::Usage {
                    cpu_sandbox_us: more.sandbox_us,
                    cpu_kernels_us: more.kernels_us,
                    ..tenon_tenants::Usage::default()
                };
                usage::add(tx, &tenant, job.as_str(), &lease.run, &used)?;
                let over = used_up(tx, &tenant)?;
                if let Some(error) = &over {
                    quotas::tell_reached(tx, &tenant, CPU_QUOTA, &error.to_string())?;
                }
                Ok::<_, Error>(over)
            });
            match noted.await {
                Ok(None) => {}
                Ok(Some(error)) => {
                    if let Some(tell) = tell.take() {
                        let _ = tell.send(error);
                    }
                }
                Err(error) => {
                    if let Some(more) = more {
                        charged.give_back(more);
                    }
                    tracing::debug!(%error, "the progress of a run is not noted");
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }));
    (following, told)
}

/// Why a tenant's runs may not go on, if that is so.
fn used_up(tx: &mut Transaction<'_>, tenant: &Name) -> Result<Option<TenantError>, Error> {
    match quotas::check_cpu(tx, tenant) {
        Ok(()) => Ok(None),
        Err(error @ TenantError::CpuQuota { .. }) => Ok(Some(error)),
        Err(error) => Err(error.into()),
    }
}

fn so_far(progress: &Progress) -> Value {
    let phase = match progress.phase() {
        Phase::Planning => "planning",
        Phase::Running => "running",
        Phase::Committing => "committing",
        Phase::Done => "done",
    };
    json!({
        "phase": phase,
        "rows_in": progress.rows_in(),
        "rows_out": progress.rows_out(),
        "rows_rejected": progress.rows_rejected(),
        "sandboxes": progress.sandboxes_in_use(),
        "sources": progress.sources(),
        "steps": progress.steps(),
        "sinks": progress.sinks(),
    })
}
