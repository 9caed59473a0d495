//! The warm pool: per plugin, sandboxes that are instantiated and wait for a run.
//!
//! - A checkout takes a warm sandbox; where none is left it instantiates one itself (some ten microseconds for a Rust
//!   plugin), so a checkout never waits for the pool, only for its turn when too many sandboxes are in use.
//! - A sandbox serves one run and is thrown away; the refill thread puts new ones in behind it, at once when half of
//!   them are gone and within half a second otherwise.
//! - The pool aims at the recent peak of sandboxes in use, between a floor and a ceiling; running dry doubles the aim,
//!   and quiet time brings it back down.

mod demand;
mod queue;
mod refill;
mod warm;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

pub(crate) use queue::{Permit, Queue, Waited};
pub(crate) use refill::Refill;
pub(crate) use warm::{Blueprint, Idle, Warm};

use crate::config::PoolConfig;
use crate::error::Error;
use crate::stats::{PluginStatistics, PoolMetrics};
use demand::Demand;

/// The sandboxes of one plugin.
pub(crate) struct Pool {
    pub blueprint: Blueprint,
    config: PoolConfig,
    /// Warm sandboxes of all plugins together.
    all_idle: Arc<AtomicUsize>,
    /// Newest last: what was used by the processor last is taken first.
    idle: Mutex<Vec<Idle>>,
    demand: Mutex<Demand>,
    in_use: AtomicUsize,
    refill: Refill,
    /// Whether the refill thread has been called and has not come back yet.
    refilling: AtomicBool,
    /// Whether the last refill failed: no other is tried before somebody needs one.
    failing: AtomicBool,
    checkouts: AtomicU64,
    dry: AtomicU64,
    built: AtomicU64,
    retired: AtomicU64,
    pub metrics: PoolMetrics,
}

impl Pool {
    pub fn new(blueprint: Blueprint, config: &PoolConfig, all_idle: &Arc<AtomicUsize>, refill: &Refill) -> Arc<Self> {
        let metrics = PoolMetrics::new(&blueprint.plugin);
        let pool = Arc::new(Pool {
            blueprint,
            config: config.clone(),
            all_idle: Arc::clone(all_idle),
            idle: Mutex::new(Vec::new()),
            demand: Mutex::new(Demand::new(config.memory(), Instant::now())),
            in_use: AtomicUsize::new(0),
            refill: refill.clone(),
            refilling: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            checkouts: AtomicU64::new(0),
            dry: AtomicU64::new(0),
            built: AtomicU64::new(0),
            retired: AtomicU64::new(0),
            metrics,
        });
        refill.watch(&pool);
        pool.call_refill();
        pool
    }

    /// A warm sandbox, or one built on the spot. The caller has its turn already.
    pub async fn take(self: &Arc<Self>) -> Result<Idle, Error> {
        let in_use = self.in_use.fetch_add(1, Ordering::Relaxed) + 1;
        self.checkouts.fetch_add(1, Ordering::Relaxed);
        self.metrics.checkouts.increment(1);
        let (warm, left) = {
            let mut idle = self.idle.lock();
            (idle.pop(), idle.len())
        };
        let aim = {
            let mut demand = self.demand.lock();
            if warm.is_none() {
                demand.ran_dry();
            }
            demand.in_use(in_use, Instant::now());
            self.bounded(demand.aim())
        };
        if left < aim.div_ceil(2) {
            self.call_refill();
        }
        if let Some(warm) = warm {
            self.all_idle.fetch_sub(1, Ordering::Relaxed);
            return Ok(warm);
        }
        self.dry.fetch_add(1, Ordering::Relaxed);
        self.metrics.dry.increment(1);
        let place = Place(self);
        let built = self.build().await?;
        std::mem::forget(place);
        Ok(built)
    }

    /// A sandbox that `take` gave out is gone.
    pub fn gone(&self, retired: bool) {
        self.in_use.fetch_sub(1, Ordering::Relaxed);
        if retired {
            self.retired.fetch_add(1, Ordering::Relaxed);
            self.metrics.retired.increment(1);
        }
    }

    /// What the pool did so far.
    pub fn statistics(&self) -> PluginStatistics {
        PluginStatistics {
            plugin: self.blueprint.plugin.to_string(),
            warm: self.idle.lock().len(),
            aim: self.aim(),
            in_use: self.in_use.load(Ordering::Relaxed),
            checkouts: self.checkouts.load(Ordering::Relaxed),
            dry: self.dry.load(Ordering::Relaxed),
            built: self.built.load(Ordering::Relaxed),
            retired: self.retired.load(Ordering::Relaxed),
        }
    }

    async fn build(&self) -> Result<Idle, Error> {
        self.built.fetch_add(1, Ordering::Relaxed);
        self.blueprint.build().await
    }

    fn call_refill(self: &Arc<Self>) {
        if !self.refilling.swap(true, Ordering::AcqRel) {
            self.refill.call(self);
        }
    }

    /// Builds until the pool has what it aims at. Runs on the refill thread.
    async fn fill(&self) {
        self.refilling.store(false, Ordering::Release);
        self.failing.store(false, Ordering::Relaxed);
        while self.idle.lock().len() < self.aim() && self.all_idle.load(Ordering::Relaxed) < self.config.idle {
            match self.build().await {
                Ok(warm) => {
                    self.all_idle.fetch_add(1, Ordering::Relaxed);
                    self.idle.lock().push(warm);
                }
                Err(error) => {
                    // A checkout will meet the same error and report it to whoever asked.
                    tracing::warn!(%error, "the warm pool could not be refilled");
                    self.failing.store(true, Ordering::Relaxed);
                    break;
                }
            }
        }
        self.metrics.warm.set(self.idle.lock().len() as f64);
    }

    /// Brings the pool to what it aims at: checkouts call for more only when half of that is gone. Runs on the refill
    /// thread.
    fn look(self: &Arc<Self>) {
        let aim = self.aim();
        self.shrink(aim);
        if self.idle.lock().len() < aim && !self.failing.load(Ordering::Relaxed) {
            self.call_refill();
        }
    }

    fn shrink(&self, aim: usize) {
        let surplus: Vec<Idle> = {
            let mut idle = self.idle.lock();
            let surplus = idle.len().saturating_sub(aim);
            idle.drain(..surplus).collect()
        };
        self.all_idle.fetch_sub(surplus.len(), Ordering::Relaxed);
        self.metrics.warm.set(self.idle.lock().len() as f64);
    }

    fn aim(&self) -> usize {
        let mut demand = self.demand.lock();
        demand.in_use(self.in_use.load(Ordering::Relaxed), Instant::now());
        self.bounded(demand.aim())
    }

    fn bounded(&self, aim: usize) -> usize {
        aim.max(self.config.floor)
            .min(self.config.ceiling.max(self.config.floor))
    }
}

/// Given back unless a sandbox takes it: building one may fail, and whoever waits for it may give up.
struct Place<'a>(&'a Pool);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.all_idle.fetch_sub(self.idle.lock().len(), Ordering::Relaxed);
    }
}
