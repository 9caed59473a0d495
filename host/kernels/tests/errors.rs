//! What errors say.

mod common;

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use common::{batch, compile, error};
use tenon_kernels::{Error, Kind, Limits, concat, select, slice, take, with_columns};

#[test]
fn errors_in_expressions_name_the_place_and_the_remedy() {
    use Kind::{BadConfig, BadData, Unsupported};
    let table: &[(&str, Kind, &str)] = &[
        (
            "amout * 2",
            BadConfig,
            "In the expression `amout * 2` at line 1, column 1: there is no column `amout`; did you mean `Amount`? The \
             columns are `id`, `quantity`, `Amount`, `name`, `view`, `paid`, `day`, `at`, `country`, `point`, `tags`, \
             `Two words`",
        ),
        (
            "id +\n  nme",
            BadConfig,
            "at line 2, column 3: there is no column `nme`; did you mean `name`?",
        ),
        (
            "id + ",
            BadConfig,
            "In the expression `id + `: expected: an expression, found the end of the expression",
        ),
        (
            "id id2 id3",
            BadConfig,
            "at line 1, column 8: expected the end of the expression, found: id3",
        ),
        (
            "id, name",
            BadConfig,
            "at line 1, column 3: expected the end of the expression, found: ,",
        ),
        (
            "id; drop table x",
            BadConfig,
            "at line 1, column 3: expected the end of the expression, found: ;",
        ),
        ("", BadConfig, "the expression is empty"),
        ("-- nothing", BadConfig, "the expression is empty"),
        ("'open", BadConfig, "at line 1, column 1: Unterminated string literal"),
        (
            "uper(name)",
            BadConfig,
            "at line 1, column 1: the function `uper` is not offered; did you mean `upper`?",
        ),
        (
            "id + Now()",
            BadConfig,
            "at line 1, column 6: the function `Now` is not offered: expressions don't read the clock",
        ),
        (
            "random()",
            BadConfig,
            "the function `random` is not offered: expressions give the same result each time",
        ),
        ("version()", BadConfig, "the function `version` is not offered"),
        (
            "current_date",
            BadConfig,
            "the function `current_date` is not offered: expressions don't read the clock",
        ),
        (
            "sum(id)",
            BadConfig,
            "the function `sum` is not offered: expressions work row by row",
        ),
        (
            "upper(name) over ()",
            Unsupported,
            "at line 1, column 1: the call of `upper` has a clause",
        ),
        ("*", Unsupported, "`*` is not an expression: name the columns"),
        ("point.*", Unsupported, "`*` is not an expression: name the columns"),
        ("(select 1)", Unsupported, "queries are not offered inside expressions"),
        (
            "exists (select 1)",
            Unsupported,
            "queries are not offered inside expressions",
        ),
        (
            "id in (select 1)",
            Unsupported,
            "queries are not offered inside expressions",
        ),
        (
            "id = $1",
            Unsupported,
            "at line 1, column 6: placeholders are not offered",
        ),
        (
            "id = ?",
            Unsupported,
            "at line 1, column 6: placeholders are not offered",
        ),
        ("name * 2 + true", BadConfig, "In the expression `name * 2 + true`"),
        ("upper()", BadConfig, "upper"),
        ("upper(name, 1, 2)", BadConfig, "upper"),
        ("point.z", BadConfig, "z"),
        (
            "cast(name as int)",
            BadData,
            "In the expression `cast(name as int)`: Cast error: Cannot cast string",
        ),
        ("id / 0", BadData, "In the expression `id / 0`: Divide by zero"),
        (
            "id / quantity",
            BadData,
            "In the expression `id / quantity`: Divide by zero",
        ),
        (
            "id + 9223372036854775807",
            BadData,
            "In the expression `id + 9223372036854775807`: Arithmetic overflow",
        ),
        (
            "9223372036854775807 + 1",
            BadConfig,
            "In the expression `9223372036854775807 + 1`: Arithmetic overflow",
        ),
        ("name like name", Unsupported, "a pattern must be a literal text"),
        ("name ~ name", Unsupported, "a pattern must be a literal text"),
        (
            "regexp_like(name, name)",
            Unsupported,
            "a pattern must be a literal text",
        ),
        ("name ~ '('", BadConfig, "not a valid regular expression"),
        (
            "cast(null as int[1000000000])",
            Unsupported,
            "lists of a fixed size are not offered in casts",
        ),
        (
            "arrow_cast(name, 'FixedSizeBinary(1000000000)')",
            Unsupported,
            "casts to values wider than 256 bytes",
        ),
    ];
    let mut wrong = Vec::new();
    for (expression, kind, text) in table {
        let error = match common::evaluate(expression) {
            Err(error) => error,
            Ok(result) => {
                wrong.push(format!("{expression}\n  gave {result:?}"));
                continue;
            }
        };
        let said = error.to_string();
        if error.kind() != *kind || !said.contains(text) || !said.starts_with("In the expression") {
            wrong.push(format!(
                "{expression}\n  expected {kind:?} {text}\n  got      {:?} {said}",
                error.kind()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_are_short_whatever_the_guest_sends() {
    let long = format!("{} + 1", "x".repeat(60_000));
    assert!(error(&long).to_string().len() < 1_500);
    let many: Vec<Field> = (0..10_000)
        .map(|n| Field::new(format!("c{n}"), DataType::Int64, true))
        .collect();
    let schema = Arc::new(Schema::new(many));
    let said = tenon_kernels::Program::compile(&schema, &["d".to_owned()], &Limits::default())
        .unwrap_err()
        .to_string();
    assert!(said.ends_with("`c19` and 9980 more") && said.len() < 1_000, "{said}");
}

#[test]
fn results_need_names_of_their_own() {
    let error = compile(&["id", "name as id"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Two columns of the result are called `id`: give one of them another name with `as`"
    );
    assert_eq!(error.kind(), Kind::BadConfig);
}

#[test]
fn a_filter_is_one_boolean_expression() {
    let refused = |expressions: &[&str]| {
        compile(expressions)
            .expect("compiles")
            .filter(&batch())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(&["paid", "id = 1"]),
        "A filter needs exactly one boolean expression, but there are 2"
    );
    assert_eq!(
        refused(&[]),
        "A filter needs exactly one boolean expression, but there are 0"
    );
    assert_eq!(
        refused(&["id"]),
        "A filter needs exactly one boolean expression, but this one is of type Int64"
    );
}

#[test]
fn programs_refuse_batches_of_another_schema() {
    let program = compile(&["id"]).expect("compiles");
    let said = |batch: &RecordBatch| program.project(batch).unwrap_err().to_string();
    let one = select(&batch(), &["name".to_owned()]).expect("selects");
    assert_eq!(
        said(&one),
        "The program expects another schema: column 1 is called `id`, not `name`"
    );
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let other = with_columns(
        &batch(),
        &Schema::new(vec![Field::new("id", DataType::Utf8, false)]),
        vec![ids],
    )
    .expect("replaces");
    assert_eq!(
        said(&other),
        "The program expects another schema: column `id` is of type Int64, not Utf8"
    );
    let nullable: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, None]));
    let other = with_columns(
        &batch(),
        &Schema::new(vec![Field::new("id", DataType::Int64, true)]),
        vec![nullable],
    )
    .expect("replaces");
    assert_eq!(
        said(&other),
        "The program expects another schema: column `id` may not have nulls there, but may have them here"
    );
    let fewer = batch().project(&[0]).expect("projects");
    assert_eq!(
        said(&fewer),
        "The program expects another schema: it has 12 columns, not 1"
    );
}

#[test]
fn batch_kernels_say_what_is_wrong() {
    let limits = Limits::default();
    let check = |result: Result<RecordBatch, Error>, kind: Kind, text: &str| {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    check(
        select(&batch().project(&[0, 3]).expect("projects"), &names(&["nme"])),
        Kind::BadConfig,
        "There is no column `nme`; did you mean `name`? The columns are `id`, `name`",
    );
    check(
        select(&batch(), &names(&["id", "id"])),
        Kind::BadConfig,
        "select names the column `id` twice",
    );
    check(
        slice(&batch(), 2, 2),
        Kind::BadConfig,
        "slice of rows 2 to 4 is past the end of a batch of 3 rows",
    );
    check(
        slice(&batch(), u32::MAX, u32::MAX),
        Kind::BadConfig,
        "slice of rows 4294967295 to 8589934590 is past the end of a batch of 3 rows",
    );
    check(
        take(&batch(), &[0, 3], &limits),
        Kind::BadConfig,
        "take of row 3 is past the end of a batch of 3 rows",
    );
    check(concat(&[], &limits), Kind::BadConfig, "concat needs at least one batch");
    check(
        concat(&[batch(), batch().project(&[1]).expect("projects")], &limits),
        Kind::BadConfig,
        "concat expects another schema: column 1 is called `id`, not `quantity`",
    );
    let column = |values: Vec<Option<i64>>| -> Vec<ArrayRef> { vec![Arc::new(Int64Array::from(values))] };
    let field = |name: &str, data_type: DataType, nullable| Schema::new(vec![Field::new(name, data_type, nullable)]);
    check(
        with_columns(&batch(), &field("x", DataType::Int64, true), column(vec![Some(1)])),
        Kind::BadConfig,
        "The column `x` has 1 rows, but the batch has 3",
    );
    check(
        with_columns(&batch(), &field("x", DataType::Utf8, true), column(vec![None; 3])),
        Kind::BadConfig,
        "The column `x` is of type Int64, but its field says Utf8",
    );
    check(
        with_columns(&batch(), &field("x", DataType::Int64, false), column(vec![None; 3])),
        Kind::BadConfig,
        "The column `x` has 3 nulls, but its field says that there are none",
    );
    check(
        with_columns(&batch(), &Schema::empty(), column(vec![None; 3])),
        Kind::BadConfig,
        "1 columns were given for 0 fields",
    );
}
