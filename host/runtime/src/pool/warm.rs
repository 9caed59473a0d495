//! A sandbox that is instantiated and serves no run yet.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wasmtime::component::InstancePre;
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use crate::bindings::TransformerPre;
use crate::bindings::exports::tenon::etl::transform::{Function, Guest};
use crate::config::RuntimeConfig;
use crate::error::Error;
use crate::host::SandboxState;
use crate::limits::{LimitReached, Limits};
use crate::ticker::Ticker;
use crate::trap;

/// All that is needed to build sandboxes of one plugin.
pub(crate) struct Blueprint {
    pub plugin: Arc<str>,
    pub pre: TransformerPre<SandboxState>,
    pub wasi: bool,
    pub limits: Limits,
    pub start_ms: u64,
    pub ticker: Arc<Ticker>,
}

/// An instance waiting in its store.
pub(crate) struct Warm {
    pub store: Store<SandboxState>,
    pub guest: Guest,
}

impl Blueprint {
    /// Links a transform plugin.
    pub fn new(
        plugin: &Arc<str>,
        pre: InstancePre<SandboxState>,
        wasi: bool,
        config: &RuntimeConfig,
        ticker: &Arc<Ticker>,
    ) -> Result<Self, Error> {
        let pre = TransformerPre::new(pre).map_err(|error| Error::Load {
            plugin: plugin.to_string(),
            stage: "linked",
            reason: trap::explain(&error),
        })?;
        Ok(Blueprint {
            plugin: Arc::clone(plugin),
            pre,
            wasi,
            limits: config.limits.clone(),
            start_ms: config.plugins.start_ms,
            ticker: Arc::clone(ticker),
        })
    }

    /// Instantiates a sandbox, within the limits for sandboxes that serve no run.
    pub async fn build(&self) -> Result<Warm, Error> {
        let mut store = self.store();
        let _ticking = self.ticker.call();
        let cpu = Arc::clone(&store.data().cpu);
        cpu.reset();
        let instance = cpu.measure(self.in_time(self.pre.instantiate_async(&mut store))).await;
        match instance {
            Ok(instance) => Ok(Warm {
                guest: instance.tenon_etl_transform().clone(),
                store,
            }),
            Err(error) => Err(trap::classify(&mut store, &error, None, "instantiated")),
        }
    }

    /// Asks a sandbox, which is thrown away after, for the plugin's functions.
    pub async fn describe(&self) -> Result<Vec<Function>, Error> {
        let Warm { mut store, guest } = self.build().await?;
        let _ticking = self.ticker.call();
        let cpu = Arc::clone(&store.data().cpu);
        match cpu.measure(self.in_time(guest.call_describe(&mut store))).await {
            Ok(functions) => Ok(functions),
            Err(error) => Err(trap::classify(&mut store, &error, None, "described")),
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
