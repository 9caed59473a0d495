//! `cargo xtask bench sql`: tables from and to real database servers, next to the servers' own tools and to others'.

mod incremental;
mod memory;
mod mysql;
mod postgres;
mod process;
mod rows;

use std::path::PathBuf;

use tenon_tests::bench::{Arguments, Figures, target_folder};

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Rows of TPC-H's lineitem.
    rows: usize,
    /// Paired rounds per figure; the figure is the median of their ratios.
    rounds: usize,
}

const FULL: Effort = Effort {
    rows: 5_000_000,
    rounds: 5,
};
const QUICK: Effort = Effort {
    rows: 500_000,
    rounds: 3,
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
    let mut bench = Bench {
        effort: FULL,
        folder: target_folder()?.join("bench/sql"),
        python: None,
    };
    let known = "--quick, --rows NUMBER, --folder PATH, --peers PYTHON";
    let json = Arguments::read(known, |argument, arguments| {
        match argument {
            "--quick" => bench.effort = QUICK,
            "--rows" => bench.effort.rows = arguments.value("a number")?.parse()?,
            "--folder" => bench.folder = arguments.value("a path")?.into(),
            "--peers" => bench.python = Some(arguments.value("a Python program")?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let mut figures = Figures::default();
    measure(&bench, &mut figures)?;
    figures.publish(json.as_deref())?;
    if bench.python.is_none() {
        println!("\nSKIPPED the peers: DuckDB, connectorx and dlt were not measured.");
        println!("`cargo xtask bench sql --peers` installs them into target/bench/peers and does.");
    }
    Ok(())
}

fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let data = rows::generate(&bench.folder.join("data"), bench.effort.rows)?;
    postgres::measure(bench, &data, figures)?;
    mysql::measure(bench, &data, figures)
}
