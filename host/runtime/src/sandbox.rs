//! A sandbox that serves one run.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tracing::Instrument;

use crate::bindings::exports::tenon::etl::transform as wire;
use crate::bindings::tenon::etl::errors::Error as Fault;
use crate::call::{book, ready, tie};
use crate::error::Error;
use crate::host::{BatchEntry, MAX_ROWS, guest_error};
use crate::limits::LimitReached;
use crate::output::{Output, check_batch, check_rejections};
use crate::plugin::Plugin;
use crate::pool::{Permit, Pool, Warm};
use crate::run::{Run, add};
use crate::stats::SandboxStatistics;
use crate::ticker::CallGuard;
use crate::trap;

/// One instance of a plugin, tied to one run: opened once, then given batches, then finished.
///
/// Calls run on the caller's task and yield every millisecond. Dropping a call's future cancels the guest; after that,
/// and after a trap or a limit, the sandbox refuses further calls. Dropping the sandbox frees all that it held.
pub struct Sandbox {
    warm: Warm,
    plugin: Plugin,
    pool: Arc<Pool>,
    run: Arc<Run>,
    _permit: Permit,
    opened: Option<Arc<Opened>>,
    /// Whether a call began and did not come back well.
    spoiled: bool,
    calls: u64,
    cpu: Duration,
    span: tracing::Span,
}

struct Opened {
    function: String,
    input: SchemaRef,
    output: SchemaRef,
}

type Called<T> = wasmtime::Result<Result<T, Fault>>;

impl Sandbox {
    pub(crate) fn bind(
        plugin: Plugin,
        pool: Arc<Pool>,
        mut warm: Warm,
        permit: Permit,
        run: &Arc<Run>,
    ) -> Result<Self, Error> {
        let bound = tie(&mut warm.store, run);
        let run = Arc::clone(run);
        let span = tracing::debug_span!("sandbox", tenant = run.tenant(), run = run.id(), plugin = plugin.name());
        let sandbox = Sandbox {
            warm,
            plugin,
            pool,
            run,
            _permit: permit,
            opened: None,
            spoiled: bound.is_err(),
            calls: 0,
            cpu: Duration::ZERO,
            span,
        };
        match bound {
            Ok(()) => Ok(sandbox),
            Err(reached) => Err(sandbox.limit(reached)),
        }
    }

    /// Says which step of a job it works for: what its guest logs is about that one.
    pub fn work_for(&mut self, step: &str) {
        self.warm.store.data_mut().work_for(step);
    }

    /// Binds one function with its configuration (JSON) and its input's schema; answers with its output's schema.
    ///
    /// # Errors
    /// [`Error::UnknownFunction`]; [`Error::Guest`] when the configuration or the schema does not fit;
    /// [`Error::Limit`], [`Error::Trapped`].
    pub async fn open(&mut self, function: &str, config: &str, input: &SchemaRef) -> Result<SchemaRef, Error> {
        if self.opened.is_some() {
            return Err(self.misuse("it was opened before; check out another sandbox for another function"));
        }
        let functions = self.plugin.functions();
        if !functions.iter().any(|known| known.name == function) {
            return Err(Error::UnknownFunction {
                plugin: self.plugin.name().to_owned(),
                function: function.to_owned(),
                known: functions.iter().map(|known| known.name.clone()).collect(),
            });
        }
        let schemas = &mut self.warm.store.data_mut().schemas;
        let schema = schemas.outgoing(input).map_err(|source| self.layout(source))?;
        let ticking = self.begin()?;
        let called = {
            let Warm { store, guest } = &mut self.warm;
            let cpu = Arc::clone(&store.data().cpu);
            let waits = waits(&self.plugin, &self.run);
            cpu.measure(within(waits, guest.call_open(store, function, config, &schema)))
                .instrument(self.span.clone())
                .await
        };
        let output = self.end(called, function, ticking).await?;
        let output = self.warm.store.data_mut().schemas.incoming(&output);
        let output = output.map_err(|error| self.contract(function, &format!("`open` answered with {error}")))?;
        self.opened = Some(Arc::new(Opened {
            function: function.to_owned(),
            input: Arc::clone(input),
            output: Arc::clone(&output),
        }));
        Ok(output)
    }

    /// Hands the guest one batch, of the schema given to `open`.
    ///
    /// # Errors
    /// [`Error::Guest`] when the function fails, [`Error::Limit`], [`Error::Trapped`], [`Error::Contract`] when what
    /// comes back is not what the function announced.
    pub async fn process(&mut self, batch: RecordBatch) -> Result<Output, Error> {
        let Some(opened) = &self.opened else {
            return Err(self.misuse("`process` was called before `open`"));
        };
        let schema = batch.schema_ref();
        if !Arc::ptr_eq(schema, &opened.input) && schema.fields() != opened.input.fields() {
            return Err(self.misuse("`process` was given a batch of another schema than `open`"));
        }
        let rows = batch.num_rows();
        let ticking = self.begin()?;
        let handle = self.warm.store.data_mut().table.push(BatchEntry::lent(batch));
        let Ok(handle) = handle else {
            let handles = self.run.limits().handles;
            return Err(self.limit(LimitReached::count("handles", handles, "handles")));
        };
        let called = {
            let Warm { store, guest } = &mut self.warm;
            let cpu = Arc::clone(&store.data().cpu);
            let waits = waits(&self.plugin, &self.run);
            cpu.measure(within(waits, guest.call_process(store, handle)))
                .instrument(self.span.clone())
                .await
        };
        add(&self.run.usage.rows_in, rows as u64);
        self.finish_call(called, rows, ticking).await
    }

    /// Tells the guest that there are no more batches, and takes what it has left to give.
    ///
    /// # Errors
    /// As for [`Sandbox::process`].
    pub async fn finish(&mut self) -> Result<Output, Error> {
        if self.opened.is_none() {
            return Err(self.misuse("`finish` was called before `open`"));
        }
        let ticking = self.begin()?;
        let called = {
            let Warm { store, guest } = &mut self.warm;
            let cpu = Arc::clone(&store.data().cpu);
            let waits = waits(&self.plugin, &self.run);
            cpu.measure(within(waits, guest.call_finish(store)))
                .instrument(self.span.clone())
                .await
        };
        self.finish_call(called, 0, ticking).await
    }

    /// What it used so far.
    pub fn statistics(&self) -> SandboxStatistics {
        SandboxStatistics {
            calls: self.calls,
            cpu: self.cpu,
            memory: self.warm.store.data().growth.memory(),
        }
    }

    /// Whether it refuses further calls: after a trap, a limit or a cancelled call.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    fn begin(&mut self) -> Result<CallGuard, Error> {
        if self.spoiled {
            return Err(self.misuse(
                "a call trapped, reached a limit or was cancelled before; drop this sandbox and check out another",
            ));
        }
        let ready = ready(&mut self.warm.store, &self.run);
        ready.map_err(|reached| self.limit(reached))?;
        self.spoiled = true;
        Ok(self.pool.blueprint.ticker.call())
    }

    /// Books what a call used, and turns its two kinds of failure into ours.
    async fn end<T>(&mut self, called: Called<T>, function: &str, ticking: CallGuard) -> Result<T, Error> {
        drop(ticking);
        let store = &mut self.warm.store;
        self.calls += 1;
        self.cpu += book(store, &self.run, &self.pool);
        let answered = match called {
            Ok(answered) => answered,
            Err(error) => return Err(trap::of_call(store, error, function, &self.plugin.0.lines).await),
        };
        self.spoiled = false;
        answered.map_err(|fault| guest_error(self.plugin.name(), &self.run, &fault, Some(function)))
    }

    async fn finish_call(
        &mut self,
        called: Called<wire::Output>,
        rows: usize,
        ticking: CallGuard,
    ) -> Result<Output, Error> {
        let opened = self.opened.clone();
        let Some(opened) = opened else {
            return Err(self.misuse("it was not opened"));
        };
        let answered = self.end(called, &opened.function, ticking).await;
        let collected = answered.and_then(|output| {
            let collected = self.collect(output, &opened, rows);
            self.spoiled = collected.is_err();
            collected
        });
        // Only now is what the guest returned no longer in its hands.
        if let Err(reached) = self.warm.store.data_mut().charge_kept() {
            self.spoiled = true;
            return Err(self.limit(reached));
        }
        collected
    }

    /// Takes the batches out of the guest's hands and checks what it promised.
    fn collect(&mut self, output: wire::Output, opened: &Opened, rows: usize) -> Result<Output, Error> {
        let mut batches = Vec::with_capacity(output.batches.len());
        let table = &mut self.warm.store.data_mut().table;
        for handle in output.batches {
            match table.delete(handle) {
                Ok(entry) => batches.push(entry.batch),
                Err(error) => return Err(self.contract(&opened.function, &format!("it returned a handle: {error}"))),
            }
        }
        let checked: Result<Vec<RecordBatch>, String> = batches
            .into_iter()
            .map(|batch| check_batch(batch, &opened.output))
            .collect();
        let batches = checked.map_err(|reason| self.contract(&opened.function, &reason))?;
        let rejected = check_rejections(output.rejected, rows, |reason, max| self.run.tell(reason, max))
            .map_err(|reason| self.contract(&opened.function, &reason))?;
        let rows_out: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        // Returning one batch a thousand times costs the guest nothing, but whoever writes the rows out.
        if rows_out > u64::from(MAX_ROWS) {
            let figure = format!("{MAX_ROWS} rows returned by one call");
            return Err(self.limit(LimitReached::fixed("rows", &figure)));
        }
        add(&self.run.usage.rows_out, rows_out);
        add(&self.run.usage.rows_rejected, rejected.len() as u64);
        Ok(Output { batches, rejected })
    }

    fn function(&self) -> Option<String> {
        self.opened.as_ref().map(|opened| opened.function.clone())
    }

    fn limit(&self, reached: LimitReached) -> Error {
        Error::Limit {
            plugin: self.plugin.name().to_owned(),
            function: self.function(),
            reached,
        }
    }

    fn misuse(&self, reason: &'static str) -> Error {
        Error::Misuse {
            plugin: self.plugin.name().to_owned(),
            reason,
        }
    }

    fn layout(&self, source: tenon_layout::Error) -> Error {
        Error::Layout {
            plugin: self.plugin.name().to_owned(),
            source,
        }
    }

    fn contract(&self, function: &str, reason: &str) -> Error {
        let reason = self.run.redact(reason).into_owned();
        Error::Contract {
            plugin: self.plugin.name().to_owned(),
            function: Some(function.to_owned()),
            reason,
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let SandboxStatistics { calls, cpu, memory } = self.statistics();
        tracing::debug!(parent: &self.span, calls, ?cpu, memory, spoiled = self.spoiled, "sandbox dropped");
        self.pool.gone(self.spoiled);
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("plugin", &self.plugin)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// Only plugins that import WASI can wait; the others need no timer.
fn waits(plugin: &Plugin, run: &Run) -> Option<Duration> {
    plugin
        .0
        .wasi
        .then(|| Duration::from_millis(run.limits().wall_per_call_ms))
}

/// Ends a call that waits too long.
async fn within<T>(limit: Option<Duration>, call: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    let Some(limit) = limit else { return call.await };
    let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    tokio::time::timeout(limit, call)
        .await
        .unwrap_or_else(|_| Err(LimitReached::millis("wall_per_call_ms", millis).into()))
}
