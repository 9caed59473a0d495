//! `cargo xtask bench server`: runs that are accepted, carried out and noted, next to doing the same without a server.

mod bare;
mod child;
mod direct;
mod idle;
mod latency;
mod schedules;
mod served;
mod swap;
mod tenants;
mod throughput;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tenon_tests::bench::{Arguments, Figures, emptied, log_warnings, target_folder};

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Runs that are accepted one at a time by an idle server.
    accepted: usize,
    /// Runs that are accepted as fast as they come.
    durable: usize,
    /// Tenants that trigger ten jobs each.
    tenants: usize,
    /// Schedules that wait.
    schedules: usize,
    /// Schedules that are due, ten milliseconds apart.
    due: usize,
    /// Runs during which a plugin is replaced.
    swapped: usize,
    /// For how long nothing is done, in seconds.
    idle: u64,
}

/// Folder of what earlier servers have left.
const LEFT_OVER: &str = "left-over";

const FULL: Effort = Effort {
    accepted: 500,
    durable: 20_000,
    tenants: 1_000,
    schedules: 100_000,
    due: 1_000,
    swapped: 5_000,
    idle: 20,
};
const QUICK: Effort = Effort {
    accepted: 100,
    durable: 2_000,
    tenants: 100,
    schedules: 10_000,
    due: 300,
    swapped: 1_000,
    idle: 5,
};
/// So little that a test can see whether the benchmark still works; its times mean nothing.
const TINY: Effort = Effort {
    accepted: 3,
    durable: 40,
    tenants: 5,
    schedules: 20,
    due: 10,
    swapped: 40,
    idle: 1,
};

/// What a measurement needs to know.
struct Bench {
    effort: Effort,
    /// Servers' folders.
    folder: PathBuf,
    /// Whether the command `tenon` is left out: a test builds this program, but not the command.
    without_command: bool,
}

impl Bench {
    /// An empty folder for a server. What an earlier server has left is put aside: a file system may look through what was
    /// removed lately whenever it makes a file, which is none of the next server's doing.
    fn emptied(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            static LEFT: AtomicUsize = AtomicUsize::new(0);
            let (process, number) = (std::process::id(), LEFT.fetch_add(1, Ordering::Relaxed));
            let aside = made(&self.folder.join(LEFT_OVER))?.join(format!("{process}-{number}"));
            std::fs::rename(&folder, aside).with_context(|| format!("cannot move {} away", folder.display()))?;
        }
        made(&folder)?;
        Ok(folder)
    }
}

fn main() -> anyhow::Result<()> {
    log_warnings();
    let mut bench = Bench {
        effort: FULL,
        folder: target_folder()?.join("bench/server"),
        without_command: false,
    };
    let mut only = None;
    let known = "--quick, --tiny, --folder PATH, --only NAME";
    let json = Arguments::read(known, |argument, arguments| {
        match argument {
            "--quick" => bench.effort = QUICK,
            "--tiny" => (bench.effort, bench.without_command) = (TINY, true),
            "--folder" => bench.folder = arguments.value("a path")?.into(),
            "--only" => only = Some(arguments.value("the name of a measurement")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let mut figures = Figures::default();
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(measure(&bench, only.as_deref(), &mut figures))?;
    emptied(&bench.folder.join(LEFT_OVER))?;
    figures.publish(json.as_deref())
}

/// The measurements, all or the one of this name.
async fn measure(bench: &Bench, only: Option<&str>, figures: &mut Figures) -> anyhow::Result<()> {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("latency") {
        latency::measure(bench, figures).await?;
    }
    if wanted("throughput") {
        throughput::measure(bench, figures).await?;
    }
    if wanted("tenants") {
        tenants::measure(bench, figures).await?;
    }
    if wanted("schedules") {
        schedules::measure(bench, figures).await?;
    }
    if wanted("swap") {
        swap::measure(bench, figures).await?;
    }
    if wanted("idle") {
        idle::measure(bench, figures).await?;
    }
    Ok(())
}

/// A folder of a path, made with those above it.
fn made(folder: &Path) -> anyhow::Result<&Path> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
