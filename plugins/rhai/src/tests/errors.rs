//! What is told of scripts that fail.

use serde_json::json;
use tenon::{ErrorKind, testing};

use super::{fails, failure, orders};

#[test]
fn a_script_that_is_only_looked_at_is_parsed_and_does_not_run() {
    let look = |script: &str| {
        testing::reset();
        let config = json!({ "script": script, "file": "clean.rhai", "function": "none", "check": true });
        testing::run("script", config, orders())
    };
    let output = look("const LEAST = config.least + 1; throw \"it runs\"; fn row(row) { () }").unwrap();
    assert_eq!(output.batches[0].rows(), 3);
    let error = look("fn row(row) {\n    row.a = 1 +;\n}")
        .err()
        .expect("it cannot be parsed");
    assert_eq!(error.kind(), ErrorKind::BadConfig);
    assert!(error.to_string().starts_with("clean.rhai:2:16: "), "{error}");
}

#[test]
fn a_script_that_cannot_be_parsed_shows_where() {
    let (kind, text) = failure("fn row(row) {\n    row.a = 1 +;\n}", orders());
    assert_eq!(kind, ErrorKind::BadConfig);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("clean.rhai:2:16: "), "{text}");
    assert_eq!(lines[1], "    2 |     row.a = 1 +;");
    fails("fn row(row) { row", orders(), ErrorKind::BadConfig, &["clean.rhai:1:"]);
    let long = format!(
        "fn row(row) {{ {} row.x = ; {} }}",
        "row.id = 1;".repeat(40),
        "row.id = 2;".repeat(40)
    );
    let (_, text) = failure(&long, orders());
    let line = text.lines().last().unwrap();
    assert!(
        line.contains("row.x = ; row.id") && line.len() < 180 && line.ends_with(".."),
        "{line}"
    );
    fails(
        "eval(\"1\")",
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:1:1", "eval"],
    );
    fails(
        "import \"x\" as x;",
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:1:1", "import", "a script is one file", "tenon new"],
    );
}

#[test]
fn unknown_names_are_told() {
    let script = "let limit = 3;\nfn row(row) { row.id = limit; row }";
    fails(
        script,
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:2:24: there is no variable `limit`", "`const limit = ..`"],
    );
    let script = "fn row(row) { row.id = tripel(row.id); row }";
    fails(
        script,
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:1:24: there is no function `tripel` that takes (integer)"],
    );
    let script = "fn row(row) { row.nmae }";
    fails(
        script,
        orders(),
        ErrorKind::BadConfig,
        &["clean.rhai:1:18: there is no column `nmae`; the columns are id, name, amount"],
    );
    let script = "fn row(row) { row[\"nmae\"] }";
    fails(script, orders(), ErrorKind::BadConfig, &["there is no column `nmae`"]);
}

#[test]
fn a_failure_names_row_line_and_calls() {
    let script = "fn half(x) {\n    x / 0\n}\nfn row(row) {\n    if row.id == 2 { half(row.id) }\n    row\n}";
    let (kind, text) = failure(script, orders());
    assert_eq!(kind, ErrorKind::BadData);
    assert!(
        text.starts_with("row 1 of its batch: in `half`, called in line 5: clean.rhai:2:7: Division by zero"),
        "{text}"
    );
    assert!(text.ends_with("\n    2 |     x / 0"), "{text}");
}

#[test]
fn null_in_a_calculation_is_explained() {
    let script = "fn row(row) { row.amount = row.amount * 2.0; row }";
    let parts = [
        "row 2 of its batch",
        "clean.rhai:1:39: `*` can't be applied to ((), float); one of them is null",
        "x ?? 0",
    ];
    fails(script, orders(), ErrorKind::BadData, &parts);
}

#[test]
fn what_a_script_throws_is_bad_data() {
    let script = "fn row(row) { if row.id == 3 { throw `id ${row.id} is out` } row }";
    fails(
        script,
        orders(),
        ErrorKind::BadData,
        &["row 2 of its batch", "clean.rhai:1:32: id 3 is out"],
    );
    fails(
        "throw \"at the start\"; fn row(row) { row }",
        orders(),
        ErrorKind::BadData,
        &["clean.rhai:1:1: at the start"],
    );
    // A script can look at an error and go on.
    let script = "fn row(row) { try { row.id = \"x\" } catch (e) { row.name = e.to_string() } row }";
    let batch = super::made(script, orders());
    assert!(
        super::texts(&batch, "name")[0]
            .as_deref()
            .unwrap()
            .contains("column `id` is int64")
    );
}

#[test]
fn a_value_that_does_not_fit_names_column_row_and_place() {
    let script = "fn row(row) { if row.id == 2 { row.id = \"two\"; } row }";
    let parts = [
        "row 1 of its batch",
        "clean.rhai:1:36: column `id` is int64 and takes an integer, not \"two\" (a string)",
    ];
    fails(script, orders(), ErrorKind::BadData, &parts);
    fails(
        "fn row(row) { 7 }",
        orders(),
        ErrorKind::BadData,
        &["row 0", "what `row` returned: the function returned an integer"],
    );
    let part = "the map that the function returned has no `id`";
    fails(
        "fn row(row) { #{ name: \"x\" } }",
        orders(),
        ErrorKind::BadConfig,
        &[part, "const SELECT"],
    );
}

#[test]
fn the_function_must_be_clear() {
    let fails = |script: &str, part: &str| fails(script, orders(), ErrorKind::BadConfig, &["clean.rhai", part]);
    fails(
        "fn clean(row) { row }",
        "has neither a function `row` nor a function `batch`",
    );
    fails("fn clean(row) { row }", "it has clean(row)");
    fails("fn row() { 1 }", "function `row` must take `row` or `batch` first");
    fails("", "it has none");
    fails(
        "fn row(row) { row } fn batch(batch) { batch }",
        "say which with `function`",
    );
    let named = |script: &str| {
        let config = json!({ "script": script, "file": "clean.rhai", "function": "clean" });
        testing::run("script", config, orders()).err().unwrap().to_string()
    };
    assert!(named("fn row(row) { row }").starts_with("clean.rhai has no function `clean`"));
    assert!(named("fn clean(x) { x }").contains("must take `row` or `batch` first"));
}

#[test]
fn limits_are_told() {
    let script = "fn deep(n) { deep(n + 1) } fn row(row) { deep(0); row }";
    fails(
        script,
        orders(),
        ErrorKind::Limit,
        &["clean.rhai: functions call each other too deeply"],
    );
}

#[test]
fn constants_and_the_configuration_cannot_be_changed() {
    for script in [
        "fn row(row) { config.a = 1; row }",
        "fn row(row, config) { config.a = 1; row }",
        "const LIST = [1]; fn row(row) { LIST.push(2); row }",
        "const MAP = #{ a: 1 }; fn row(row) { MAP.a = 2; row }",
        "fn row(row) { const MAP = #{ a: 1 }; MAP.a = 2; row }",
    ] {
        let config = json!({ "script": script, "config": { "a": 0 } });
        let error = testing::run("script", config, orders()).err();
        assert!(error.is_some(), "{script}");
    }
}

#[test]
fn the_configuration_is_checked() {
    let run = |config: serde_json::Value| testing::run("script", config, orders()).err().unwrap().to_string();
    assert!(run(json!({})).contains("script"));
    assert!(run(json!({ "script": "", "scirpt": "" })).contains("scirpt"));
    assert!(run(json!({ "script": "", "config": 3 })).contains("$.config"));
}
