//! From the start of the process to its end, where there is next to nothing to do.

use std::fmt::Write;

use tenon_tests::bench::{Figures, emptied, median};
use tenon_tests::guests::guest;

use crate::{Bench, tenon};

pub fn measure(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = bench.folder.join("start");
    emptied(&folder)?;
    let mut rows = "id,customer\n".to_owned();
    for id in 0..10 {
        let _ = writeln!(rows, "{id},customer.{id}@example.com");
    }
    let (from, to) = (folder.join("ten.csv"), folder.join("hashed.parquet"));
    std::fs::write(&from, rows)?;

    let (mut idle, mut runs) = (Vec::new(), Vec::new());
    // The first start compiles the plugin.
    for round in 0..=bench.effort.starts {
        let (nothing, _) = tenon::timed(tenon::command(bench)?.arg("--version"))?;
        let mut run = tenon::command(bench)?;
        run.arg("run")
            .arg(guest("orders")?)
            .args(["--function", "hash", "--mode", "overwrite", "--from"]);
        let (took, _) = tenon::timed(run.arg(&from).arg("--to").arg(&to))?;
        if round > 0 {
            idle.push(nothing.as_secs_f64() * 1e3);
            runs.push(took.as_secs_f64() * 1e3);
        }
    }
    figures.note("start and end of `tenon --version`", median(&mut idle), "ms");
    figures.at_most(
        "`tenon run` on 10 rows, plugin in the cache, start to exit",
        median(&mut runs),
        "ms",
        50.0,
    );
    Ok(())
}
