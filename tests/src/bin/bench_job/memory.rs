//! The memory of `tenon run`, and whether it grows with the data.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use tenon_tests::bench::{Figures, emptied};

use crate::orders::Orders;
use crate::ways::{Step, job_file};
use crate::{Bench, tenon};

/// How often the larger data hold the smaller ones.
const TIMES: usize = 10;
const MEBIBYTE: f64 = 1_048_576.0;

pub fn measure(bench: &Bench, data: &Orders, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = bench.folder.join("memory");
    emptied(&folder)?;
    let links = folder.join("orders");
    std::fs::create_dir(&links)?;
    for number in 0..TIMES {
        // No copies: the same data again and again.
        std::fs::hard_link(&data.orders, links.join(format!("{number}.parquet"))).context("cannot link the orders")?;
    }
    let rows = bench.effort.rows;
    let (one, written) = peak(bench, data, &data.orders)?;
    figures.at_most(format!("peak memory of `tenon run`, {rows} rows"), one, "MiB", 512.0);
    let (all, all_written) = peak(bench, data, &links.join("*.parquet"))?;
    ensure!(
        all_written == written * TIMES as u64,
        "{all_written} rows instead of {TIMES} times {written}"
    );
    figures.at_most(
        format!("peak memory of `tenon run`, {} rows", rows * TIMES),
        all,
        "MiB",
        512.0,
    );
    figures.at_most(format!("peak memory, {TIMES} times the rows"), all / one, "x", 1.1);
    emptied(&folder)
}

/// Largest resident memory of the process, in MiB, as the system says, and how many rows it wrote.
fn peak(bench: &Bench, data: &Orders, orders: &Path) -> anyhow::Result<(f64, u64)> {
    let folder = bench.folder.join("memory");
    let file = folder.join("job.toml");
    std::fs::write(
        &file,
        job_file(orders, &data.rates, Step::Guest, "zstd", &folder.join("out"))?,
    )?;
    let (_, report) = tenon::timed(tenon::command(bench)?.args(["run", "--json"]).arg(&file))?;
    let report: Value = serde_json::from_slice(&report).context("the report is not JSON")?;
    let bytes = report["peak_memory"]
        .as_f64()
        .context("the system does not tell the memory")?;
    let rows = report["rows_out"].as_u64().context("the report has no rows")?;
    Ok((bytes / MEBIBYTE, rows))
}
