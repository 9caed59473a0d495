//! Components: their size, and what getting a sandbox of one takes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tenon_runtime::{Plugin, PoolConfig, Run, Runtime, RuntimeConfig};
use tenon_tests::bench::{Figures, median, micros};
use tenon_tests::guests::guest;
use tenon_tests::languages::LANGUAGES;

use crate::Effort;

/// Sandboxes that are kept warm.
const WARM: usize = 16;
/// The guest in JavaScript on another engine, by its folder and as people call it. It is what ours is compared with.
const PEER: (&str, &str) = ("spidermonkey", "JavaScript on SpiderMonkey");

/// The conformance guest of a language, which has every transform; and an ordinary one, the flights example where the
/// language has it, by which sizes and starts are told.
pub struct Guest {
    pub folder: &'static str,
    pub language: &'static str,
    pub plugin: Plugin,
    ordinary: Plugin,
    component: PathBuf,
    loaded: Duration,
}

impl Guest {
    /// Adds a figure that is at most `reach` in what Tenon builds, and is only noted of a peer.
    pub fn at_most(&self, figures: &mut Figures, figure: String, value: f64, unit: &'static str, reach: f64) {
        if self.folder == PEER.0 {
            figures.note(figure, value, unit);
        } else {
            figures.at_most(figure, value, unit, reach);
        }
    }
}

/// The guests that are there, and a peer where its component is given. Rust's, which the others are compared with, has
/// to be there.
pub async fn load(spidermonkey: Option<PathBuf>) -> anyhow::Result<Vec<Guest>> {
    let cache = tempfile::tempdir()?;
    let mut config = RuntimeConfig {
        pool: PoolConfig {
            floor: WARM,
            ceiling: WARM,
            idle: WARM,
            ..PoolConfig::default()
        },
        ..RuntimeConfig::default()
    };
    config.cache.folder = Some(cache.path().to_owned());
    let mut guests = Vec::new();
    for (folder, language) in LANGUAGES {
        let component = match guest(&format!("conformance-{folder}")) {
            Ok(component) => component,
            Err(error) if folder == "rust" => return Err(error),
            Err(error) => {
                eprintln!("SKIPPED {language}: {error:#}");
                continue;
            }
        };
        let ordinary = ordinary(folder).unwrap_or_else(|error| {
            eprintln!(
                "{language}: sizes and starts are those of the conformance guest, not of an ordinary one: {error:#}"
            );
            component.clone()
        });
        guests.push(loaded(&config, (folder, language), &component, ordinary).await?);
    }
    if let Some(component) = spidermonkey {
        guests.push(loaded(&config, PEER, &component, component.clone()).await?);
    }
    Ok(guests)
}

/// Compiled once, then loaded as any later command does.
async fn loaded(
    config: &RuntimeConfig,
    (folder, language): (&'static str, &'static str),
    component: &Path,
    ordinary: PathBuf,
) -> anyhow::Result<Guest> {
    drop(Runtime::new(config.clone())?.load(&ordinary).await?);
    let runtime = Runtime::new(config.clone())?;
    let started = Instant::now();
    let loading = runtime.load(&ordinary).await?;
    let loaded = started.elapsed();
    Ok(Guest {
        folder,
        language,
        plugin: runtime.load(component).await?,
        ordinary: loading,
        component: ordinary,
        loaded,
    })
}

/// The flights example in a language.
fn ordinary(folder: &str) -> anyhow::Result<PathBuf> {
    let name = match folder {
        "rust" => "flights",
        "js" => "flights-typescript",
        "python" => "flights-python",
        "go" => "flights-go",
        "c" => "flights-c",
        "cpp" => "flights-cpp",
        "zig" => "flights-zig",
        _ => bail!("the flights example is not written in it"),
    };
    guest(name)
}

pub async fn measure(guests: &[Guest], effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    for guest in guests {
        let (kib, refill) = reach(guest.folder).with_context(|| format!("nothing to reach for {}", guest.folder))?;
        let language = guest.language;
        let size = guest.component.metadata()?.len() as f64 / 1024.0;
        guest.at_most(figures, format!("{language}: component"), size, "KiB", kib);
        figures.note(
            format!("{language}: load from the cache"),
            guest.loaded.as_secs_f64() * 1e3,
            "ms",
        );
        let checkout = checkout(&guest.ordinary, effort).await?;
        guest.at_most(
            figures,
            format!("{language}: checkout of a warm sandbox"),
            checkout,
            "us",
            1.0,
        );
        let time = instantiate(guest, effort).await?;
        guest.at_most(
            figures,
            format!("{language}: refill, instantiate and drop"),
            time,
            "us",
            refill,
        );
    }
    Ok(())
}

/// The size in KiB and the time of a refill in microseconds that are to be reached.
fn reach(folder: &str) -> Option<(f64, f64)> {
    Some(match folder {
        "rust" => (150.0, 15.0),
        "c" | "cpp" | "zig" => (50.0, 15.0),
        "go" => (3.0 * 1024.0, 400.0),
        "js" | "spidermonkey" => (2.0 * 1024.0, 200.0),
        "python" => (20.0 * 1024.0, 1_000.0),
        _ => return None,
    })
}

/// Microseconds, of a pool that is given the time to refill.
async fn checkout(plugin: &Plugin, effort: Effort) -> anyhow::Result<f64> {
    let run = Run::builder("bench", "checkout").build();
    let mut waits = Vec::new();
    for _ in 0..effort.rounds {
        let full = Instant::now();
        while plugin.statistics().warm < WARM / 2 && full.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..WARM / 4 {
            let started = Instant::now();
            let sandbox = plugin.checkout(&run).await?;
            waits.push(micros(started.elapsed()));
            drop(sandbox);
        }
    }
    Ok(median(&mut waits))
}

/// Microseconds, with no pool at all: each checkout builds a sandbox on the spot.
async fn instantiate(tested: &Guest, effort: Effort) -> anyhow::Result<f64> {
    let runtime = Runtime::new(RuntimeConfig {
        pool: PoolConfig {
            floor: 0,
            ceiling: 0,
            idle: 0,
            ..PoolConfig::default()
        },
        ..RuntimeConfig::default()
    })?;
    let plugin = runtime.load(&tested.component).await?;
    let run = Run::builder("bench", "refill").build();
    let mut rounds = Vec::new();
    let calls = (effort.calls / 10).max(1);
    for _ in 0..effort.rounds {
        let started = Instant::now();
        for _ in 0..calls {
            drop(plugin.checkout(&run).await?);
        }
        rounds.push(micros(started.elapsed()) / calls as f64);
    }
    Ok(median(&mut rounds))
}
