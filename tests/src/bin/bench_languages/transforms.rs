//! The same transforms in every language: what a batch costs by itself, and rows per second.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use serde_json::{Value, json};
use tenon_runtime::{Run, Sandbox};
use tenon_tests::bench::{Figures, median};

use crate::guests::Guest;
use crate::{Effort, native};

/// Functions of the guests, their configuration, and what they do.
const TRANSFORMS: [(&str, &str, &str); 3] = [
    ("double", "id", "arithmetic"),
    ("clean", "name", "string cleaning"),
    ("branch", "amount", "row-wise branching"),
];

pub async fn measure(
    guests: &[Guest],
    effort: Effort,
    python: Option<&Path>,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let batch = batch(effort.rows)?;
    per_batch(guests, effort, &batch, figures).await?;
    kernels(guests, effort, &batch, figures).await?;
    let mut branching = Vec::new();
    for (function, column, what) in TRANSFORMS {
        let mut of_rust = f64::NAN;
        for guest in guests {
            let seconds = seconds(guest, function, &json!({ "column": column }), &batch, effort).await?;
            if guest.folder == "rust" {
                of_rust = seconds;
            }
            let language = guest.language;
            let millions = effort.rows as f64 / seconds / 1e6;
            figures.note(format!("{language}: {what}"), millions, "M/s");
            if guest.folder != "rust" {
                figures.note(
                    format!("{language}: {what}, time against Rust's"),
                    seconds / of_rust,
                    "x",
                );
            }
            if function == "branch" {
                branching.push((guest, seconds));
            }
        }
    }
    native::compare(&branching, &batch, python, figures)
}

/// What a call costs besides its rows, with one row that passes by handle.
async fn per_batch(guests: &[Guest], effort: Effort, batch: &RecordBatch, figures: &mut Figures) -> anyhow::Result<()> {
    let row = batch.slice(0, 1);
    let mut of_rust = f64::NAN;
    for guest in guests {
        let mut sandbox = open(guest, "pass", &json!({}), &row).await?;
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            let started = Instant::now();
            for _ in 0..effort.calls {
                sandbox.process(row.clone()).await?;
            }
            rounds.push(started.elapsed().as_secs_f64() * 1e6 / effort.calls as f64);
        }
        let time = median(&mut rounds);
        let language = guest.language;
        if guest.folder == "rust" {
            of_rust = time;
            figures.note(format!("{language}: a batch that passes"), time, "us");
        } else {
            guest.at_most(
                figures,
                format!("{language}: a batch that passes, over Rust's"),
                time - of_rust,
                "us",
                50.0,
            );
        }
    }
    Ok(())
}

/// A transform that is made of the host's kernels only.
async fn kernels(guests: &[Guest], effort: Effort, batch: &RecordBatch, figures: &mut Figures) -> anyhow::Result<()> {
    let config = json!({ "expressions": ["id", "sha256(name) as name", "amount * 1.19 as amount"] });
    let mut of_rust = f64::NAN;
    for guest in guests {
        let seconds = seconds(guest, "kernel", &config, batch, effort).await?;
        if guest.folder == "rust" {
            of_rust = seconds;
        } else {
            let figure = format!("{}: native kernels, time against Rust's", guest.language);
            guest.at_most(figures, figure, seconds / of_rust, "x", 1.1);
        }
    }
    Ok(())
}

/// Seconds for a batch.
async fn seconds(
    guest: &Guest,
    function: &str,
    config: &Value,
    batch: &RecordBatch,
    effort: Effort,
) -> anyhow::Result<f64> {
    let mut sandbox = open(guest, function, config, batch).await?;
    sandbox.process(batch.clone()).await?;
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let started = Instant::now();
        sandbox.process(batch.clone()).await?;
        rounds.push(started.elapsed().as_secs_f64());
    }
    Ok(median(&mut rounds))
}

async fn open(guest: &Guest, function: &str, config: &Value, batch: &RecordBatch) -> anyhow::Result<Sandbox> {
    let run = Run::builder("bench", function).build();
    let mut sandbox = guest.plugin.checkout(&run).await?;
    sandbox.open(function, &config.to_string(), &batch.schema()).await?;
    Ok(sandbox)
}

/// Numbers, names to clean, and amounts to tell apart, with nulls among them.
fn batch(rows: usize) -> anyhow::Result<RecordBatch> {
    let is_there = |row: usize| row % 17 != 3;
    let ids: Int64Array = (0..rows).map(|row| is_there(row).then_some(row as i64)).collect();
    let name = |row: usize| format!("  n{}-{row:x} ap ", row % 7);
    let names: StringArray = (0..rows).map(|row| is_there(row).then(|| name(row))).collect();
    let amount = |row: usize| (row % 1_000) as f64 * 0.37 - 20.0;
    let amounts: Float64Array = (0..rows).map(|row| is_there(row).then(|| amount(row))).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(ids)),
        ("name", Arc::new(names)),
        ("amount", Arc::new(amounts)),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
