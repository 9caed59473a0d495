//! `cargo xtask bench languages`: what guests cost in each language, with the same transforms over the same data.

mod guests;
mod native;
mod transforms;

use std::path::PathBuf;

use tenon_tests::bench::Figures;

/// How much to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// Rounds per figure; the figure is the median.
    rounds: usize,
    /// Calls per round, of those that take microseconds.
    calls: usize,
    /// Rows of the batch that the transforms take.
    rows: usize,
}

const FULL: Effort = Effort {
    rounds: 15,
    calls: 500,
    rows: 65_536,
};
const QUICK: Effort = Effort {
    rounds: 3,
    calls: 100,
    rows: 65_536,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let mut effort = FULL;
    let mut json = None;
    let mut python = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => effort = QUICK,
            "--json" => json = arguments.next().map(PathBuf::from),
            "--peers" => python = arguments.next().map(PathBuf::from),
            other => anyhow::bail!("unknown argument `{other}`; expected --quick, --json PATH or --peers PYTHON"),
        }
    }
    let mut figures = Figures::default();
    let guests = guests::load().await?;
    guests::measure(&guests, effort, &mut figures).await?;
    transforms::measure(&guests, effort, python.as_deref(), &mut figures).await?;
    figures.print();
    if let Some(path) = json {
        figures.write(&path)?;
    }
    Ok(())
}
