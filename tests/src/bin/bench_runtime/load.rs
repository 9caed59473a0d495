//! Loading a plugin whose compiled code is in the cache.

use std::time::Instant;

use tenon_runtime::{CacheConfig, PoolConfig, Runtime, RuntimeConfig};
use tenon_tests::bench::{Figures, median};
use tenon_tests::guests::guest;

use crate::Effort;

pub fn measure(effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    executor.block_on(async {
        let folder = tempfile::tempdir()?;
        let cache = CacheConfig {
            folder: Some(folder.path().to_owned()),
            ..CacheConfig::default()
        };
        let pool = PoolConfig {
            floor: 0,
            ceiling: 0,
            ..PoolConfig::default()
        };
        let runtime = Runtime::new(RuntimeConfig {
            cache,
            pool,
            ..RuntimeConfig::default()
        })?;
        let path = guest("mask")?;
        let started = Instant::now();
        drop(runtime.load(&path).await?);
        figures.note(
            "load of `mask`, compiling it",
            started.elapsed().as_secs_f64() * 1e3,
            "ms",
        );
        let mut cached = Vec::new();
        for _ in 0..effort.rounds {
            let started = Instant::now();
            drop(runtime.load(&path).await?);
            cached.push(started.elapsed().as_secs_f64() * 1e3);
        }
        figures.at_most("load of `mask` from the cache", median(&mut cached), "ms", 1.0);
        Ok(())
    })
}
