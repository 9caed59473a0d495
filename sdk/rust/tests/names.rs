//! Transforms that are called as the macro calls its own.

use tenon::{Batch, Result, testing};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Held {
    rows: usize,
}

#[tenon::transform]
fn config(batch: Batch, config: &Held) -> Result<Batch> {
    batch.slice(0, config.rows.min(batch.rows()))
}

#[tenon::transform]
fn call(batch: &Batch, config: Held) -> Result<Batch> {
    batch.slice(0, config.rows.min(batch.rows()))
}

#[tenon::transform]
fn batch(input: Batch) -> Batch {
    input
}

#[test]
fn a_transform_may_be_called_anything() {
    for (function, config, rows) in [
        ("config", r#"{"rows":1}"#, 1),
        ("call", r#"{"rows":1}"#, 1),
        ("batch", "{}", 2),
    ] {
        let output = testing::run(function, config, tenon::batch! { "n" => [1_i64, 2] }).unwrap();
        assert_eq!(output.batches[0].rows(), rows, "{function}");
    }
}
