//! `cargo xtask bench sql`: tables from and to real database servers, next to the servers' own tools and to others'.

mod incremental;
mod memory;
mod mysql;
mod postgres;
mod process;
mod rows;

use std::path::{Path, PathBuf};

use anyhow::Context;
use tenon_tests::bench::Figures;

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
        folder: default_folder()?,
        python: None,
    };
    let mut json = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => bench.effort = QUICK,
            "--rows" => bench.effort.rows = arguments.next().context("--rows needs a number")?.parse()?,
            "--folder" => bench.folder = arguments.next().context("--folder needs a path")?.into(),
            "--peers" => bench.python = Some(arguments.next().context("--peers needs a Python program")?.into()),
            "--json" => json = arguments.next().map(PathBuf::from),
            other => anyhow::bail!(
                "unknown argument `{other}`; expected --quick, --rows NUMBER, --folder PATH, --peers PYTHON or --json PATH"
            ),
        }
    }
    let mut figures = Figures::default();
    measure(&bench, &mut figures)?;
    figures.print();
    if bench.python.is_none() {
        println!("\nSKIPPED the peers: DuckDB, connectorx and dlt were not measured.");
        println!("`cargo xtask bench sql --peers` installs them into target/bench/peers and does.");
    }
    if let Some(path) = json {
        figures.write(&path)?;
    }
    Ok(())
}

fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let data = rows::generate(&bench.folder.join("data"), bench.effort.rows)?;
    postgres::measure(bench, &data, figures)?;
    mysql::measure(bench, &data, figures)
}

/// `target/bench/sql`, beside the folder that this program is in.
fn default_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("this program is not in cargo's target folder")?;
    Ok(target.join("bench/sql"))
}

/// An empty folder at this path.
fn emptied(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}
