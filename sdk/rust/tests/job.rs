//! Scripts outside a sandbox.
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::job::{Context, JoinKind, Mode, Sink, Source};
use tenon::{Batch, Column, ErrorKind, Result, batch, json, reject, testing};

#[derive(Deserialize, JsonSchema)]
struct Times {
    by: i64,
}

/// Multiplies the column `n`.
#[tenon::transform(name = "scale")]
fn times(batch: Batch, config: &Times) -> Result<Batch> {
    let numbers = batch.column::<i64>("n")?;
    let scaled: Column<i64> = numbers.iter().map(|n| n.map(|n| n * config.by)).collect();
    batch.with_column("n", scaled)
}

/// Refuses rows where `n` is odd.
#[tenon::transform]
fn even(batch: &Batch) -> Result<Batch> {
    for (row, n) in batch.column::<i64>("n")?.iter().enumerate() {
        if n.is_some_and(|n| n % 2 != 0) {
            reject(row, "it is odd");
        }
    }
    batch.without_rejected()
}

fn plain(batch: Batch) -> Batch {
    batch
}

#[tenon::job]
fn run(ctx: &Context) -> Result<()> {
    let orders = ctx.read(Source::csv("orders.csv").null("NA"))?;
    let more = ctx.read("warehouse.orders")?;
    let checked = orders.union(&more)?.apply(even, ())?;
    checked.rejected()?.write("rejected.ndjson")?;
    let scaled = checked.apply(times, json!({ "by": ctx.param::<i64>("factor")? }))?;
    let written = scaled
        .select(["n"])?
        .write(Sink::parquet("out/").mode(Mode::Overwrite))?;
    tenon::count("written", written.rows as f64);
    Ok(())
}

fn numbers(batches: &[Batch]) -> Vec<i64> {
    let numbers = batches.iter().map(|batch| batch.column::<i64>("n").unwrap());
    numbers.flat_map(|column| column.values().to_vec()).collect()
}

#[test]
fn a_script_runs_over_the_batches_of_a_test() {
    testing::set_parameter("factor", "10");
    testing::source("orders.csv", batch! { "n" => [1_i64, 2], "x" => ["a", "b"] });
    testing::source("warehouse.orders", batch! { "x" => ["c", "d"], "n" => [3_i64, 4] });
    run(&testing::context()).unwrap();

    let written = testing::written("out/");
    assert_eq!(numbers(&written), [20, 40]);
    assert_eq!(written[0].schema().names().collect::<Vec<_>>(), ["n"]);
    let rejected = testing::written("rejected.ndjson");
    assert_eq!(numbers(&rejected), [1, 3]);
    assert_eq!(rejected[0].strings("rejected_by").unwrap().get(0), Some("even"));
    assert_eq!(
        rejected[0].strings("rejected_because").unwrap().get(0),
        Some("it is odd")
    );
    assert!((testing::counter("written") - 2.0).abs() < f64::EPSILON);
    let operations = testing::operations();
    assert_eq!(operations[2..4], ["union", "apply even {}"]);
}

#[test]
fn frames_end_where_they_should() {
    let ctx = testing::context();
    testing::source("orders", batch! { "n" => [1_i64, 2] });
    testing::source("orders", batch! { "n" => [3_i64, 4] });
    let first = ctx.read("orders").unwrap().limit(3).unwrap();
    assert_eq!(first.count().unwrap(), 3);
    assert_eq!(numbers(&first.collect().unwrap()), [1, 2, 3]);
    assert_eq!(first.schema().unwrap().names().collect::<Vec<_>>(), ["n"]);
}

#[test]
fn what_only_the_host_can_do_is_answered_by_the_test() {
    let ctx = testing::context();
    testing::source("orders", batch! { "n" => [2_i64, 1] });
    let orders = ctx.read("orders").unwrap();
    let error = orders.sort(["n"]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("tenon::testing::answer"), "{error}");

    testing::answer(batch! { "n" => [1_i64, 2] });
    testing::answer(batch! { "n" => [7_i64] });
    assert_eq!(numbers(&orders.sort(["n"]).unwrap().collect().unwrap()), [1, 2]);
    let joined = orders.join(&orders, ["n"], JoinKind::Inner).unwrap();
    assert_eq!(numbers(&joined.collect().unwrap()), [7]);
    assert!(ctx.sql("select 1", [("orders", &orders)]).is_err());
}

#[test]
fn mistakes_are_named() {
    let ctx = testing::context();
    let error = ctx.read("orders").err().unwrap().to_string();
    assert!(error.contains("there is no source `orders`"), "{error}");
    testing::source("orders", batch! { "n" => [1_i64] });
    let orders = ctx.read("orders").unwrap();
    let error = orders.apply(plain, ()).err().unwrap().to_string();
    assert!(
        error.contains("plain") && error.contains("#[tenon::transform]"),
        "{error}"
    );
    let error = orders.apply("absent", ()).err().unwrap().to_string();
    assert!(error.contains("there is no function `absent`"), "{error}");
    assert_eq!(ctx.param::<i64>("absent").unwrap_err().kind(), ErrorKind::BadConfig);
    testing::set_parameter("year", "MMXIII");
    let error = ctx.param::<i64>("year").unwrap_err().to_string();
    assert_eq!(error, "the parameter `year` is `MMXIII`: invalid digit found in string");
}

#[cfg(feature = "kernels")]
#[test]
fn expressions_are_computed_by_the_hosts_kernels() {
    testing::source("orders", batch! { "n" => [1_i64, 2, 3] });
    let orders = testing::context().read("orders").unwrap();
    let filtered = orders.filter("n > 1").unwrap();
    assert_eq!(numbers(&filtered.collect().unwrap()), [2, 3]);
    let added = filtered.with_columns([("n", "n * 2"), ("m", "n + 1")]).unwrap();
    assert_eq!(numbers(&added.collect().unwrap()), [4, 6]);
    assert_eq!(added.schema().unwrap().names().collect::<Vec<_>>(), ["n", "m"]);
}
