//! Functions as the host sees them.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{
    Batch, DataType, Error, ErrorKind, Field, Level, NoConfig, Result, Schema, Transform, batch, reject, testing,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scale {
    /// What to multiply with.
    by: f64,
    #[serde(default)]
    columns: Vec<String>,
}

/// Multiplies.
///
/// Every column that is named.
#[tenon::transform]
fn scale(batch: Batch, config: Scale) -> Result<Batch> {
    let mut batch = batch;
    for name in &config.columns {
        let scaled = batch.column::<f64>(name)?.map(|value| value * config.by);
        batch = batch.with_column(name, scaled)?;
    }
    Ok(batch)
}

#[tenon::transform(name = "renamed", stateless = false, reads = ["a"])]
fn by_reference(batch: &Batch, config: &Scale) -> Option<Batch> {
    (config.by > 0.0).then(|| batch.clone())
}

#[tenon::transform]
fn nothing(_batch: Batch) {}

#[tenon::transform]
fn twice(batch: Batch) -> Vec<Batch> {
    vec![batch.clone(), batch]
}

#[tenon::transform]
fn foreign_error(batch: Batch) -> std::result::Result<Batch, std::num::ParseIntError> {
    if batch.rows() > 0 {
        "x".parse::<i32>()?;
    }
    Ok(batch)
}

#[tenon::transform(scalar)]
fn wrong_scalar(batch: Batch) -> Result<Batch> {
    let rows = batch.rows();
    batch.slice(0, rows / 2)
}

#[tenon::transform]
fn refuse(batch: Batch) -> Result<Batch> {
    log::info!("refusing {} rows", batch.rows());
    for row in (0..batch.rows()).rev().filter(|row| row % 2 == 1) {
        reject(row, format!("row {row} is odd"));
        reject(row, "again");
    }
    batch.without_rejected()
}

/// Rejects too late: the rows aren't those of the input any more.
#[tenon::transform]
fn refuse_late(batch: Batch) -> Result<Batch> {
    let rows = batch.rows();
    let kept = batch.slice(0, rows.min(2))?;
    reject(0, "the first");
    kept.without_rejected()
}

/// Counts.
struct RowCount {
    rows: i64,
}

/// Answers with the number of rows at the end.
#[tenon::transform]
impl Transform for RowCount {
    type Config = NoConfig;

    fn open(_config: NoConfig, input: &Schema) -> Result<Self> {
        input.position("a").map(|_| Self { rows: 0 })
    }

    fn output_schema(&self, _input: &Schema) -> Result<Schema> {
        Ok(Schema::new([Field::new("rows", DataType::Int64)]))
    }

    fn process(&mut self, batch: Batch) {
        self.rows += batch.rows() as i64;
    }

    fn finish(&mut self) -> Result<Batch> {
        Batch::new([("rows", vec![self.rows].into())])
    }
}

fn input() -> Batch {
    batch! { "a" => [1.0, 2.0, 3.0] }
}

#[test]
fn functions_describe_themselves() {
    let functions = testing::functions();
    let names: Vec<_> = functions.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        names,
        [
            "foreign_error",
            "nothing",
            "refuse",
            "refuse_late",
            "renamed",
            "row_count",
            "scale",
            "twice",
            "wrong_scalar"
        ]
    );
    let (_, doc, config) = &functions[6];
    assert_eq!(*doc, "Multiplies.\n\nEvery column that is named.");
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    assert_eq!(config["properties"]["by"]["description"], "What to multiply with.");
    assert_eq!(config["required"], serde_json::json!(["by"]));
    assert_eq!(functions[5].1, "Answers with the number of rows at the end.");
}

#[test]
fn a_configuration_reaches_the_function() {
    let config = serde_json::json!({ "by": 2.0, "columns": ["a"] });
    let output = testing::run("scale", config, input()).unwrap();
    assert_eq!(output.batches[0].column::<f64>("a").unwrap().values(), [2.0, 4.0, 6.0]);
    assert_eq!(
        testing::run("renamed", r#"{ "by": 1 }"#, input())
            .unwrap()
            .batches
            .len(),
        1
    );
    assert!(
        testing::run("renamed", r#"{ "by": 0 }"#, input())
            .unwrap()
            .batches
            .is_empty()
    );
}

#[test]
fn rejected_rows_are_left_out_of_no_other_batch_than_the_input() {
    let error = testing::run("refuse_late", "{}", input()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::BadConfig);
    let message = error.to_string();
    assert!(
        message.contains("has 2 rows, but the function was given 3, "),
        "{message}"
    );
    assert!(message.contains("before `filter`"), "{message}");
    let output = testing::run("refuse_late", "{}", batch! { "a" => [1.0, 2.0] }).unwrap();
    assert_eq!(output.batches[0].column::<f64>("a").unwrap().values(), [2.0]);
    // What the call before was given is forgotten.
    assert_eq!(input().without_rejected().unwrap().rows(), 3);
}

#[test]
fn a_configuration_that_does_not_fit_names_the_path() {
    let error = |config: &str| {
        let error = testing::open("scale", config, input().schema()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::BadConfig);
        error.to_string()
    };
    assert_eq!(
        error(r#"{ "by": 1, "columns": ["a", 7] }"#),
        "the configuration doesn't fit at $.columns[1]: invalid type: integer `7`, expected a string"
    );
    assert_eq!(error("{}"), "the configuration doesn't fit at $: missing field `by`");
    assert_eq!(error(""), error("null"));
    assert!(error(r#"{ "by": 1, "size": 2 }"#).starts_with("the configuration doesn't fit at $.size: unknown field"));
    assert!(
        error("{").starts_with("the configuration isn't JSON: expected a name in double quotes at line 1, column 2")
    );
    let unknown = testing::open("scales", "{}", input().schema()).err().unwrap();
    assert!(
        unknown
            .to_string()
            .starts_with("there is no function `scales`; the functions are foreign_error, nothing,")
    );
}

#[test]
fn functions_answer_as_they_like() {
    assert!(testing::run("nothing", "{}", input()).unwrap().batches.is_empty());
    assert_eq!(testing::run("twice", "{}", input()).unwrap().batches.len(), 2);
    let error = testing::run("foreign_error", "{}", input()).err().unwrap();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::BadData, "invalid digit found in string")
    );
    let error = testing::run("wrong_scalar", "{}", input()).err().unwrap();
    assert_eq!(
        error.message(),
        "scalar function `wrong_scalar` made 1 values for 3 rows"
    );
}

#[test]
fn declared_columns_must_be_there() {
    let error = testing::open("renamed", r#"{ "by": 1 }"#, batch! { "b" => [1] }.schema())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "function `renamed`: there is no column `a`; the columns are b"
    );
}

#[test]
fn rejections_and_logs_are_seen() {
    let output = testing::run("refuse", "{}", batch! { "a" => [0, 1, 2, 3] }).unwrap();
    assert_eq!(output.batches[0].column::<i32>("a").unwrap().values(), [0, 2]);
    assert_eq!(
        output.rejected,
        [(3, "row 3 is odd".to_owned()), (1, "row 1 is odd".to_owned())]
    );
    assert_eq!(
        testing::logs().last().unwrap(),
        &(Level::Info, "refusing 4 rows".to_owned())
    );
}

#[test]
fn state_is_kept_between_batches() {
    let mut session = testing::open("row_count", "", input().schema()).unwrap();
    session.process(input()).unwrap();
    session.process(input()).unwrap();
    let output = session.finish().unwrap();
    assert_eq!(output.batches[0].column::<i64>("rows").unwrap().values(), [6]);
    assert!(testing::open("row_count", "", batch! { "b" => [1] }.schema()).is_err());
}

#[test]
fn a_run_offers_what_it_was_given() {
    testing::reset();
    assert_eq!(tenon::parameter("year"), None);
    assert_eq!(tenon::secret("key").unwrap_err().kind(), ErrorKind::Denied);
    testing::set_parameter("year", "2013");
    testing::set_secret("key", "s3cret");
    assert_eq!(tenon::parameter("year").as_deref(), Some("2013"));
    assert_eq!(tenon::secret("key").unwrap(), "s3cret");
    tenon::state::put("last", b"7").unwrap();
    assert_eq!(tenon::state::get("last").unwrap().as_deref(), Some(&b"7"[..]));
    tenon::state::delete("last").unwrap();
    assert_eq!(tenon::state::get("last").unwrap(), None);
    assert_eq!(tenon::random(5).unwrap().len(), 5);
    assert_eq!(tenon::random(1 << 20).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(tenon::now(), tenon::Instant::default());
    let _: Error = "plain text".into();
}
