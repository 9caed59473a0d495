//! Scripts with a function `row`.

use serde_json::json;
use tenon::{Batch, testing};

use super::{made, orders, run, texts};

#[test]
fn rows_pass_change_and_go() {
    let batch = made("fn row(row) { row }", orders());
    assert_eq!((batch.rows(), batch.schema().clone()), (3, orders().schema().clone()));

    let batch = made(
        "fn row(row) { if row.name == () { return; } row.name = row.name.to_upper(); row.id += 10; row }",
        orders(),
    );
    assert_eq!(batch.column::<i64>("id").unwrap().values(), [11, 13]);
    assert_eq!(texts(&batch, "name"), [Some("ANN".to_owned()), Some("BOB".to_owned())]);
    assert_eq!(
        batch.column::<f64>("amount").unwrap().iter().collect::<Vec<_>>(),
        [Some(1.5), None]
    );
}

#[test]
fn a_column_changes_from_the_middle_of_a_batch_on() {
    let batch = made(
        "fn row(row) { if row.id == 3 { row.id = 30; row.name = () } row }",
        orders(),
    );
    assert_eq!(batch.column::<i64>("id").unwrap().values(), [1, 2, 30]);
    assert_eq!(texts(&batch, "name"), [Some("ann".to_owned()), None, None]);
}

#[test]
fn rows_are_rejected_with_a_reason() {
    let script = r#"
        fn check(row) { if row.amount < 0.0 { reject(`amount ${row.amount} is negative`); } }
        fn row(row) {
            if row.amount == () { return reject("no amount"); }
            check(row);
            row
        }
    "#;
    let output = run(script, orders()).unwrap();
    assert_eq!(output.batches[0].column::<i64>("id").unwrap().values(), [1]);
    let reasons = [(1, "amount -2.0 is negative".to_owned()), (2, "no amount".to_owned())];
    assert_eq!(output.rejected, reasons);
    let output = run("fn check(row) { exit(row) } fn row(row) { check(row); () }", orders()).unwrap();
    assert_eq!(output.batches[0].rows(), 3);
    // A script can't take a rejection back.
    let output = run("fn row(row) { try { reject(\"no\"); } catch { } row }", orders()).unwrap();
    assert_eq!((output.batches[0].rows(), output.rejected.len()), (0, 3));
}

#[test]
fn one_row_may_become_several() {
    let script = r#"
        const COLUMNS = #{ part: "int64" };
        fn row(row) { if row.id == 2 { [] } else { [row + #{ part: 1 }, row + #{ part: 2, name: "x" }] } }
    "#;
    let batch = made(script, orders());
    assert_eq!(batch.column::<i64>("id").unwrap().values(), [1, 1, 3, 3]);
    assert_eq!(batch.column::<i64>("part").unwrap().values(), [1, 2, 1, 2]);
    assert_eq!(
        texts(&batch, "name").into_iter().flatten().collect::<Vec<_>>(),
        ["ann", "x", "bob", "x"]
    );
}

#[test]
fn a_row_is_looked_at_like_a_map() {
    let script = r#"
        const COLUMNS = #{ seen: "utf8" };
        fn row(row) {
            let found = "";
            for name in row.keys() { if row[name] != () { found += name + " "; } }
            if "nowhere" in row { throw "there is no such column" }
            row["seen"] = found + row.to_map().len();
            row
        }
    "#;
    let batch = made(script, orders());
    let seen = texts(&batch, "seen");
    assert_eq!(seen[0].as_deref(), Some("id name amount 4"));
    assert_eq!(seen[1].as_deref(), Some("id amount 4"));
}

#[test]
fn columns_with_any_name_are_there() {
    let batch = tenon::batch! { "Order Date" => ["a"], "größe" => [1_i64] };
    let script = r#"
        const COLUMNS = #{ "the sum": "int64" };
        fn row(row) { row["the sum"] = row["größe"] + 1; row["Order Date"] += "!"; row }
    "#;
    let batch = made(script, batch);
    assert_eq!(batch.column::<i64>("the sum").unwrap().values(), [2]);
    assert_eq!(texts(&batch, "Order Date"), [Some("a!".to_owned())]);
}

#[test]
fn functions_see_the_configuration_and_constants() {
    let script = r#"
        const RATES = #{ ann: 2, bob: 3 };
        const BASE = 100 + config.plus;
        fn rate(name) { RATES[name] ?? 0 }
        fn row(row, settings) {
            row.id = BASE + global::BASE + settings.plus + config.deep.list[1] + rate(row.name ?? "");
            row
        }
    "#;
    let config = json!({ "script": script, "config": { "plus": 5, "deep": { "list": [1, 1000] } } });
    let output = testing::run("script", config, orders()).unwrap();
    assert_eq!(
        output.batches[0].column::<i64>("id").unwrap().values(),
        [1217, 1215, 1218]
    );
}

#[test]
fn a_parameter_hides_a_constant_of_its_name() {
    let script = "const X = 1; fn times(X) { X * 2 } fn row(row) { row.id = times(row.id + X); row }";
    assert_eq!(made(script, orders()).column::<i64>("id").unwrap().values(), [4, 6, 8]);
}

#[test]
fn another_function_can_be_named() {
    let script = "fn first(row) { row.id = 1; row } fn second(row, config) { row.id = 2; row } fn row(row) { throw 1 }";
    for (name, id) in [("first", 1), ("second", 2)] {
        let output = testing::run("script", json!({ "script": script, "function": name }), orders()).unwrap();
        assert_eq!(output.batches[0].column::<i64>("id").unwrap().values(), [id; 3]);
    }
}

#[test]
fn batches_follow_each_other() {
    let script = "fn row(row) { if row.id == 1 { row.id = 7 } row }";
    let mut session = testing::open("script", json!({ "script": script }), orders().schema()).unwrap();
    for _ in 0..2 {
        let output = session.process(orders()).unwrap();
        assert_eq!(output.batches[0].column::<i64>("id").unwrap().values(), [7, 2, 3]);
    }
    let output = session.process(Batch::empty(orders().schema()).unwrap()).unwrap();
    assert_eq!(output.batches[0].rows(), 0);
}

#[test]
fn scripts_talk_to_the_run() {
    testing::reset();
    testing::set_parameter("country", "AT");
    testing::set_secret("key", "k");
    tenon::state::put("runs", "4").unwrap();
    let script = r#"
        log("from the top");
        const COLUMNS = #{ told: "utf8" };
        fn row(row) {
            print(row.id);
            log("warn", `row ${row.id}`);
            count("rows", 1);
            row.told = `${param("country")} ${param("none") ?? "-"} ${secret("key")} ${now()} ${state_get("runs")}`;
            state_put("runs", 5);
            row
        }
    "#;
    let output = testing::run("script", json!({ "script": script }), orders()).unwrap();
    assert_eq!(
        texts(&output.batches[0], "told")[0].as_deref(),
        Some("AT - k 1970-01-01T00:00:00Z 4")
    );
    assert_eq!(
        texts(&output.batches[0], "told")[1].as_deref(),
        Some("AT - k 1970-01-01T00:00:00Z 5")
    );
    let logs: Vec<_> = testing::logs().into_iter().map(|(_, text)| text).collect();
    assert_eq!(logs, ["1", "row 1", "2", "row 2", "3", "row 3"]);
    assert!((testing::counter("rows") - 3.0).abs() < f64::EPSILON);
}
