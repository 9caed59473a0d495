//! The flights job in every language: the same rows, columns and rejects as in Rust.

use std::fs;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde_json::Value;

use crate::place::{FLIGHTS, Place, REJECTED, flights, parquet, plugin, plugin_if_built};

/// What a plugin makes of the flights: the rows, in the order of the file, and the rejected ones.
fn made_by(plugin: &str) -> (RecordBatch, Vec<Value>) {
    let place = Place::of_large_guests();
    let report = place
        .tenon(&[
            "run",
            plugin,
            "--from",
            &flights(),
            "--null",
            "NA",
            "--to",
            "out.parquet",
            "--rejects",
            "rejected.ndjson",
            "--partitions",
            "1",
            "--json",
        ])
        .succeeded()
        .json();
    assert_eq!(report["rows_in"].as_u64(), Some(FLIGHTS));
    let batches = parquet(&place.path("out.parquet"));
    let rows = concat_batches(&batches[0].schema(), &batches).expect("one schema");
    let rejected = fs::read_to_string(place.path("rejected.ndjson")).expect("readable");
    let rejected = rejected.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("one object per line");
        // The step, which has the plugin's name.
        row["rejected_by"] = Value::Null;
        row
    });
    (rows, rejected.collect())
}

#[test]
fn flights_are_the_same_in_every_language() {
    let (rows, rejected) = made_by(&plugin());
    assert_eq!(rejected.len() as u64, REJECTED);
    for language in ["python", "typescript", "go", "c", "cpp", "zig"] {
        let guest = format!("flights-{language}");
        let Some(plugin) = plugin_if_built(&guest) else {
            println!(
                "\nSKIPPED flights in {language}, target/plugins/{guest}.wasm is not there; `cargo xtask plugins` builds it"
            );
            continue;
        };
        let (same, same_rejected) = made_by(&plugin);
        assert_eq!(rows.schema(), same.schema(), "{language}");
        for (field, (ours, theirs)) in rows
            .schema()
            .fields()
            .iter()
            .zip(rows.columns().iter().zip(same.columns()))
        {
            assert!(ours == theirs, "{language}: the column {} differs", field.name());
        }
        assert_eq!(rejected, same_rejected, "{language}");
    }
}
