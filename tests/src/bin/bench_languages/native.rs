//! The same function outside a sandbox: CPython's own `map`, and functions in Python of DuckDB and Polars.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use arrow::array::RecordBatch;
use arrow::ipc::writer::FileWriter;
use serde_json::Value;
use tenon_tests::bench::Figures;

use crate::guests::Guest;

/// Compares the row-wise transform of `guests`, in seconds for the batch.
pub fn compare(
    guests: &[(&Guest, f64)],
    batch: &RecordBatch,
    peers: Option<&Path>,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let of = |folder: &str| {
        guests
            .iter()
            .find(|(guest, _)| guest.folder == folder)
            .map(|(_, seconds)| *seconds)
    };
    let amounts = tempfile::Builder::new().suffix(".arrow").tempfile()?;
    write(batch, amounts.path())?;
    let map = seconds(Path::new("python3"), "branch_map.py", &[&batch.num_rows().to_string()])?;
    figures.note(
        "CPython's own map: row-wise branching",
        batch.num_rows() as f64 / map / 1e6,
        "M/s",
    );
    if let Some(python) = of("python") {
        figures.at_most(
            "Python: row-wise branching, time against CPython's own map",
            python / map,
            "x",
            3.0,
        );
    }
    let Some(python) = peers else { return Ok(()) };
    let file = amounts.path().to_string_lossy();
    for (peer, script) in [("DuckDB", "branch_duckdb.py"), ("Polars", "branch_polars.py")] {
        let time = seconds(python, script, &[&file])?;
        figures.note(
            format!("{peer}, function in Python: row-wise branching"),
            batch.num_rows() as f64 / time / 1e6,
            "M/s",
        );
        if let Some(js) = of("js") {
            let figure = format!("JavaScript: row-wise branching, time against {peer}'s function in Python");
            figures.at_most(figure, js / time, "x", 3.0);
        }
    }
    Ok(())
}

fn write(batch: &RecordBatch, file: &Path) -> anyhow::Result<()> {
    let mut writer = FileWriter::try_new(File::create(file)?, &batch.schema())?;
    writer.write(batch)?;
    Ok(writer.finish()?)
}

/// Seconds for the batch, which the script says, the best of several.
fn seconds(python: &Path, script: &str, arguments: &[&str]) -> anyhow::Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python").join(script);
    let output = Command::new(python).arg(&script).args(arguments).output();
    let output = output.with_context(|| format!("cannot start {}", python.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {said}", script.display());
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    answer["seconds"].as_f64().context("the script names no time")
}
