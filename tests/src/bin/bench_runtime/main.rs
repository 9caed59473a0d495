//! `cargo xtask bench runtime`: what sandboxes, calls and crossings cost, next to doing the same without them.

mod calls;
mod load;
mod pool;

use tenon_runtime::{PoolConfig, Runtime, RuntimeConfig};
use tenon_tests::bench::{Arguments, Figures, log_warnings};

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
    log_warnings();
    let mut effort = FULL;
    let json = Arguments::read("--quick", |argument, _| {
        let is_quick = argument == "--quick";
        if is_quick {
            effort = QUICK;
        }
        Ok(is_quick)
    })?;
    let mut figures = Figures::default();
    pool::measure(effort, &mut figures)?;
    calls::measure(effort, &mut figures)?;
    load::measure(effort, &mut figures)?;
    figures.publish(json.as_deref())
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
