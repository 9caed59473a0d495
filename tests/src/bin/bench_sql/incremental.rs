//! A run that finds nothing new.

use anyhow::ensure;
use tenon_tests::bench::{Figures, emptied, median};

use crate::Bench;
use crate::process::tenon;

/// Runs that are measured.
const RUNS: usize = 11;

pub fn measure(bench: &Bench, connector: &str, url: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let to = bench.folder.join("incremental");
    emptied(&to)?;
    let job = format!(
        "name = \"incremental-{connector}-{}\"\n[sources.lineitem]\nconnector = \"{connector}\"\nurl = \"{url}\"\n\
         table = \"lineitem\"\nbookmark = true\nbookmark_keys = [\"l_orderkey\", \"l_linenumber\"]\n\
         [sinks.lake]\nfrom = \"lineitem\"\nurl = \"{}/lake/\"\nformat = \"parquet\"\nmode = \"append\"\n",
        std::process::id(),
        to.display()
    );
    let first = tenon(bench, &job)?;
    ensure!(
        first.report["status"] == "succeeded",
        "the first run ended as {}",
        first.report["status"]
    );
    let mut millis = Vec::new();
    for _ in 0..RUNS {
        let run = tenon(bench, &job)?;
        ensure!(
            run.report["status"] == "nothing-new",
            "a run ended as {}",
            run.report["status"]
        );
        millis.push(run.seconds * 1e3);
    }
    figures.at_most(
        "an incremental run with nothing new, start to exit",
        median(&mut millis),
        "ms",
        100.0,
    );
    Ok(())
}
