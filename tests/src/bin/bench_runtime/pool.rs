//! Checkouts, refills, and the memory of warm sandboxes.

use std::time::{Duration, Instant};

use tenon_runtime::{Plugin, Run};
use tenon_tests::bench::{Figures, median, micros, quantile};
use tenon_tests::guests::guest;

use crate::{Effort, runtime};

/// Threads that check out at once.
const THREADS: usize = 2;

pub fn measure(effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    executor.block_on(async {
        memory_and_checkout(effort, figures).await?;
        refill(effort, figures).await
    })
}

async fn memory_and_checkout(effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    let before = resident_bytes()?;
    let runtime = runtime(effort.sandboxes)?;
    let plugin = runtime.load(guest("mask")?).await?;
    warmed(&plugin, effort.sandboxes).await?;
    let used = resident_bytes()?.saturating_sub(before) as f64 / f64::from(1 << 20);
    let name = format!("{} warm sandboxes of `mask`", effort.sandboxes);
    figures.at_most(name, used, "MiB", 1024.0 * effort.sandboxes as f64 / 10_000.0);

    let mut waits = Vec::new();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let plugin = plugin.clone();
            let times = effort.sandboxes / 4;
            tokio::spawn(async move { hammer(&plugin, times).await })
        })
        .collect();
    for thread in threads {
        waits.extend(thread.await??);
    }
    figures.at_most(
        "checkout of a warm sandbox, p50, two threads",
        quantile(&mut waits, 0.5),
        "us",
        1.0,
    );
    figures.at_most(
        "checkout of a warm sandbox, p99, two threads",
        quantile(&mut waits, 0.99),
        "us",
        10.0,
    );
    Ok(())
}

async fn hammer(plugin: &Plugin, times: usize) -> anyhow::Result<Vec<f64>> {
    let run = Run::builder("bench", "checkout").build();
    let mut waits = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        let sandbox = plugin.checkout(&run).await?;
        waits.push(micros(started.elapsed()));
        drop(sandbox);
    }
    Ok(waits)
}

/// With no pool at all, a checkout builds a sandbox on the spot.
async fn refill(effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    let runtime = runtime(0)?;
    let run = Run::builder("bench", "refill").build();
    for name in ["mask", "bench"] {
        let plugin = runtime.load(guest(name)?).await?;
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            let started = Instant::now();
            for _ in 0..effort.calls / 4 {
                drop(plugin.checkout(&run).await?);
            }
            rounds.push(micros(started.elapsed()) / (effort.calls / 4) as f64);
        }
        figures.at_most(
            format!("refill: instantiate and drop `{name}`"),
            median(&mut rounds),
            "us",
            15.0,
        );
    }
    Ok(())
}

/// Waits until the pool is full; an error when it no longer grows.
async fn warmed(plugin: &Plugin, sandboxes: usize) -> anyhow::Result<()> {
    let mut last = (0, Instant::now());
    loop {
        let warm = plugin.statistics().warm;
        if warm >= sandboxes {
            return Ok(());
        }
        if warm > last.0 {
            last = (warm, Instant::now());
        }
        let stuck = last.1.elapsed() > Duration::from_secs(20);
        anyhow::ensure!(!stuck, "the pool stopped growing: {:?}", plugin.statistics());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Resident memory of this process, in bytes.
fn resident_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok());
    kib.map(|kib| kib << 10)
        .ok_or_else(|| anyhow::anyhow!("the system does not tell the resident memory"))
}
