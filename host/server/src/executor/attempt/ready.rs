//! What is stored of a job becomes one that the engine can run.

use std::sync::Arc;
use std::time::Duration;

use tenon_engine::Job;
use tenon_job::Job as Definition;
use tenon_runs::LogSource;
use tenon_runtime::LogSink;
use tenon_tenants::{Error as TenantError, quotas};
use tokio::runtime::Handle;

use super::{Attempt, broken, refused, tell_reached};
use crate::Error;
use crate::executor::budget::Held;
use crate::executor::lookup::Belongings;
use crate::executor::outcome::Ended;
use crate::executor::{ceilings, prepare, watch};
use crate::plugins::Artifacts;

/// A longer job, in bytes, is read where it keeps nobody else waiting.
const SHORT: usize = 64 << 10;

/// A job that is ready to run, with what it holds of its tenant's budget.
pub(super) struct Ready {
    pub(super) definition: Definition,
    pub(super) job: Job,
    pub(super) artifacts: Artifacts,
    /// How long an attempt may take, as the settings of the job say, if they say so.
    pub(super) timeout: Option<Duration>,
    _budget: Held,
}

impl Attempt<'_> {
    /// Reads the job, finds its plugins, and checks what it wants.
    pub(super) async fn prepare(&self) -> Result<Ready, Ended> {
        let (shared, run) = (self.shared, self.run);
        let (tenant, job, version) = (run.tenant.clone(), run.job.clone(), run.job_version);
        let terms = shared.terms(&run.tenant).await.map_err(|error| broken(&error))?;
        let allowed = Arc::clone(&terms.quotas);
        let stored = shared.metadata.glance(move |tx| {
            quotas::check_cpu_of(tx, &tenant, &allowed)?;
            Ok::<_, Error>(tenon_runs::jobs::version(tx, &tenant, &job, version)?)
        });
        let stored = match stored.await {
            Ok(stored) => stored,
            Err(error) => {
                let (ended, used_up) = (broken(&error), used_up(&error));
                drop(error);
                if let Some(reason) = used_up {
                    tell_reached(shared, &run.tenant, watch::CPU_QUOTA, reason).await;
                }
                return Err(ended);
            }
        };
        let belongings = Belongings {
            metadata: shared.metadata.clone(),
            keys: shared.key_rings(),
            tenant: run.tenant.clone(),
            job: run.job.clone(),
            runtime: Handle::current(),
        };
        let text = prepare::Text {
            job: run.job.as_str(),
            definition: &stored.definition,
            format: stored.format,
        };
        let read = || prepare::definition(text, &run.arguments, belongings.clone());
        let definition = if text.definition.len() > SHORT {
            tokio::task::block_in_place(read)
        } else {
            read()
        };
        let definition = definition.map_err(|reason| refused(&reason))?;
        let id = run.lease.run.as_str();
        let chosen_by = self
            .batch
            .map_or_else(|| id.to_owned(), |batch| format!("{id}-b{batch}"));
        let found = shared
            .plugins
            .find(run, &definition, &stored.settings.plugins, &chosen_by);
        let artifacts = found.await;
        let artifacts = artifacts.map_err(|error| broken(&error))?;
        let made = prepare::job(&definition, &artifacts, &belongings, &terms.house());
        let mut job = made.map_err(|reason| refused(&reason))?;
        job.limits =
            ceilings::within(&job.limits, &shared.config().sandboxes.limits).map_err(|reason| refused(&reason))?;
        run.tenant.as_str().clone_into(&mut job.tenant);
        job.run = Some(format!("{}-{}", run.lease.run, run.attempt));
        job.log = Some(self.sink());
        let budget = tokio::select! {
            budget = self.budget(&mut job, &terms) => budget?,
            late = self.waits_too_long() => return Err(late),
        };
        Ok(Ready {
            definition,
            job,
            artifacts,
            timeout: given(stored.settings.timeout_seconds),
            _budget: budget,
        })
    }

    /// Hands what guests log to the log of the run.
    fn sink(&self) -> LogSink {
        let log = self.log.clone();
        LogSink::new(move |record| {
            let level = match record.level {
                tenon_runtime::Level::Trace => tenon_runs::Level::Trace,
                tenon_runtime::Level::Debug => tenon_runs::Level::Debug,
                tenon_runtime::Level::Info => tenon_runs::Level::Info,
                tenon_runtime::Level::Warn => tenon_runs::Level::Warn,
                tenon_runtime::Level::Error => tenon_runs::Level::Error,
            };
            // A component that drives the job is no step of it.
            let step = record.step.as_deref().unwrap_or(&record.plugin);
            log.write(level, LogSource::Guest, Some(step), &record.message);
        })
    }
}

/// The time that settings give an attempt; none where they don't, or give it all that there is.
fn given(seconds: Option<u64>) -> Option<Duration> {
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// What is said of the tenant's CPU time, if that is used up.
fn used_up(error: &Error) -> Option<String> {
    match error {
        Error::Kept(tenon_api::Error::Tenants(error @ TenantError::CpuQuota { .. })) => Some(error.to_string()),
        _ => None,
    }
}
