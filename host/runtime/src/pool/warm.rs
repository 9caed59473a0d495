//! A sandbox that is instantiated and serves no run yet.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenon_component::Interfaces;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use crate::bindings::exports::tenon::etl::transform::{Function, Guest, GuestIndices};
use crate::bindings::script::exports::tenon::etl::job;
use crate::config::RuntimeConfig;
use crate::error::Error;
use crate::host::SandboxState;
use crate::limits::{LimitReached, Limits};
use crate::ticker::Ticker;
use crate::trap;

/// All that is needed to build sandboxes of one plugin.
pub(crate) struct Blueprint {
    pub plugin: Arc<str>,
    pre: InstancePre<SandboxState>,
    /// Where the functions are, if it exports any.
    transform: Option<GuestIndices>,
    /// Where the script is, if it exports one.
    job: Option<job::GuestIndices>,
    pub wasi: bool,
    pub limits: Limits,
    pub start_ms: u64,
    pub ticker: Arc<Ticker>,
}

/// An instance waiting in its store. One kind serves functions and scripts; a function's exports, whose checkout is on
/// the hot path, are looked up ahead.
pub(crate) struct Idle {
    pub store: Store<SandboxState>,
    instance: Instance,
    transform: Option<Guest>,
}

/// An instance that serves a function.
pub(crate) struct Warm {
    pub store: Store<SandboxState>,
    pub guest: Guest,
}

impl Idle {
    /// For a function, if the plugin has any.
    pub fn for_function(self) -> Option<Warm> {
        let Idle { store, transform, .. } = self;
        transform.map(|guest| Warm { store, guest })
    }
}

impl Blueprint {
    /// Links a plugin that exports functions, a script or both.
    pub fn new(
        plugin: &Arc<str>,
        pre: InstancePre<SandboxState>,
        interfaces: Interfaces,
        wasi: bool,
        config: &RuntimeConfig,
        ticker: &Arc<Ticker>,
    ) -> Result<Self, Error> {
        let linked = |error: wasmtime::Error| Error::Load {
            plugin: plugin.to_string(),
            stage: "linked",
            reason: trap::explain(&error),
        };
        let transform = interfaces.transform.then(|| GuestIndices::new(&pre));
        let job = interfaces.job.then(|| job::GuestIndices::new(&pre));
        Ok(Blueprint {
            transform: transform.transpose().map_err(linked)?,
            job: job.transpose().map_err(linked)?,
            plugin: Arc::clone(plugin),
            pre,
            wasi,
            limits: config.limits.clone(),
            start_ms: config.plugins.start_ms,
            ticker: Arc::clone(ticker),
        })
    }

    /// Instantiates a sandbox, within the limits for sandboxes that serve no run.
    pub async fn build(&self) -> Result<Idle, Error> {
        let mut store = self.store();
        let _ticking = self.ticker.call();
        let cpu = Arc::clone(&store.data().cpu);
        cpu.reset();
        let instance = cpu.measure(self.in_time(self.pre.instantiate_async(&mut store))).await;
        let loaded = instance.and_then(|instance| {
            let transform = self.transform.as_ref().map(|known| known.load(&mut store, &instance));
            Ok((instance, transform.transpose()?))
        });
        match loaded {
            Ok((instance, transform)) => Ok(Idle {
                store,
                instance,
                transform,
            }),
            Err(error) => Err(trap::of_start(&mut store, &error, "instantiated")),
        }
    }

    /// For a script, if the plugin has one.
    pub fn for_script(&self, idle: Idle) -> Result<Option<(Store<SandboxState>, job::Guest)>, Error> {
        let Some(job) = &self.job else { return Ok(None) };
        let Idle {
            mut store, instance, ..
        } = idle;
        match job.load(&mut store, &instance) {
            Ok(guest) => Ok(Some((store, guest))),
            Err(error) => Err(trap::of_start(&mut store, &error, "instantiated")),
        }
    }

    /// Asks a sandbox, which is thrown away after, for the plugin's functions.
    pub async fn describe(&self) -> Result<Vec<Function>, Error> {
        let Some(Warm { mut store, guest }) = self.build().await?.for_function() else {
            return Ok(Vec::new());
        };
        let _ticking = self.ticker.call();
        let cpu = Arc::clone(&store.data().cpu);
        match cpu.measure(self.in_time(guest.call_describe(&mut store))).await {
            Ok(functions) => Ok(functions),
            Err(error) => Err(trap::of_start(&mut store, &error, "described")),
        }
    }

    /// Ends what waits instead of computing. Only plugins that import WASI can, the others need no timer.
    async fn in_time<T>(&self, call: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
        if !self.wasi {
            return call.await;
        }
        tokio::time::timeout(Duration::from_millis(self.start_ms), call)
            .await
            .unwrap_or_else(|_| Err(LimitReached::millis("plugins.start_ms", self.start_ms).into()))
    }

    fn store(&self) -> Store<SandboxState> {
        let mut state = SandboxState::new(&self.plugin, &self.limits, self.wasi);
        state.cpu_limit_ms = ("plugins.start_ms", self.start_ms);
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| &mut state.growth);
        store.set_hostcall_fuel(self.limits.call_bytes);
        store.set_max_component_handles(self.limits.handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| tick(&store));
        store
    }
}

/// Runs in the guest's place once per tick: ends it if its time is up, lets others run otherwise.
fn tick(store: &StoreContextMut<'_, SandboxState>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data();
    let spent = state.cpu.now();
    let (limit, millis) = state.cpu_limit_ms;
    if spent > millis.saturating_mul(1_000_000) {
        return Err(LimitReached::millis(limit, millis).into());
    }
    if let Some(run) = &state.run {
        let total = run.usage.cpu_nanos.load(Ordering::Relaxed).saturating_add(spent);
        if total > state.limits.cpu_per_run_ms.saturating_mul(1_000_000) {
            return Err(LimitReached::millis("cpu_per_run_ms", state.limits.cpu_per_run_ms).into());
        }
    }
    Ok(UpdateDeadline::Yield(1))
}
