//! What the host computes, where a test says what comes of it.
#![cfg(not(feature = "kernels"))]

use tenon::{Batch, ErrorKind, Result, batch, testing};

/// Adds a column and filters by it.
#[tenon::transform]
fn computed(batch: Batch) -> Result<Batch> {
    let total = batch.eval("a * 2")?;
    batch.with_column("total", total)?.filter("total > 2")
}

fn input() -> Batch {
    batch! { "a" => [1.0, 2.0, 3.0] }
}

#[test]
fn expressions_without_an_answer_say_how_to_give_one() {
    let error = input().eval("a - 1").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    assert!(
        message.contains("`a - 1`") && message.contains("tenon::testing::answer"),
        "{message}"
    );
}

#[test]
fn each_time_takes_an_answer_of_its_own() {
    testing::answer(batch! { "m" => [2_i64, 3, 4] });
    let added = input().eval("a + 1").unwrap();
    assert_eq!(added.column::<i64>().unwrap().values(), [2, 3, 4]);
    testing::answer(batch! { "x" => [0.5, 1.5, 2.5] });
    assert_eq!(added.column::<f64>().unwrap().values(), [0.5, 1.5, 2.5]);
    assert_eq!(added.batch().err().unwrap().kind(), ErrorKind::Unsupported);
    testing::answer(batch! { "a" => [2.0] });
    let filtered = input().filter("a = 2").unwrap();
    assert_eq!(filtered.column::<f64>("a").unwrap().values(), [2.0]);
}

#[test]
fn an_answer_that_can_not_be_is_refused() {
    testing::answer(batch! { "m" => [2.0] });
    let error = input().filter("a = 2").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::BadData);
    let message = error.to_string();
    assert!(message.contains("`a = 2` has the columns "), "{message}");
    testing::answer(batch! { "m" => [2.0] });
    let message = input().project(&["a + 1 as m"]).err().unwrap().to_string();
    assert!(message.contains("has 1 rows, but is computed of 3"), "{message}");
}

#[test]
fn trying_a_function_uses_up_no_answer() {
    let total = batch! { "a" => [1.0, 2.0, 3.0], "total" => [2.0, 4.0, 6.0] };
    testing::answer(total.clone());
    testing::answer(total.slice(1, 2).unwrap());
    let output = testing::run("computed", "{}", input()).unwrap();
    assert_eq!(output.batches[0].column::<f64>("total").unwrap().values(), [4.0, 6.0]);
    let error = testing::open("computed", "{}", input().schema()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn frames_are_answered_too() {
    testing::source("numbers", input());
    let numbers = testing::context().read("numbers").unwrap();
    testing::answer(batch! { "a" => [3.0] });
    assert_eq!(numbers.filter("a > 2").unwrap().count().unwrap(), 1);
    testing::answer(batch! { "b" => [2_i64, 4, 6] });
    let doubled = numbers.project(["a * 2 as b"]).unwrap();
    assert_eq!(doubled.schema().unwrap().names().collect::<Vec<_>>(), ["b"]);
}
