//! `cargo xtask bench runtime`: what sandboxes, calls and crossings cost, next to doing the same without them.

mod calls;
mod load;
mod pool;

use std::path::PathBuf;

use tenon_runtime::{PoolConfig, Runtime, RuntimeConfig};
use tenon_tests::bench::Figures;

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Paired rounds per figure; the figure is the median.
    rounds: usize,
    /// Calls per round.
    calls: usize,
    /// Warm sandboxes in the memory figure.
    sandboxes: usize,
}

const FULL: Effort = Effort {
    rounds: 31,
    calls: 2_000,
    sandboxes: 10_000,
};
const QUICK: Effort = Effort {
    rounds: 7,
    calls: 500,
    sandboxes: 2_000,
};

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let mut effort = FULL;
    let mut json = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => effort = QUICK,
            "--json" => json = arguments.next().map(PathBuf::from),
            other => anyhow::bail!("unknown argument `{other}`; expected --quick or --json PATH"),
        }
    }
    let mut figures = Figures::default();
    pool::measure(effort, &mut figures)?;
    calls::measure(effort, &mut figures)?;
    load::measure(effort, &mut figures)?;
    figures.print();
    if let Some(path) = json {
        figures.write(&path)?;
    }
    Ok(())
}

/// A runtime whose pools keep `warm` sandboxes.
fn runtime(warm: usize) -> anyhow::Result<Runtime> {
    let pool = PoolConfig {
        floor: warm,
        ceiling: warm,
        idle: warm,
        ..PoolConfig::default()
    };
    Ok(Runtime::new(RuntimeConfig {
        pool,
        ..RuntimeConfig::default()
    })?)
}
