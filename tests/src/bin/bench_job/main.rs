//! `cargo xtask bench job`: whole jobs, next to doing the same without sandboxes and next to others' tools.

mod compare;
mod memory;
mod orders;
mod spark;
mod start;
mod tenon;
mod tpch;
mod ways;

use std::path::PathBuf;

use tenon_tests::bench::{Arguments, Figures, log_warnings, target_folder};

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
    log_warnings();
    let mut bench = Bench {
        effort: FULL,
        folder: target_folder()?.join("bench"),
        python: None,
    };
    let known = "--quick, --tiny, --scale FACTOR, --folder PATH, --peers PYTHON";
    let json = Arguments::read(known, |argument, arguments| {
        match argument {
            "--quick" => bench.effort = QUICK,
            "--tiny" => bench.effort = TINY,
            "--scale" => bench.effort.scale = arguments.value("a number")?.parse()?,
            "--folder" => bench.folder = arguments.value("a path")?.into(),
            "--peers" => bench.python = Some(arguments.value("a Python program")?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let mut figures = Figures::default();
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    executor.block_on(measure(&bench, &mut figures))?;
    figures.publish(json.as_deref())?;
    if bench.python.is_none() {
        println!(
            "\nSKIPPED the peers: DuckDB, Polars and Spark were not measured, and TPC-H at scale 1 was not compared"
        );
        println!(
            "with DuckDB's answers. `cargo xtask bench job --peers` installs them into target/bench/peers and does."
        );
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
