//! Figures on pools and sandboxes, as structs and as metrics.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use serde::Serialize;

/// What a runtime's pools are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuntimeStatistics {
    /// Sandboxes in use, over all plugins.
    pub in_use: usize,
    /// Checkouts that wait for their turn.
    pub waiting: usize,
    /// Warm sandboxes, over all plugins.
    pub warm: usize,
    /// One entry per loaded plugin.
    pub plugins: Vec<PluginStatistics>,
}

/// What the pool of one plugin did since it was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PluginStatistics {
    /// Name of the plugin.
    pub plugin: String,
    /// Sandboxes that wait for a run.
    pub warm: usize,
    /// Sandboxes that the pool wants to have waiting.
    pub aim: usize,
    /// Sandboxes in use.
    pub in_use: usize,
    /// Sandboxes given out.
    pub checkouts: u64,
    /// Checkouts that found the pool empty and built a sandbox themselves.
    pub dry: u64,
    /// Sandboxes instantiated.
    pub built: u64,
    /// Sandboxes thrown away early: after a trap, a limit or a cancelled call.
    pub retired: u64,
}

/// What one sandbox used since it was checked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SandboxStatistics {
    /// Calls into the guest.
    pub calls: u64,
    /// CPU time inside them, native kernels included.
    pub cpu: Duration,
    /// Linear memory now, in bytes.
    pub memory: usize,
}

/// The same figures for whatever recorder the `metrics` crate has.
pub(crate) struct PoolMetrics {
    pub checkouts: Counter,
    pub dry: Counter,
    pub retired: Counter,
    pub warm: Gauge,
    /// CPU time of each call.
    pub call_seconds: Histogram,
}

impl PoolMetrics {
    pub fn new(plugin: &str) -> Self {
        let plugin = plugin.to_owned();
        PoolMetrics {
            checkouts: counter!("tenon_sandbox_checkouts_total", "plugin" => plugin.clone()),
            dry: counter!("tenon_sandbox_pool_dry_total", "plugin" => plugin.clone()),
            retired: counter!("tenon_sandbox_retired_total", "plugin" => plugin.clone()),
            warm: gauge!("tenon_sandbox_warm", "plugin" => plugin.clone()),
            call_seconds: histogram!("tenon_sandbox_call_cpu_seconds", "plugin" => plugin),
        }
    }
}
