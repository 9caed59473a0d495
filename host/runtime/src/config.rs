//! How a [`Runtime`](crate::Runtime) is set up.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// Settings of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeConfig {
    /// The warm pool.
    pub pool: PoolConfig,
    /// The cache of compiled plugins.
    pub cache: CacheConfig,
    /// What a sandbox may use until it serves a run, which brings limits of its own.
    pub limits: Limits,
    /// What a plugin file may be.
    pub plugins: PluginConfig,
}

/// Settings of the warm pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoolConfig {
    /// Sandboxes kept warm per plugin, even when nobody asks. Default 1.
    pub floor: usize,
    /// Most sandboxes kept warm per plugin. Default 64.
    pub ceiling: usize,
    /// Most sandboxes kept warm over all plugins. Default 256.
    pub idle: usize,
    /// Most sandboxes in use at once over all plugins and tenants; further checkouts wait in turn. Default 256.
    pub in_use: usize,
    /// Most job scripts that run at once; further ones wait in turn. They are counted apart from the sandboxes in use,
    /// since a script waits for functions, which need turns of their own. Default 64.
    pub scripts: usize,
    /// How long a checkout waits for its turn, in milliseconds. Default 30 s.
    pub wait_ms: u64,
    /// How long a peak of demand keeps the pool large, in milliseconds. Default 30 s.
    pub memory_ms: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        PoolConfig {
            floor: 1,
            ceiling: 64,
            idle: 256,
            in_use: 256,
            scripts: 64,
            wait_ms: 30_000,
            memory_ms: 30_000,
        }
    }
}

impl PoolConfig {
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    pub(crate) fn memory(&self) -> Duration {
        Duration::from_millis(self.memory_ms)
    }
}

/// Settings of the cache of compiled plugins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Folder of the cache; without one, plugins are compiled in every process. The command line sets it.
    pub folder: Option<PathBuf>,
    /// Bytes that the cache may take; past that, what was used longest ago is removed. Default 2 GiB.
    pub max_bytes: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        CacheConfig {
            folder: None,
            max_bytes: 2 << 30,
        }
    }
}

/// What a plugin file may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginConfig {
    /// Bytes of a plugin file. Default 64 MiB.
    pub max_bytes: u64,
    /// CPU time for a plugin's start functions and for describing its functions, in milliseconds; elapsed time, where
    /// the plugin can wait. Default 5 s.
    pub start_ms: u64,
}

impl Default for PluginConfig {
    fn default() -> Self {
        PluginConfig {
            max_bytes: 64 << 20,
            start_ms: 5_000,
        }
    }
}
