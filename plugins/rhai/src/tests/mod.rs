//! Scripts, run as a job runs them, against the SDK's stand-in for the host.

mod batches;
mod declared;
mod errors;
mod rows;
mod values;

use serde_json::json;
use tenon::testing::{self, Output};
use tenon::{Batch, Error, ErrorKind, Result};

/// Runs a script over a batch.
fn run(script: &str, batch: Batch) -> Result<Output> {
    testing::reset();
    testing::run("script", json!({ "script": script, "file": "clean.rhai" }), batch)
}

/// The one batch that a script makes.
fn made(script: &str, batch: Batch) -> Batch {
    let output = run(script, batch).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(output.batches.len(), 1);
    output.batches[0].clone()
}

/// What a script fails with.
fn failure(script: &str, batch: Batch) -> (ErrorKind, String) {
    let error: Error = run(script, batch).err().expect("the script should fail");
    (error.kind(), error.to_string())
}

/// Asserts that a script fails with this kind, and a text that has all of these parts.
#[track_caller]
fn fails(script: &str, batch: Batch, kind: ErrorKind, parts: &[&str]) {
    let (found, text) = failure(script, batch);
    assert_eq!(found, kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

/// Names, amounts with a null, and flags.
fn orders() -> Batch {
    tenon::batch! {
        "id" => [1_i64, 2, 3],
        "name" => [Some("ann"), None, Some("bob")],
        "amount" => [Some(1.5), Some(-2.0), None],
    }
}

fn texts(batch: &Batch, column: &str) -> Vec<Option<String>> {
    let column = batch.strings(column).unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}
