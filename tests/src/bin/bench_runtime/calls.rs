//! Calls, copies and kernels, each paired with the same work done natively.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch};
use arrow::compute::{filter_record_batch, kernels::arity};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema};
use datafusion::common::ToDFSchema;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{col, lit};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use tenon_runtime::{Run, Runtime, Sandbox};
use tenon_tests::bench::{Figures, median, micros, time};
use tenon_tests::guests::guest;

use crate::{Effort, runtime};

pub fn measure(effort: Effort, figures: &mut Figures) -> anyhow::Result<()> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    executor.block_on(async {
        let runtime = runtime(4)?;
        for rows in [1, 65_536] {
            let mut pass = Bench::open(&runtime, "pass", floats(rows)?).await?;
            let name = format!("call that passes {rows} rows by handle");
            let cost = pass.median(effort, Duration::default).await?.0;
            figures.at_most(name, cost, "us", 1.0);
        }
        reading(effort, figures, &runtime).await?;
        scaling(effort, figures, &runtime).await?;
        filtering(effort, figures, &runtime).await?;
        gcd(effort, figures, &runtime).await
    })
}

/// Copying one column in, beyond what the call itself costs, against memcpy.
async fn reading(effort: Effort, figures: &mut Figures, runtime: &Runtime) -> anyhow::Result<()> {
    for rows in [1_024, 8_192, 65_536] {
        let batch = floats(rows)?;
        let source = batch.column(0).to_data().buffers()[0].clone();
        let mut target = vec![0u8; source.len()];
        let mut pass = Bench::open(runtime, "pass", batch.clone()).await?;
        let mut read = Bench::open(runtime, "read", batch).await?;
        let (mut shares, mut extras) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let copied = time(effort.calls, || {
                target.copy_from_slice(std::hint::black_box(source.as_slice()));
            });
            let passed = pass.calls(effort.calls).await?;
            let crossed = read.calls(effort.calls).await?.saturating_sub(passed);
            shares.push(copied.as_secs_f64() / crossed.as_secs_f64());
            extras.push(micros(crossed) - micros(copied));
        }
        let kib = rows * 8 / 1024;
        if kib < 64 {
            let name = format!("one column of {kib} KiB in, on top of memcpy");
            figures.at_most(name, median(&mut extras), "us", 0.5);
        } else {
            let name = format!("one column of {kib} KiB in, share of memcpy's speed");
            figures.at_least(name, median(&mut shares), "x", 0.9);
        }
    }
    Ok(())
}

/// One column in, multiplied in the guest, a new column out.
async fn scaling(effort: Effort, figures: &mut Figures, runtime: &Runtime) -> anyhow::Result<()> {
    let batch = floats(8_192)?;
    let column = batch.column(0).clone();
    let mut scale = Bench::open(runtime, "scale", batch).await?;
    let native = || {
        let values = column.as_any().downcast_ref::<Float64Array>();
        values.map(|values| arity::unary::<_, _, Float64Type>(values, |value| value * 1.1))
    };
    let (cost, ratio) = scale.median(effort, || time(effort.calls, native)).await?;
    figures.note("f64 * 1.1 in the guest, 8,192 rows, whole call", cost, "us");
    figures.at_most("f64 * 1.1 in the guest, 8,192 rows, against arrow-rs", ratio, "x", 3.0);
    Ok(())
}

/// A native kernel that the guest asks for, against the same DataFusion expression.
async fn filtering(effort: Effort, figures: &mut Figures, runtime: &Runtime) -> anyhow::Result<()> {
    for rows in [8_192, 65_536] {
        let batch = floats(rows)?;
        let schema = batch.schema();
        let predicate = col("x").gt(lit(0.5));
        let named = schema.as_ref().clone().to_dfschema()?;
        let context = PhysicalPlanningContext::default();
        let predicate = create_physical_expr(&predicate, &named, &ExecutionProps::new(), &context)?;
        let mut filter = Bench::open(runtime, "filter", batch.clone()).await?;
        let calls = effort.calls / 4;
        let native = || time(calls, || filtered(&predicate, &batch));
        let ratio = filter.median(Effort { calls, ..effort }, native).await?.1;
        figures.at_most(
            format!("filter of {rows} rows from the guest, against DataFusion"),
            ratio,
            "x",
            1.05,
        );
    }
    Ok(())
}

fn filtered(predicate: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Option<RecordBatch> {
    let mask = predicate
        .evaluate(batch)
        .and_then(|value| value.into_array(batch.num_rows()))
        .ok()?;
    filter_record_batch(batch, arrow::array::cast::as_boolean_array(&mask)).ok()
}

/// The example of arrow-udf: two columns of small numbers, 1,024 rows.
async fn gcd(effort: Effort, figures: &mut Figures, runtime: &Runtime) -> anyhow::Result<()> {
    let batch = pairs(1_024)?;
    let (a, b) = (batch.column(0).clone(), batch.column(1).clone());
    let mut gcd = Bench::open(runtime, "gcd", batch).await?;
    let native = || {
        let (a, b) = (
            a.as_any().downcast_ref::<Int32Array>()?,
            b.as_any().downcast_ref::<Int32Array>()?,
        );
        arity::binary::<_, _, _, Int32Type>(a, b, divisor).ok()
    };
    let (cost, ratio) = gcd.median(effort, || time(effort.calls, native)).await?;
    figures.note("gcd of 1,024 pairs in the guest, whole call", cost, "us");
    figures.note("gcd of 1,024 pairs in the guest, against arrow-rs", ratio, "x");
    Ok(())
}

fn divisor(mut a: i32, mut b: i32) -> i32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A sandbox that is given the same batch again and again.
struct Bench {
    sandbox: Sandbox,
    batch: RecordBatch,
}

impl Bench {
    async fn open(runtime: &Runtime, function: &str, batch: RecordBatch) -> anyhow::Result<Self> {
        let plugin = runtime.load(guest("bench")?).await?;
        let run = Run::builder("bench", function).build();
        let mut sandbox = plugin.checkout(&run).await?;
        sandbox.open(function, "{}", &batch.schema()).await?;
        let mut bench = Bench { sandbox, batch };
        bench.calls(100).await?;
        Ok(bench)
    }

    /// Time of one call, as the mean over `times`.
    async fn calls(&mut self, times: usize) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for _ in 0..times {
            self.sandbox.process(self.batch.clone()).await?;
        }
        Ok(started.elapsed() / u32::try_from(times)?)
    }

    /// Medians over paired rounds: microseconds of a call, and how many times as long as `native` it takes.
    async fn median(&mut self, effort: Effort, mut native: impl FnMut() -> Duration) -> anyhow::Result<(f64, f64)> {
        let (mut costs, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let alone = native();
            let called = self.calls(effort.calls).await?;
            costs.push(micros(called));
            ratios.push(called.as_secs_f64() / alone.as_secs_f64());
        }
        Ok((median(&mut costs), median(&mut ratios)))
    }
}

/// A column `x` of floats between 0 and 1.
fn floats(rows: usize) -> anyhow::Result<RecordBatch> {
    let values = (0..rows).map(|row| (row.wrapping_mul(2_654_435_761) % 1_000) as f64 / 1_000.0);
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values(values));
    let schema = Schema::new(vec![Field::new("x", DataType::Float64, false)]);
    Ok(RecordBatch::try_new(Arc::new(schema), vec![column])?)
}

/// Columns `a` and `b` of small numbers.
fn pairs(rows: i32) -> anyhow::Result<RecordBatch> {
    let a: ArrayRef = Arc::new(Int32Array::from_iter_values((0..rows).map(|row| row * 7 % 1_000 + 1)));
    let b: ArrayRef = Arc::new(Int32Array::from_iter_values((0..rows).map(|row| row * 13 % 1_000 + 1)));
    let fields = ["a", "b"].map(|name| Field::new(name, DataType::Int32, false));
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields.to_vec())),
        vec![a, b],
    )?)
}
