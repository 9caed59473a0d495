//! A test guest that is a whole job: its parameter `case` says what the script does.
// The SDK keeps what hostile scripts need to itself.
#![cfg(target_family = "wasm")]

mod hostile;
mod lake;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenon::job::{Context, Frame, JoinKind, Mode, Sink, Source};
use tenon::{AnyColumn, Batch, Column, Context as _, Error, ErrorKind, Result, json, reject};

/// What `scale` multiplies by.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Scale {
    /// The factor.
    by: i64,
}

/// Multiplies the column `n`.
#[tenon::transform(name = "times")]
fn scale(batch: Batch, config: &Scale) -> Result<Batch> {
    let numbers = batch.column::<i64>("n")?;
    let scaled: Column<i64> = numbers.iter().map(|n| n.map(|n| n * config.by)).collect();
    batch.with_column("n", scaled)
}

/// Refuses rows where `n` is odd.
#[tenon::transform]
fn even(batch: Batch) -> Result<Batch> {
    for (row, n) in batch.column::<i64>("n")?.iter().enumerate() {
        if n.is_some_and(|n| n % 2 != 0) {
            reject(row, "it is odd");
        }
    }
    batch.without_rejected()
}

#[tenon::job]
fn run(ctx: &Context) -> Result<()> {
    let case: String = ctx.param("case")?;
    match case.as_str() {
        "everything" => everything(ctx),
        "collect" => collect(ctx),
        "faults" => faults(ctx),
        "fail" => Err(Error::transient("the moon is in the way")).context("looking for the tide"),
        "passes_on" => ctx.read("fault:denied").map(drop).context("reading"),
        "parameters" => parameters(ctx),
        "process_only" => process_only(ctx),
        "unknown_function" => ctx.read("orders")?.apply(unregistered, ()).map(drop),
        "echoes" => {
            let text: String = ctx.param("text")?;
            ctx.read("orders")?.filter(&text).map(drop)
        }
        other => lake::run(ctx, other).unwrap_or_else(|| hostile::run(ctx, other)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a transform")]
fn unregistered(batch: Batch) -> Result<Batch> {
    Ok(batch)
}

/// Every operation once.
fn everything(ctx: &Context) -> Result<()> {
    let orders = ctx.read("s3://raw/orders/*.parquet")?;
    let rates = ctx.read(Source::csv("rates.csv").null("NA").option("csv.header", false))?;
    let joined = orders
        .filter("status = 'paid'")?
        .select(["n", "Order Date"])?
        .project(["n", "n * 2 as twice"])?
        .with_columns([("n", "n + 1"), ("half", "n / 2")])?
        .join(&rates, ["n"], JoinKind::Left)?;
    let both = joined.union(&orders)?;
    let grouped = both.aggregate(["country"], ["sum(n) as total", "count(*) as orders"])?;
    let top = grouped.sort(["total desc"])?.limit(10)?;
    let scaled = top.apply(scale, Scale { by: 3 })?;
    let checked = scaled
        .apply(even, ())?
        .apply("mask:hash", json!({ "columns": ["n"] }))?;
    checked.rejected()?.write("rejected.ndjson")?;
    let query = ctx.sql("select * from a join b using (n)", [("a", &checked), ("b", &rates)])?;
    let written = query.write(Sink::parquet("out/").partition_by(["country"]).mode(Mode::Overwrite))?;
    log::info!(
        "{} rows, {} bytes, {} objects",
        written.rows,
        written.bytes,
        written.objects
    );
    log::info!("{} rows counted", query.count()?);
    Ok(())
}

/// Reads what a frame gives, and works on its batches as a function would.
fn collect(ctx: &Context) -> Result<()> {
    let batches = ctx.read("rows")?.collect()?;
    let mut sum = 0;
    for batch in &batches {
        sum += batch.column::<i64>("n")?.iter().flatten().sum::<i64>();
    }
    let rows = Batch::concat(&batches)?.filter("n > 1")?.rows();
    log::info!("{} batches, sum {sum}, {rows} over 1", batches.len());
    Ok(())
}

/// Catches an error of each kind.
fn faults(ctx: &Context) -> Result<()> {
    for kind in [
        "bad-data",
        "bad-config",
        "transient",
        "unsupported",
        "denied",
        "limit",
        "internal",
    ] {
        let Some(error) = ctx.read(format!("fault:{kind}")).err() else {
            return Err(Error::internal("there was no error"));
        };
        log::info!("{kind}: {:?}: {error}", error.kind());
    }
    Ok(())
}

fn parameters(ctx: &Context) -> Result<()> {
    let (year, share, dry): (i32, f64, bool) = (ctx.param("year")?, ctx.param("share")?, ctx.param("dry")?);
    log::info!("{year} {share} {dry} {}", ctx.secret("key")?.len());
    for wrong in [ctx.param::<u8>("year").err(), ctx.param::<String>("month").err()] {
        log::info!("{}", wrong.map(|error| error.to_string()).unwrap_or_default());
    }
    if ctx.secret("other").err().map(|error| error.kind()) != Some(ErrorKind::Denied) {
        return Err(Error::internal("a secret that was not granted was given"));
    }
    Ok(())
}

/// What only makes sense in a function does no harm in a script.
fn process_only(ctx: &Context) -> Result<()> {
    reject(7, "there is no row 7 of nothing");
    let batch = Batch::new([("n", AnyColumn::from([1_i64, 2]))])?;
    log::info!("{} rows", batch.without_rejected()?.rows());
    let frame: Frame = ctx.read("orders")?;
    log::info!("{} columns", frame.schema()?.fields.len());
    Ok(())
}
