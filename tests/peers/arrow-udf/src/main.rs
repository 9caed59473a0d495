//! Times arrow-udf-runtime on the gcd of 1,024 pairs: prints one JSON object with microseconds per call, next to the
//! same loop in native code.
//!
//! Usage: `peer-arrow-udf GUEST.wasm [ROUNDS]`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use arrow_udf_runtime::wasm::Runtime;

const ROWS: i32 = 1_024;
const CALLS: u32 = 500;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let guest = arguments.next().context("expected the path of the guest")?;
    let rounds: usize = arguments.next().map_or(Ok(15), |rounds| rounds.parse())?;
    let runtime = Runtime::new(&std::fs::read(&guest).with_context(|| format!("reading {guest}"))?)?;
    let function = runtime.find_function("gcd", vec![DataType::Int32, DataType::Int32], DataType::Int32)?;
    let batch = pairs()?;
    let answer = runtime.call(&function, &batch)?;
    ensure!(answer.num_rows() == batch.num_rows(), "the guest answered with {} rows", answer.num_rows());

    let (mut calls, mut native) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        calls.push(micros(|| runtime.call(&function, &batch).map(|batch| batch.num_rows()).unwrap_or_default()));
        native.push(micros(|| divisors(&batch).len()));
    }
    let (call, native) = (median(&mut calls), median(&mut native));
    println!("{}", serde_json::json!({ "call_us": call, "native_us": native, "ratio": call / native }));
    Ok(())
}

fn micros<T>(mut work: impl FnMut() -> T) -> f64 {
    let started = Instant::now();
    for _ in 0..CALLS {
        black_box(work());
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The same numbers as in the benchmark of Tenon's runtime.
fn pairs() -> anyhow::Result<RecordBatch> {
    let a: ArrayRef = Arc::new(Int32Array::from_iter_values((0..ROWS).map(|row| row * 7 % 1_000 + 1)));
    let b: ArrayRef = Arc::new(Int32Array::from_iter_values((0..ROWS).map(|row| row * 13 % 1_000 + 1)));
    let fields = ["a", "b"].map(|name| Field::new(name, DataType::Int32, false));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), vec![a, b])?)
}

fn divisors(batch: &RecordBatch) -> Vec<i32> {
    let column = |index: usize| batch.column(index).as_any().downcast_ref::<Int32Array>().map(Int32Array::values);
    let (Some(a), Some(b)) = (column(0), column(1)) else { return Vec::new() };
    a.iter().zip(b.iter()).map(|(&a, &b)| divisor(a, b)).collect()
}

fn divisor(mut a: i32, mut b: i32) -> i32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
