//! A sandbox that runs a script.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;
use wasmtime::Store;

use super::Pipeline;
use crate::bindings::script::exports::tenon::etl::job::Guest;
use crate::call::{book, ready, tie};
use crate::error::Error;
use crate::host::{SandboxState, guest_error};
use crate::limits::LimitReached;
use crate::plugin::Plugin;
use crate::pool::{Permit, Pool};
use crate::run::Run;
use crate::trap;

/// What errors call the script's one function.
const RUN: &str = "job.run";

/// One instance of a plugin that exports `job`, tied to one run and to the pipeline that makes its frames.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use tenon_runtime::{Error, Pipeline, Run, Runtime};
///
/// # async fn start(runtime: &Runtime, pipeline: Arc<dyn Pipeline>) -> Result<(), Error> {
/// let plugin = runtime.load("orders.wasm").await?;
/// let run = Run::builder("tenant", "run-1").parameter("year", "2013").build();
/// plugin.checkout_job(&run, pipeline).await?.run().await
/// # }
/// ```
pub struct JobSandbox {
    store: Store<SandboxState>,
    guest: Guest,
    plugin: Plugin,
    pool: Arc<Pool>,
    run: Arc<Run>,
    _permit: Permit,
    /// Whether the script did not come back well.
    spoiled: bool,
    span: tracing::Span,
}

impl JobSandbox {
    pub(crate) fn bind(
        (store, guest): (Store<SandboxState>, Guest),
        plugin: Plugin,
        pool: Arc<Pool>,
        permit: Permit,
        run: &Arc<Run>,
        pipeline: Arc<dyn Pipeline>,
    ) -> Result<Self, Error> {
        let span = tracing::debug_span!("job", tenant = run.tenant(), run = run.id(), plugin = plugin.name());
        let mut sandbox = JobSandbox {
            store,
            guest,
            plugin,
            pool,
            run: Arc::clone(run),
            _permit: permit,
            spoiled: true,
            span,
        };
        tie(&mut sandbox.store, run).map_err(|reached| sandbox.limit(reached))?;
        sandbox.store.data_mut().pipeline = Some(pipeline);
        sandbox.spoiled = false;
        Ok(sandbox)
    }

    /// Runs the script to its end. Dropping the future cancels the script, and the frame that runs for it.
    ///
    /// # Errors
    /// [`Error::Guest`] with the script's own kind and context when it fails, [`Error::Limit`], [`Error::Trapped`].
    pub async fn run(mut self) -> Result<(), Error> {
        ready(&mut self.store, &self.run).map_err(|reached| self.limit(reached))?;
        self.spoiled = true;
        let called = {
            let _ticking = self.pool.blueprint.ticker.call();
            let cpu = Arc::clone(&self.store.data().cpu);
            let millis = self.run.limits().wall_per_job_ms;
            let call = cpu.measure(self.guest.call_run(&mut self.store));
            tokio::time::timeout(Duration::from_millis(millis), call)
                .instrument(self.span.clone())
                .await
                .unwrap_or_else(|_| Err(LimitReached::millis("wall_per_job_ms", millis).into()))
        };
        let cpu = book(&self.store, &self.run, &self.pool);
        let memory = self.store.data().growth.memory();
        tracing::debug!(parent: &self.span, ?cpu, memory, "the script ended");
        let answered = match called {
            Ok(answered) => answered,
            Err(error) => return Err(trap::of_call(&mut self.store, error, RUN, &self.plugin.0.lines).await),
        };
        self.spoiled = false;
        answered.map_err(|fault| guest_error(self.plugin.name(), &self.run, &fault, Some(RUN)))
    }

    fn limit(&self, reached: LimitReached) -> Error {
        Error::Limit {
            plugin: self.plugin.name().to_owned(),
            function: Some(RUN.to_owned()),
            reached,
        }
    }
}

impl Drop for JobSandbox {
    fn drop(&mut self) {
        self.pool.gone(self.spoiled);
    }
}

impl std::fmt::Debug for JobSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSandbox")
            .field("plugin", &self.plugin)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
