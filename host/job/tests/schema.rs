//! The JSON Schema takes what the reader takes, and refuses what it refuses.

mod validator;

use serde_json::{Value as Json, json};
use tenon_job::{ConnectorSchema, Document, Format, Job, Lookup, Node, Options, schema};

struct AnySecret;

impl Lookup for AnySecret {
    fn env(&self, _: &str) -> Option<String> {
        Some("10".to_owned())
    }

    fn secret(&self, _: &str) -> Option<String> {
        Some("hunter2".to_owned())
    }
}

/// What a file is configured with, in small.
#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct File {
    /// Where the files are.
    url: String,
    csv: Option<Csv>,
    format: Option<String>,
    mode: Option<String>,
}

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Csv {
    null: Vec<String>,
    delimiter: Option<char>,
    skip: Option<u32>,
}

#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Postgres {
    url: String,
    table: String,
}

fn job_schema() -> Json {
    schema(&[
        ConnectorSchema {
            name: "file".to_owned(),
            source: schemars::schema_for!(File).to_value(),
            sink: schemars::schema_for!(File).to_value(),
        },
        ConnectorSchema {
            name: "postgres".to_owned(),
            source: schemars::schema_for!(Postgres).to_value(),
            sink: Json::Null,
        },
    ])
}

fn everything() -> Json {
    serde_json::from_str(include_str!("jobs/everything.json")).expect("JSON")
}

/// The job with something changed: a path of keys separated by dots, and the value to put there; null takes it out.
fn with(path: &str, value: Json) -> Json {
    let mut job = everything();
    let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = &mut job;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        place = &mut place[parent];
    }
    match value {
        Json::Null => drop(place.as_object_mut().expect("a table").remove(key)),
        value => place[key] = value,
    }
    job
}

#[test]
fn documented_examples_are_taken() {
    let schema = job_schema();
    assert_eq!(validator::check(&schema, &everything()), Ok(()));
    let job = Job::from_json(everything(), &Options::default().lookup(AnySecret))
        .expect("a job")
        .job;
    assert_eq!(validator::check(&schema, &job.to_json()), Ok(()), "its record, too");
    let document = include_str!("../../../docs/job-file.md");
    let mut examples = 0;
    for block in document.split("```toml\n").skip(1) {
        let text = block.split("```").next().expect("an end");
        // Fragments show one key at a time.
        if !text.contains("[sinks.") {
            continue;
        }
        let example = Node::parse(&Document::new("example", text), Format::Toml)
            .expect(text)
            .to_json();
        assert_eq!(validator::check(&schema, &example), Ok(()), "{text}");
        let loaded = Job::from_json(example, &Options::default().lookup(AnySecret));
        loaded.unwrap_or_else(|error| panic!("{error:#}\n{text}"));
        examples += 1;
    }
    assert!(examples >= 3, "{examples} whole examples");
}

#[test]
fn schema_and_reader_agree_on_what_is_wrong() {
    let schema = job_schema();
    for (path, value) in [
        ("nmae", json!("x")),
        ("name", json!(5)),
        ("sinks", Json::Null),
        ("sinks", json!({})),
        ("on_error", json!("ignore")),
        ("partitions", json!(0)),
        ("partitions", json!("four")),
        ("bookmark", json!("yes")),
        ("timeout", json!(5)),
        ("limits.memroy", json!(5)),
        ("limits.handles", json!("many")),
        ("retries.factor", json!(0.5)),
        ("retries.max", json!(-1)),
        ("http", json!("api.example.com")),
        ("params.year.type", json!("integer")),
        ("params.year.defualt", json!(1)),
        ("params.year.type", Json::Null),
        ("sources.my-source", json!({ "url": "x" })),
        ("sources.orders.connector", json!(5)),
        ("sources.orders.bookmark", json!("always")),
        ("sources.orders.max_files", json!(0)),
        ("sources.orders.max_files", json!("few")),
        ("sources.orders.max_bytes", json!(true)),
        ("steps.few.from", Json::Null),
        ("steps.few.select", Json::Null),
        ("steps.few.filter", json!("x")),
        ("steps.few.selct", json!(["x"])),
        ("steps.paid.from", json!("orders")),
        ("steps.hashed.fucntion", json!("x")),
        ("steps.hashed.reads", json!(5)),
        ("steps.joined.join.how", json!("outer")),
        ("steps.joined.join.on", json!("country")),
        ("steps.once.dedupe.keep", json!("any")),
        ("steps.both.union.distinct", json!("often")),
        ("steps.top.limit", json!(-1)),
        ("steps.top.limit", json!({ "rows": 1, "ofset": 2 })),
        ("steps.some.sample.seed", json!("x")),
        ("sinks.lake.from", Json::Null),
        ("sinks.lake.rejects_of", json!("paid")),
    ] {
        let job = with(path, value.clone());
        assert!(
            validator::check(&schema, &job).is_err(),
            "the schema takes {path} = {value}"
        );
        assert!(
            Job::from_json(job, &Options::default().lookup(AnySecret)).is_err(),
            "the reader takes {path} = {value}"
        );
    }
}

#[test]
fn connectors_are_told_apart() {
    let schema = job_schema();
    // Only the connector's own reader can say this; the schema says it in the editor.
    for (path, value) in [
        ("sources.orders.connector", json!("flie")),
        ("sources.orders.connector", json!("postgres")),
        ("sources.orders.table", json!("x")),
        ("sources.rates.max_files", json!(1)),
        ("sources.orders.csv.nul", json!(["x"])),
        ("sources.rates.connector", Json::Null),
        ("sinks.lake.connector", json!("postgres")),
    ] {
        let job = with(path, value.clone());
        assert!(
            validator::check(&schema, &job).is_err(),
            "the schema takes {path} = {value}"
        );
    }
    for (path, value) in [
        ("sources.orders.connector", json!("file")),
        ("sources.orders.csv.skip", json!("${rows}")),
        ("sources.orders.bookmark", json!("${distinct}")),
        ("sources.orders.max_files", json!("${rows}")),
        ("sources.orders.max_bytes", json!("${rows}")),
        ("partitions", json!("${rows}")),
        ("on_error", json!("${env:ON_ERROR}")),
        ("http", json!("${states}")),
        ("steps.hashed.reads", json!("${states}")),
        ("steps.some.sample", json!({ "rows": "${rows}" })),
        ("steps.once.dedupe", json!(["id"])),
        ("steps.both.union", json!(["joined"])),
    ] {
        let job = with(path, value.clone());
        assert_eq!(validator::check(&schema, &job), Ok(()), "{path} = {value}");
    }
}

#[test]
fn everything_is_described() {
    fn check(schema: &Json, path: &str) {
        if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
            for (key, property) in properties {
                let described = property.get("description").is_some() || property.get("$ref").is_some();
                assert!(described, "{path}.{key} has no description: {property}");
                check(property, &format!("{path}.{key}"));
            }
        }
    }
    let schema = schema(&[]);
    check(&schema, "job");
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        check(definition, name);
    }
}
