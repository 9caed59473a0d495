//! A function that keeps something between batches.

use tenon::{Batch, DataType, Field, NoConfig, Result, Schema, Transform};

struct Stateful {
    rows: i64,
    batches: i64,
}

/// Takes everything and answers at the end, with one row: `rows` and `batches`.
#[tenon::transform]
impl Transform for Stateful {
    type Config = NoConfig;

    fn open(_config: NoConfig, _input: &Schema) -> Result<Self> {
        Ok(Self { rows: 0, batches: 0 })
    }

    fn output_schema(&self, _input: &Schema) -> Result<Schema> {
        Ok(Schema::new(
            ["rows", "batches"].map(|name| Field::new(name, DataType::Int64)),
        ))
    }

    fn process(&mut self, batch: Batch) {
        self.rows += batch.rows() as i64;
        self.batches += 1;
    }

    fn finish(&mut self) -> Result<Batch> {
        Batch::new([("rows", vec![self.rows].into()), ("batches", vec![self.batches].into())])
    }
}
