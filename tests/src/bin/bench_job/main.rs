//! `cargo xtask bench job`: whole jobs, next to doing the same without sandboxes and next to others' tools.

mod compare;
mod memory;
mod orders;
mod spark;
mod start;
mod tenon;
mod tpch;
mod ways;

use std::path::{Path, PathBuf};

use anyhow::Context;
use tenon_tests::bench::Figures;

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Orders in the data.
    rows: usize,
    /// Paired rounds per figure; the figure is the median.
    rounds: usize,
    /// Runs of Spark, which takes its time.
    spark_rounds: usize,
    /// Starts of the command.
    starts: usize,
    /// Scale factor of TPC-H.
    scale: f64,
    /// Rounds over the queries of TPC-H.
    tpch_rounds: usize,
    /// Whether the command `tenon` is left out.
    is_tiny: bool,
}

const FULL: Effort = Effort {
    rows: 10_000_000,
    rounds: 7,
    spark_rounds: 3,
    starts: 31,
    scale: 1.0,
    tpch_rounds: 5,
    is_tiny: false,
};
const QUICK: Effort = Effort {
    rows: 1_000_000,
    rounds: 5,
    spark_rounds: 1,
    starts: 11,
    scale: tenon_tests::tpch::ANSWERED_SCALE,
    tpch_rounds: 3,
    is_tiny: false,
};
/// So little that a test can see whether the benchmark still works; its times mean nothing.
const TINY: Effort = Effort {
    rows: 20_000,
    rounds: 1,
    spark_rounds: 1,
    starts: 1,
    scale: tenon_tests::tpch::ANSWERED_SCALE,
    tpch_rounds: 1,
    is_tiny: true,
};

/// What a measurement needs to know.
struct Bench {
    effort: Effort,
    /// Data, results and caches.
    folder: PathBuf,
    /// Python with the peers, where they were asked for.
    python: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let mut bench = Bench {
        effort: FULL,
        folder: default_folder()?,
        python: None,
    };
    let mut json = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => bench.effort = QUICK,
            "--tiny" => bench.effort = TINY,
            "--scale" => bench.effort.scale = arguments.next().context("--scale needs a number")?.parse()?,
            "--folder" => bench.folder = arguments.next().context("--folder needs a path")?.into(),
            "--peers" => bench.python = Some(arguments.next().context("--peers needs a Python program")?.into()),
            "--json" => json = arguments.next().map(PathBuf::from),
            other => anyhow::bail!(
                "unknown argument `{other}`; expected --quick, --tiny, --scale FACTOR, --folder PATH, --peers PYTHON or --json PATH"
            ),
        }
    }
    let mut figures = Figures::default();
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(measure(&bench, &mut figures))?;
    figures.print();
    if bench.python.is_none() {
        println!(
            "\nSKIPPED the peers: DuckDB, Polars and Spark were not measured, and TPC-H at scale 1 was not compared"
        );
        println!(
            "with DuckDB's answers. `cargo xtask bench job --peers` installs them into target/bench/peers and does."
        );
    }
    if let Some(path) = json {
        figures.write(&path)?;
    }
    Ok(())
}

async fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let data = orders::generate(&bench.folder.join("data"), bench.effort.rows)?;
    // A test builds this program, but not the command.
    if !bench.effort.is_tiny {
        start::measure(bench, figures)?;
        memory::measure(bench, &data, figures)?;
    }
    compare::measure(bench, &data, figures).await?;
    tpch::measure(bench, figures).await?;
    if bench.python.is_some() {
        spark::measure(bench, &data, figures).await?;
    }
    Ok(())
}

/// `target/bench`, beside the folder that this program is in.
fn default_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("this program is not in cargo's target folder")?;
    Ok(target.join("bench"))
}

/// An empty folder at this path.
fn emptied(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}
