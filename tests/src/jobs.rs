//! Job files that tests and benchmarks run in their own process.

use std::path::Path;

use tenon_connect::database::NoConnections;
use tenon_engine::{Artifacts, Engine, Job};
use tenon_job::{Format, Options, ProcessLookup};
use tenon_runtime::{CacheConfig, Runtime, RuntimeConfig};

/// An engine whose compiled plugins are kept in this folder.
///
/// # Errors
/// If the runtime does not start.
pub fn engine(cache: &Path) -> anyhow::Result<Engine> {
    let cache = CacheConfig {
        folder: Some(cache.to_owned()),
        ..CacheConfig::default()
    };
    Ok(Engine::new(Runtime::new(RuntimeConfig {
        cache,
        ..RuntimeConfig::default()
    })?))
}

/// A job file's text, ready to run. Its plugins are .wasm files.
///
/// # Errors
/// If it is refused.
pub fn job(text: &str) -> anyhow::Result<Job> {
    let definition = tenon_job::Job::parse("job.toml", text, Format::Toml, &Options::default())?.job;
    Ok(Job::from_definition(
        &definition,
        &Artifacts::default(),
        &ProcessLookup::default(),
        &NoConnections,
    )?)
}
