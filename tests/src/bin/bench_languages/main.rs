//! `cargo xtask bench languages`: what guests cost in each language, with the same transforms over the same data.

mod first_build;
mod guests;
mod native;
mod transforms;

use std::path::PathBuf;

use tenon_tests::bench::{Arguments, Figures, log_warnings};

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
    log_warnings();
    let mut effort = FULL;
    let (mut python, mut spidermonkey) = (None, None);
    let json = Arguments::read(
        "--quick, --peers PYTHON, --spidermonkey COMPONENT",
        |argument, arguments| {
            match argument {
                "--quick" => effort = QUICK,
                "--peers" => python = Some(PathBuf::from(arguments.value("a Python program")?)),
                "--spidermonkey" => spidermonkey = Some(PathBuf::from(arguments.value("a component")?)),
                _ => return Ok(false),
            }
            Ok(true)
        },
    )?;
    let mut figures = Figures::default();
    let guests = guests::load(spidermonkey).await?;
    guests::measure(&guests, effort, &mut figures).await?;
    transforms::measure(&guests, effort, python.as_deref(), &mut figures).await?;
    first_build::measure(&mut figures)?;
    figures.publish(json.as_deref())
}
