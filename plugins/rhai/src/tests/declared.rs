//! Which columns come out.

use tenon::{DataType, ErrorKind};

use super::{fails, made, orders, run, texts};

#[test]
fn declared_columns_are_added_and_null_where_nothing_is_assigned() {
    let script = r#"
        const COLUMNS = #{ total: "float64", checked: "bool", amount: "decimal(10, 2)" };
        fn row(row) { if row.id == 1 { row.checked = true; row.total = 2 } row.amount = 3; row }
    "#;
    let batch = made(script, orders());
    let names: Vec<_> = batch.schema().names().collect();
    assert_eq!(names, ["id", "name", "amount", "checked", "total"]);
    assert_eq!(
        batch.column::<bool>("checked").unwrap().iter().collect::<Vec<_>>(),
        [Some(true), None, None]
    );
    assert_eq!(batch.column::<f64>("total").unwrap().get(0), Some(2.0));
    assert_eq!(batch.column::<i128>("amount").unwrap().values(), [300; 3]);
}

#[test]
fn a_column_with_another_type_is_converted_or_refused() {
    let dates = || tenon::batch! { "day" => [Some("2024-02-29"), None], "n" => [1_i64, 2] };
    let batch = made(
        "const COLUMNS = #{ day: \"date\", n: \"float32\" }; fn row(row) { row }",
        dates(),
    );
    assert_eq!(batch.schema().field("day").unwrap().data_type, DataType::Date);
    assert_eq!(
        batch.column::<tenon::Date>("day").unwrap().get(0),
        Some(tenon::Date(19_782))
    );
    assert_eq!(batch.column::<f32>("n").unwrap().values(), [1.0, 2.0]);
    let script = "const COLUMNS = #{ day: \"int64\" }; fn row(row) { row }";
    fails(
        script,
        dates(),
        ErrorKind::BadData,
        &[
            "row 0",
            "column `day` is int64 and takes an integer, not \"2024-02-29\" (a string)",
        ],
    );
}

#[test]
fn selected_columns_come_out_in_their_order() {
    let script = r#"
        const COLUMNS = #{ label: "utf8", unused: "int64" };
        const SELECT = ["label", "id"];
        fn row(row) { if row.id == 2 { row.label = "two"; row.amount = 5.0; return row; } #{ id: row.id * 2, label: "map" } }
    "#;
    let batch = made(script, orders());
    assert_eq!(batch.schema().names().collect::<Vec<_>>(), ["label", "id"]);
    assert_eq!(
        texts(&batch, "label").into_iter().flatten().collect::<Vec<_>>(),
        ["map", "two", "map"]
    );
    assert_eq!(batch.column::<i64>("id").unwrap().values(), [2, 2, 6]);
}

#[test]
fn columns_may_depend_on_the_configuration_and_the_input() {
    let script = r#"
        const COLUMNS = if "amount" in schema && schema.amount == "float64" { #{ yes: "bool" } } else { #{} };
        fn row(row) { row.yes = true; row }
    "#;
    assert!(run(script, orders()).unwrap().batches[0].schema().contains("yes"));
}

#[test]
fn columns_that_are_not_declared_say_how_to() {
    let parts = [
        "row 0 of its batch: ",
        "clean.rhai:1:18: there is no column `total`; the columns are id, name, amount; a new one must be declared",
        "const COLUMNS = #{ total: \"float64\" };",
        "    1 | fn row(row) { row.total = 1.5; row }",
    ];
    fails(
        "fn row(row) { row.total = 1.5; row }",
        orders(),
        ErrorKind::BadConfig,
        &parts,
    );
    let script = "fn row(row) { row[\"a b\"] = date(\"2024-01-01\"); row }";
    fails(
        script,
        orders(),
        ErrorKind::BadConfig,
        &["const COLUMNS = #{ \"a b\": \"date\" };"],
    );
    let script = "const SELECT = [\"id\"]; fn row(row) { #{ id: 1, more: true } }";
    fails(
        script,
        orders(),
        ErrorKind::BadConfig,
        &["what `row` returned", "#{ more: \"bool\" }"],
    );
}

#[test]
fn declarations_that_make_no_sense_are_refused() {
    let fails = |constants: &str, part: &str| {
        let script = format!("{constants} fn row(row) {{ row }}");
        super::fails(&script, orders(), ErrorKind::BadConfig, &["clean.rhai", part]);
    };
    fails("const COLUMNS = 3;", "COLUMNS must be a map");
    fails("const COLUMNS = #{ a: 1 };", "COLUMNS must be a map");
    fails(
        "const COLUMNS = #{ a: \"number\" };",
        "column `a` can't be of type `number`; the types are bool, int8",
    );
    fails("const SELECT = \"id\";", "SELECT must be an array");
    fails(
        "const SELECT = [\"idd\"];",
        "SELECT: there is no column `idd`; the columns are id, name, amount",
    );
}
