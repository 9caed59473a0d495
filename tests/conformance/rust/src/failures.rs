//! What goes wrong.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Column, Error, ErrorKind, NoConfig, Result, Schema, Transform};

/// How to fail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Failure {
    /// As the contract calls it.
    kind: Kind,
    /// What it says.
    message: String,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    BadData,
    BadConfig,
    Transient,
    Unsupported,
    Denied,
    Limit,
    Internal,
}

/// Fails as it is told.
#[tenon::transform]
fn fail(batch: Batch, config: &Failure) -> Result<Batch> {
    if batch.rows() == 0 {
        return Ok(batch);
    }
    let kind = match config.kind {
        Kind::BadData => ErrorKind::BadData,
        Kind::BadConfig => ErrorKind::BadConfig,
        Kind::Transient => ErrorKind::Transient,
        Kind::Unsupported => ErrorKind::Unsupported,
        Kind::Denied => ErrorKind::Denied,
        Kind::Limit => ErrorKind::Limit,
        Kind::Internal => ErrorKind::Internal,
    };
    Err(Error::new(kind, config.message.clone()))
}

/// Panics, three calls deep.
#[tenon::transform]
fn raise(batch: Batch) -> Batch {
    if batch.rows() > 0 {
        outer(batch.rows());
    }
    batch
}

#[inline(never)]
fn outer(rows: usize) {
    middle(rows);
}

#[inline(never)]
fn middle(rows: usize) {
    inner(rows);
}

#[inline(never)]
fn inner(rows: usize) {
    assert!(rows == 0, "raised on purpose");
}

struct Lie;

/// Announces its input's columns, and returns another one.
#[tenon::transform]
impl Transform for Lie {
    type Config = NoConfig;

    fn open(_config: NoConfig, _input: &Schema) -> Result<Self> {
        Ok(Self)
    }

    fn output_schema(&self, input: &Schema) -> Result<Schema> {
        Ok(input.clone())
    }

    fn process(&mut self, batch: Batch) -> Result<Batch> {
        batch.with_column("lie", (0..batch.rows() as i64).collect::<Column<i64>>())
    }
}

/// Takes memory without end.
#[tenon::transform]
fn memory(batch: Batch) -> Batch {
    if batch.rows() > 0 {
        let mut held: Vec<Vec<u8>> = Vec::new();
        loop {
            held.push(vec![1; 1 << 20]);
            std::hint::black_box(&held);
        }
    }
    batch
}

/// Never ends.
#[tenon::transform]
fn spin(batch: Batch) -> Batch {
    let mut turns = 0_u64;
    while batch.rows() > 0 {
        turns = std::hint::black_box(turns + 1);
    }
    batch
}
