//! Every path that columns can take between host and guest.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, RawColumn, Result, Utf8, reject};

/// By handle: no byte crosses.
#[tenon::transform]
fn pass(batch: Batch) -> Batch {
    batch
}

/// Reads every column and builds a new batch of them.
#[tenon::transform]
fn rebuild(batch: Batch) -> Result<Batch> {
    Batch::build(batch.schema(), batch.rows(), batch.raw_columns()?)
}

/// Reads every column and puts each back in its place, one by one.
#[tenon::transform]
fn read_with(batch: Batch) -> Result<Batch> {
    let names: Vec<String> = batch.schema().names().map(str::to_owned).collect();
    names
        .iter()
        .try_fold(batch, |batch, name| batch.with_column(name, batch.raw(name)?))
}

/// Reads every column and adds a copy of each, named `copy of ...`.
#[tenon::transform]
fn copies(batch: Batch) -> Result<Batch> {
    let columns: Vec<RawColumn> = batch.raw_columns()?;
    batch.with_columns(
        columns
            .into_iter()
            .map(|column| (format!("copy of {}", column.field.name), column.into())),
    )
}

/// Slices the batch in three, puts the parts together, reverses the rows and reverses them back.
#[tenon::transform]
fn slices(batch: Batch) -> Result<Batch> {
    let rows = batch.rows();
    let (first, second) = (rows / 3, rows * 2 / 3);
    let parts = [
        batch.slice(0, first)?,
        batch.slice(first, second - first)?,
        batch.slice(second, rows - second)?,
    ];
    let whole = Batch::concat(&parts)?;
    let backwards: Vec<u32> = (0..rows as u32).rev().collect();
    whole.take(&backwards)?.take(&backwards)
}

/// Reads slices of every column and puts them together again in the host.
#[tenon::transform]
fn read_slices(batch: Batch) -> Result<Batch> {
    let rows = batch.rows();
    let copy = |part: Batch| Batch::build(part.schema(), part.rows(), part.raw_columns()?);
    Batch::concat(&[
        copy(batch.slice(0, rows / 2)?)?,
        copy(batch.slice(rows / 2, rows - rows / 2)?)?,
    ])
}

/// Selects all columns backwards, then forwards.
#[tenon::transform]
fn reorder(batch: Batch) -> Result<Batch> {
    let names: Vec<String> = batch.schema().names().map(str::to_owned).collect();
    batch.select(names.iter().rev())?.select(&names)
}

/// Answers with the batch twice.
#[tenon::transform]
fn twice(batch: Batch) -> Vec<Batch> {
    vec![batch.clone(), batch]
}

/// Answers with nothing.
#[tenon::transform]
fn nothing(_batch: Batch) {}

/// Refuses rows 1, 3, 5, ... of each batch and answers with the others.
#[tenon::transform]
fn reject_odd(batch: Batch) -> Result<Batch> {
    for row in (1..batch.rows()).step_by(2) {
        reject(row, format!("row {row} is odd"));
    }
    batch.without_rejected()
}

/// Which columns.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Columns {
    /// Their names.
    columns: Vec<String>,
}

/// Reads the named columns and drops what it read.
#[tenon::transform]
fn read(batch: Batch, config: &Columns) -> Result<Batch> {
    for name in &config.columns {
        batch.raw(name)?;
    }
    Ok(batch)
}

/// Which column, times what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scale {
    /// A column of float64.
    column: String,
    /// What to multiply with.
    by: f64,
}

/// Adds the column `scaled`: a column times a number, computed in the guest.
#[tenon::transform]
fn scale(batch: Batch, config: &Scale) -> Result<Batch> {
    let scaled = batch.column::<f64>(&config.column)?.map(|value| value * config.by);
    batch.with_column("scaled", scaled)
}

/// Adds the column `schema`: each row names its column count and the columns' types as the guest sees them.
#[tenon::transform]
fn describe_schema(batch: Batch) -> Result<Batch> {
    let types: Vec<String> = batch
        .schema()
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.name, field.data_type))
        .collect();
    let text = types.join(", ");
    batch.with_column("schema", (0..batch.rows()).map(|_| text.as_str()).collect::<Utf8>())
}
