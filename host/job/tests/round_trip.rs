//! The same job in every format, and from its own record.

use std::collections::BTreeMap;
use std::time::Duration;

use tenon_job::{
    Format, Input, Job, JoinKind, Lookup, OnError, Options, Share, SinkInput, Size, Step, Threshold, Timespan, Value,
};

const TOML: &str = include_str!("jobs/everything.toml");
const YAML: &str = include_str!("jobs/everything.yaml");
const JSON: &str = include_str!("jobs/everything.json");

struct Known;

impl Lookup for Known {
    fn env(&self, name: &str) -> Option<String> {
        BTreeMap::from([("BUCKET", "lake"), ("LEAST", "10")])
            .get(name)
            .map(|value| (*value).to_owned())
    }

    fn secret(&self, name: &str) -> Option<String> {
        (name == "password").then(|| "hunter2".to_owned())
    }
}

fn options() -> Options {
    Options::default().lookup(Known)
}

fn parse(text: &str, format: Format) -> Job {
    let loaded = Job::parse("jobs/everything.x", text, format, &options());
    let loaded = loaded.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.job
}

#[test]
fn every_format_gives_the_same_job() {
    let toml = parse(TOML, Format::Toml);
    assert_eq!(toml, parse(YAML, Format::Yaml));
    assert_eq!(toml, parse(JSON, Format::Json));
}

#[test]
fn a_record_gives_the_same_job() {
    let job = parse(TOML, Format::Toml);
    let record = job.to_json();
    let again = Job::from_json(record.clone(), &options()).expect("a job").job;
    assert_eq!(again, job);
    assert_eq!(again.to_json(), record);
    let text = serde_json::to_string_pretty(&job).expect("JSON");
    assert_eq!(parse(&text, Format::Json), job);
    assert_eq!(parse(&text, Format::Yaml), job);
    assert_ne!(parse(&text.replace("\"max\": 5", "\"max\": 4"), Format::Json), job);
}

#[test]
fn a_record_has_the_values_that_the_caller_gave() {
    let given = options().param("year", "2014");
    let job = Job::parse("everything.toml", TOML, Format::Toml, &given)
        .expect("a job")
        .job;
    assert_ne!(job, parse(TOML, Format::Toml));
    assert_eq!(Job::from_json(job.to_json(), &options()).expect("a job").job, job);
}

#[test]
fn everything_is_read() {
    let job = parse(TOML, Format::Toml);
    assert_eq!(job.name, "everything");
    assert_eq!(job.description.as_deref(), Some("One of each"));
    assert_eq!(job.params["least"].value.value(), &Value::Float(10.0));

    let settings = &job.settings;
    assert_eq!(settings.memory, Some(Size(2 << 30)));
    assert_eq!(settings.limits.cpu_per_call, Some(Timespan(Duration::from_secs(5))));
    assert_eq!(settings.limits.memory, Some(Size(64 << 20)));
    assert_eq!(settings.partitions.map(u32::from), Some(4));
    assert_eq!(settings.timeout, Some(Timespan(Duration::from_secs(5_400))));
    assert_eq!(
        (settings.retries.max, settings.retries.max_delay),
        (5, Timespan(Duration::from_secs(60)))
    );
    assert_eq!(settings.on_error, OnError::Reject);
    assert_eq!(settings.max_rejects, Some(Threshold::Share(Share(0.01))));
    assert_eq!(settings.http, ["api.example.com:443"]);
    assert_eq!(settings.secrets, ["password"]);

    assert_eq!(job.sources["orders"].connector, "file");
    assert!(job.bookmarked("orders"));
    assert!(!job.bookmarked("rates"));
    let caps = |source: &str| {
        (
            job.sources[source].max_files.map(u32::from),
            job.sources[source].max_bytes,
        )
    };
    assert_eq!(caps("countries"), (Some(10), Some(Size(1 << 30))));
    assert_eq!(caps("orders"), (None, None));
    assert_eq!(
        job.sources["orders"].config.get("url").and_then(|url| url.as_str()),
        Some("s3://lake/orders/2013/*.csv")
    );
    assert_eq!(job.sinks["rejected"].input, SinkInput::RejectsOf("hashed".to_owned()));

    let Step::Sql(paid) = &job.steps["paid"] else {
        panic!("not SQL")
    };
    assert_eq!(
        paid.sql.trim(),
        "select o.*, r.rate from Orders o join r on o.country = r.country\nwhere year = 2013 and amount > 10.0 and status in ('paid', 'it''s ok') and note <> '${x}'"
    );
    let inputs = job.steps["paid"].inputs();
    assert_eq!(
        inputs,
        [
            Input {
                from: "orders",
                table: Some("orders")
            },
            Input {
                from: "rates",
                table: Some("r")
            }
        ]
    );
    let Step::Join(joined) = &job.steps["joined"] else {
        panic!("not a join")
    };
    assert_eq!(joined.join.how, JoinKind::Left);
    assert_eq!(
        joined.join.on.0,
        BTreeMap::from([("country".to_owned(), "code".to_owned())])
    );

    let order = job.order();
    assert_eq!(order.len(), job.steps.len());
    for (name, step) in &job.steps {
        let place = |name: &str| order.iter().position(|step| *step == name);
        assert!(
            step.inputs().iter().all(|input| place(input.from) < place(name)),
            "{name} in {order:?}"
        );
    }
    let kinds: std::collections::BTreeSet<_> = job.steps.values().map(Step::kind).collect();
    assert_eq!(kinds.len(), 13, "one of each kind");
}

/// Refuses any text, and says which.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "String")]
struct Picky(#[expect(dead_code, reason = "never made")] String);
impl TryFrom<String> for Picky {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Err(format!("no: {text:?}"))
    }
}

/// Refuses any table, and tells its secret.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "BTreeMap<String, tenon_job::Node>")]
struct PickyTable(#[expect(dead_code, reason = "never made")] String);
impl TryFrom<BTreeMap<String, tenon_job::Node>> for PickyTable {
    type Error = String;

    fn try_from(table: BTreeMap<String, tenon_job::Node>) -> Result<Self, String> {
        match table.get("url").map(tenon_job::Node::value) {
            Some(Value::Secret(secret)) => Err(format!("no: {}", secret.expose())),
            other => Err(format!("{other:?}")),
        }
    }
}

#[test]
fn secrets_show_nowhere() {
    let job = parse(TOML, Format::Toml);
    let config = &job.sources["rates"].config;
    let Some(Value::Secret(url)) = config.get("url").map(tenon_job::Node::value) else {
        panic!("not secret")
    };
    assert_eq!(url.expose(), "postgres://etl:hunter2@db/rates");
    for shown in [
        format!("{job:?}"),
        format!("{job:#?}"),
        job.to_json().to_string(),
        format!("{:?}", config.to_json()),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("${secret:password}"), "{shown}");
    }
    assert_eq!(
        job.redact("connecting to postgres://etl:hunter2@db/rates as hunter2"),
        "connecting to *** as ***"
    );

    // Whatever a reader makes of it.
    let messages = [
        config.read::<BTreeMap<String, u32>>().expect_err("not numbers"),
        config.read::<BTreeMap<String, OnError>>().expect_err("not choices"),
        config.read::<BTreeMap<String, Picky>>().map(drop).expect_err("picky"),
        config.read::<PickyTable>().map(drop).expect_err("picky"),
    ];
    for problem in messages {
        let message = job.error(problem).to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
