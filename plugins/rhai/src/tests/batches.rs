//! Scripts with a function `batch`. What runs on the host's kernels is tried in whole jobs.

use tenon::ErrorKind;

use super::{fails, made, orders, run, texts};

#[test]
fn columns_are_arrays() {
    let script = r#"
        fn batch(batch, config) {
            if batch.columns != ["id", "name", "amount"] || batch.schema.id != "int64" { throw "which columns?" }
            let upper = batch.column("name").map(|name| if name == () { () } else { name.to_upper() });
            let total = 0;
            for id in batch.column("id") { total += id; }
            let rows = batch.rows;
            batch.with_column("name", upper).with_column("rows", batch.column("id").map(|id| id + rows), "int32")
        }
    "#;
    let batch = made(script, orders());
    assert_eq!(texts(&batch, "name")[0].as_deref(), Some("ANN"));
    assert_eq!(batch.column::<i32>("rows").unwrap().values(), [4, 5, 6]);
}

#[test]
fn batches_are_shaped() {
    let shaped = |call: &str| made(&format!("fn batch(batch) {{ batch.{call} }}"), orders());
    assert_eq!(
        shaped("select([\"amount\", \"id\"])")
            .schema()
            .names()
            .collect::<Vec<_>>(),
        ["amount", "id"]
    );
    assert_eq!(
        shaped("drop([\"amount\"])").schema().names().collect::<Vec<_>>(),
        ["id", "name"]
    );
    assert_eq!(
        shaped("rename(\"id\", \"number\")").schema().names().next(),
        Some("number")
    );
    let taken = made(
        "fn batch(batch) { if batch.rows == 0 { batch } else { batch.take([2, 0]) } }",
        orders(),
    );
    assert_eq!(taken.column::<i64>("id").unwrap().values(), [3, 1]);
    let sliced = made(
        "fn batch(batch) { if batch.rows == 0 { batch } else { batch.slice(1, 2) } }",
        orders(),
    );
    assert_eq!(sliced.column::<i64>("id").unwrap().values(), [2, 3]);
}

#[test]
fn several_batches_or_none_come_out() {
    assert_eq!(
        run("fn batch(batch) { [batch, [batch], ()] }", orders())
            .unwrap()
            .batches
            .len(),
        2
    );
    assert_eq!(run("fn batch(batch) { }", orders()).unwrap().batches.len(), 0);
}

#[test]
fn rows_are_rejected_by_their_number() {
    let script = r#"
        fn batch(batch) {
            let amounts = batch.column("amount");
            for i in 0..batch.rows { if amounts[i] == () { batch.reject(i, "no amount"); } }
            RETURNED
        }
    "#;
    for returned in [
        "batch",
        "batch.drop([\"name\"])",
        "if batch.rows == 0 { batch } else { batch.slice(0, 2) }",
    ] {
        let output = run(&script.replace("RETURNED", returned), orders()).unwrap();
        assert_eq!(
            output.batches[0].column::<i64>("id").unwrap().values(),
            [1, 2],
            "{returned}"
        );
        assert_eq!(output.rejected, [(2, "no amount".to_owned())]);
    }
    let late = "fn batch(batch) { if batch.rows > 0 { batch.slice(0, 1).reject(0, \"late\"); } batch }";
    fails(
        late,
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:1:", "reject before filtering"],
    );
    let far = "fn batch(batch) { if batch.rows > 0 { batch.reject(3, \"x\"); } batch }";
    fails(
        far,
        orders(),
        ErrorKind::BadData,
        &["there is no row 3 to reject; the batch has 3"],
    );
}

#[test]
fn mistakes_are_told() {
    let fails = |body: &str, kind, part: &str| {
        super::fails(
            &format!("fn batch(batch) {{\n  {body}\n}}"),
            orders(),
            kind,
            &["clean.rhai", part],
        );
    };
    fails(
        "batch.column(\"nam\")",
        ErrorKind::BadConfig,
        "there is no column `nam`; the columns are id, name, amount",
    );
    fails(
        "batch.with_column(\"x\", [])",
        ErrorKind::BadConfig,
        "a new one needs a type: batch.with_column(\"x\", values, \"float64\")",
    );
    fails(
        "batch.with_column(\"x\", [], \"text?\")",
        ErrorKind::BadConfig,
        "can't be of type `text?`",
    );
    fails(
        "batch.with_column(\"id\", [1])",
        ErrorKind::BadData,
        "column `id` was given 1 values, but the batch has 0 rows",
    );
    fails(
        "42",
        ErrorKind::BadData,
        "the function returned an integer; it must return a batch",
    );
    fails(
        "batch.column(\"id\").map(|id| batch.rows)",
        ErrorKind::BadConfig,
        "copy what it needs into another variable",
    );
    let script = "fn batch(batch) { batch.with_column(\"id\", batch.column(\"name\")) }";
    let parts = ["clean.rhai:1:25: row 0: column `id` is int64 and takes an integer, not \"ann\" (a string)"];
    super::fails(script, orders(), ErrorKind::BadData, &parts);
}
