//! What the host computes.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Result, quote};

/// SQL expressions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Project {
    /// One column each; all columns as they are if none are given.
    #[serde(default)]
    expressions: Vec<String>,
}

/// Answers with one column per expression.
#[tenon::transform]
fn project(batch: Batch, config: &Project) -> Result<Batch> {
    if config.expressions.is_empty() {
        let columns: Vec<String> = batch.schema().names().map(quote).collect();
        return batch.project(&columns);
    }
    batch.project(&config.expressions)
}

/// A SQL predicate.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// The rows to keep.
    predicate: String,
}

/// Answers with the rows for which the predicate is true.
#[tenon::transform]
fn filter(batch: Batch, config: &Filter) -> Result<Batch> {
    batch.filter(&config.predicate)
}

/// A SQL expression and a name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Eval {
    /// Name of the column that it becomes.
    name: String,
    /// What to compute.
    expression: String,
}

/// Adds a column that the host computes.
#[tenon::transform]
fn eval(batch: Batch, config: &Eval) -> Result<Batch> {
    batch.with_column(&config.name, batch.eval(&config.expression)?)
}

/// Adds a column that the host computes on another batch, so that the values go through the guest.
#[tenon::transform]
fn eval_through_guest(batch: Batch, config: &Eval) -> Result<Batch> {
    let evaluated = batch.eval(&config.expression)?;
    batch.slice(0, batch.rows())?.with_column(&config.name, evaluated)
}

/// Renames the first column to and fro.
#[tenon::transform]
fn rename(batch: Batch) -> Result<Batch> {
    let Some(name) = batch.schema().names().next().map(str::to_owned) else {
        return Ok(batch);
    };
    batch.rename(&name, "another name")?.rename("another name", &name)
}
