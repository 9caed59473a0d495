//! The memory of `tenon run`, and whether it grows with the table.

use anyhow::Context;
use tenon_tests::bench::Figures;

use crate::Bench;
use crate::postgres::{reading, writing};
use crate::process::tenon;
use crate::rows::{Rows, generate};

const MEBIBYTE: f64 = 1_048_576.0;

pub fn measure(bench: &Bench, data: &Rows, connector: &str, url: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let to = bench.folder.join("memory/").to_string_lossy().into_owned();
    let fifth = generate(&bench.folder.join("data"), data.count / 5)?;
    let peak = |job: &str| -> anyhow::Result<f64> {
        let run = tenon(bench, job)?;
        let bytes = run.report["peak_memory"].as_f64();
        Ok(bytes.context("the system does not tell the memory")? / MEBIBYTE)
    };
    let write = |from: &Rows| writing(connector, url, &from.parquet.to_string_lossy(), "overwrite");
    let little = peak(&write(&fifth))?;
    let little_read = peak(&reading(connector, url, "copy", &to))?;
    let whole = peak(&write(data))?;
    let whole_read = peak(&reading(connector, url, "copy", &to))?;
    figures.at_most(format!("peak memory, {connector} to Parquet"), whole_read, "MiB", 256.0);
    figures.at_most(
        format!("peak memory, {connector} to Parquet, five times the rows"),
        whole_read / little_read,
        "x",
        1.1,
    );
    figures.at_most(format!("peak memory, Parquet to {connector}"), whole, "MiB", 256.0);
    figures.at_most(
        format!("peak memory, Parquet to {connector}, five times the rows"),
        whole / little,
        "x",
        1.1,
    );
    Ok(())
}
