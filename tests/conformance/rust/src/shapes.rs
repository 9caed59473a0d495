//! Batches by handle, and columns as they cross.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Booleans, Result, Utf8, reject as refuse};

/// Gives back what it gets.
#[tenon::transform]
fn pass(batch: Batch) -> Batch {
    batch
}

/// Builds the batch anew of its raw columns.
#[tenon::transform]
fn raw(batch: Batch) -> Result<Batch> {
    Batch::build(batch.schema(), batch.rows(), batch.raw_columns()?)
}

/// What the host computes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Kernel {
    /// SQL, as in a select list.
    expressions: Vec<String>,
}

/// Lets the host compute.
#[tenon::transform]
fn kernel(batch: Batch, config: &Kernel) -> Result<Batch> {
    batch.project(&config.expressions)
}

/// Which rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Predicate {
    /// SQL that is true or false.
    predicate: String,
}

/// Lets the host filter.
#[tenon::transform]
fn filter(batch: Batch, config: &Predicate) -> Result<Batch> {
    batch.filter(&config.predicate)
}

/// Which rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
    /// The first.
    offset: usize,
    /// How many.
    length: usize,
}

/// Rows that follow each other.
#[tenon::transform]
fn slice(batch: Batch, config: &Range) -> Result<Batch> {
    // `open` tries the function with no rows.
    if batch.rows() == 0 {
        return Ok(batch);
    }
    batch.slice(config.offset, config.length)
}

/// Which rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rows {
    /// Their numbers.
    rows: Vec<u32>,
}

/// Rows by number.
#[tenon::transform]
fn take(batch: Batch, config: &Rows) -> Result<Batch> {
    if batch.rows() == 0 {
        return Ok(batch);
    }
    batch.take(&config.rows)
}

/// Which columns.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Columns {
    /// Their names.
    columns: Vec<String>,
}

/// Columns by name.
#[tenon::transform]
fn select(batch: Batch, config: &Columns) -> Result<Batch> {
    batch.select(&config.columns)
}

/// The batch twice.
#[tenon::transform]
fn concat(batch: Batch) -> Result<Batch> {
    Batch::concat(&[batch.clone(), batch])
}

/// Which column.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct One {
    /// Its name.
    column: String,
}

/// Numbers twice as large.
#[tenon::transform]
fn double(batch: Batch, config: &One) -> Result<Batch> {
    let doubled = batch.column::<i64>(&config.column)?.map(|value| value * 2);
    batch.with_column(&config.column, doubled)
}

/// What is refused.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// A column of booleans; rows where it is not true are refused.
    column: String,
    /// Why.
    reason: String,
}

/// Refuses rows.
#[tenon::transform]
fn reject(batch: Batch, config: &Refusal) -> Result<Batch> {
    let kept: Booleans = batch.column::<bool>(&config.column)?;
    for (row, value) in kept.iter().enumerate() {
        if value != Some(true) {
            refuse(row, config.reason.clone());
        }
    }
    batch.without_rejected()
}

/// Filters before it leaves out what it refused.
#[tenon::transform]
fn reject_late(batch: Batch, config: &Predicate) -> Result<Batch> {
    refuse(0, "it is the first");
    batch.filter(&config.predicate)?.without_rejected()
}

/// Reads a column that is not there.
#[tenon::transform]
fn missing(batch: Batch) -> Result<Batch> {
    let column = batch.column::<i64>("nowhere")?;
    batch.with_column("nowhere", column)
}

/// Greets.
#[tenon::transform(scalar)]
fn greet(batch: Batch) -> Result<Batch> {
    let name = batch.schema().names().next().unwrap_or_default();
    let names = batch.strings(name)?;
    let greetings = names.iter().map(|name| name.map(|name| format!("Hello, {name}")));
    let greetings: Vec<Option<String>> = greetings.collect();
    let column: Utf8 = greetings.iter().map(Option::as_deref).collect();
    Batch::new([("greeting", column.into())])
}
