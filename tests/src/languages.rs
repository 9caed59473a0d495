//! The conformance suite of guest languages: what a guest has to do, as data, and what it does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenon_runtime::{Clock, Error, ErrorKind, Limits, Output, Plugin, Run};

use crate::samples;

/// The languages, by the names of their guests' folders and as people call them.
pub const LANGUAGES: [(&str, &str); 7] = [
    ("rust", "Rust"),
    ("python", "Python"),
    ("js", "JavaScript"),
    ("go", "Go"),
    ("c", "C"),
    ("cpp", "C++"),
    ("zig", "Zig"),
];

/// The suite: `tests/conformance/cases.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    inputs: BTreeMap<String, Vec<Column>>,
    /// In the order of the table.
    pub cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    r#type: String,
    values: Vec<Value>,
}

/// One call and what has to come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What is tested.
    pub name: String,
    function: String,
    input: String,
    #[serde(default)]
    config: Map<String, Value>,
    #[serde(default)]
    run: Grants,
    #[serde(default)]
    limits: bool,
    #[serde(default)]
    finish: bool,
    #[serde(default)]
    same: bool,
    output: Option<Vec<Column>>,
    output_values: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    rejected: Vec<(u32, String)>,
    error: Option<Expected>,
    #[serde(default)]
    logs: Vec<String>,
    #[serde(default)]
    counters: BTreeMap<String, f64>,
    state: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Grants {
    parameters: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    state: BTreeMap<String, String>,
    clock: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// One, or a list: an exception is the guest's own error in some languages, and a trap in others.
    kind: Value,
    contains: Vec<String>,
    /// What it shows of where it was raised, in each language: the calls, the file, or both.
    trace: Option<BTreeMap<String, Vec<String>>>,
}

impl Suite {
    /// Reads the suite.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load() -> Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/cases.json");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        serde_json::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Runs one case.
    ///
    /// # Errors
    /// What came in the place of what had to come.
    pub async fn check(&self, language: &str, plugin: &Plugin, case: &Case) -> Result<()> {
        let input = batch(self.inputs.get(&case.input).context("the case has no input")?)?;
        let run = case.granted();
        let ended = call(plugin, &run, case, &input).await;
        let output = match (&case.error, ended) {
            (None, ended) => ended?,
            (Some(_), Ok(_)) => bail!("it succeeded"),
            (Some(expected), Err(error)) => return expected.check(language, &error),
        };
        let rejected: Vec<_> = output
            .rejected
            .iter()
            .map(|one| (one.row, one.reason.clone()))
            .collect();
        ensure!(rejected == case.rejected, "it refused {rejected:?}");
        if case.same {
            same(&[input], &output.batches)?;
        }
        if let Some(columns) = &case.output {
            same(&[batch(columns)?], &output.batches)?;
        }
        if let Some(expected) = &case.output_values {
            let found: Vec<Vec<Value>> = output
                .batches
                .iter()
                .flat_map(|batch| batch.columns().iter().map(values).collect::<Vec<_>>())
                .collect();
            ensure!(&found == expected, "it answered {found:?}");
        }
        case.check_run(&run)
    }
}

impl Case {
    fn granted(&self) -> Arc<Run> {
        let mut run = Run::builder("tenant", "conformance");
        for (name, value) in &self.run.parameters {
            run = run.parameter(name, value);
        }
        for (name, value) in &self.run.secrets {
            run = run.secret(name, value);
        }
        let state = self.run.state.iter();
        run = run.state(
            state
                .map(|(key, value)| (key.clone(), value.clone().into_bytes()))
                .collect(),
        );
        if let Some(seconds) = self.run.clock {
            run = run.clock(Clock::Fixed(Duration::from_secs(seconds)));
        }
        if self.limits {
            run = run.limits(Limits {
                memory: 96 << 20,
                cpu_per_call_ms: 2_000,
                ..Limits::default()
            });
        }
        run.build()
    }

    fn check_run(&self, run: &Run) -> Result<()> {
        let logs: Vec<String> = run.logs().into_iter().map(|record| record.message).collect();
        for line in &self.logs {
            ensure!(
                logs.iter().any(|logged| logged.contains(line)),
                "it did not log `{line}`, but {logs:?}"
            );
        }
        let counters = run.counters();
        for (name, amount) in &self.counters {
            let counted = counters.get(name).copied().unwrap_or_default();
            ensure!((counted - amount).abs() < 1e-9, "it counted {counted} {name}");
        }
        if let Some(expected) = &self.state {
            let state = run.state();
            for (key, value) in expected {
                let found = state.get(key).map(|value| String::from_utf8_lossy(value).into_owned());
                ensure!(found.as_ref() == Some(value), "it left {found:?} as state `{key}`");
            }
        }
        Ok(())
    }
}

impl Expected {
    fn check(&self, language: &str, error: &Error) -> Result<()> {
        let kind = serde_json::to_value(error.kind())?;
        let message = error.to_string();
        let is_expected = match &self.kind {
            Value::Array(kinds) => kinds.contains(&kind),
            expected => *expected == kind,
        };
        ensure!(is_expected, "the error is {kind}: {message}");
        let untraced = Vec::new();
        let traced = match &self.trace {
            Some(traces) => traces
                .get(language)
                .context("the case doesn't say what its trace shows")?,
            None => &untraced,
        };
        for text in self.contains.iter().chain(traced) {
            ensure!(
                message.contains(text.as_str()),
                "the error does not say `{text}`: {message}"
            );
        }
        Ok(())
    }
}

/// How a guest takes the values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As values of its language.
    Typed,
    /// As buffers.
    Raw,
}

/// Takes a column of one Arrow type through a guest, by every path.
///
/// # Errors
/// What came in the place of the column.
pub async fn access(plugin: &Plugin, column: &RecordBatch) -> Result<Access> {
    let run = Run::builder("tenant", "types").build();
    let name = column.schema().field(0).name().clone();
    // Whole; cut at odd bits on both sides; one row; none.
    for sent in [
        column.clone(),
        column.slice(3, 13),
        column.slice(samples::ROWS - 1, 1),
        column.slice(5, 0),
    ] {
        let expressions = serde_json::json!({ "expressions": [format!("\"{name}\"")] });
        for (function, config) in [
            ("pass", "{}"),
            ("raw", "{}"),
            ("kernel", expressions.to_string().as_str()),
        ] {
            let received = through(plugin, &run, function, config, sent.clone()).await;
            let received = received.with_context(|| format!("`{function}`"))?;
            same(std::slice::from_ref(&sent), &received.batches).with_context(|| format!("`{function}`"))?;
        }
    }
    let mut access = Access::Typed;
    for sent in [column.clone(), column.slice(3, 13), column.slice(samples::ROWS - 1, 1)] {
        match through(plugin, &run, "rebuild", "{}", sent.clone()).await {
            Ok(received) => same(&[sent], &received.batches).context("`rebuild`")?,
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let message = error.to_string();
                ensure!(message.contains(&name), "the error does not name the column: {message}");
                access = Access::Raw;
            }
            Err(error) => return Err(error).context("`rebuild`"),
        }
    }
    Ok(access)
}

async fn through(
    plugin: &Plugin,
    run: &Arc<Run>,
    function: &str,
    config: &str,
    batch: RecordBatch,
) -> Result<Output, Error> {
    let mut sandbox = plugin.checkout(run).await?;
    sandbox.open(function, config, &batch.schema()).await?;
    sandbox.process(batch).await
}

async fn call(plugin: &Plugin, run: &Arc<Run>, case: &Case, input: &RecordBatch) -> Result<Output, Error> {
    let config = Value::Object(case.config.clone()).to_string();
    let mut sandbox = plugin.checkout(run).await?;
    sandbox.open(&case.function, &config, &input.schema()).await?;
    let output = sandbox.process(input.clone()).await?;
    if case.finish {
        return sandbox.finish().await;
    }
    Ok(output)
}

/// Whether the same rows came, under the same fields.
fn same(expected: &[RecordBatch], found: &[RecordBatch]) -> Result<()> {
    ensure!(expected.len() == found.len(), "{} batches came", found.len());
    for (expected, found) in expected.iter().zip(found) {
        let (wanted, schema) = (expected.schema(), found.schema());
        let fields = |schema: &Schema| {
            let fields = schema.fields().iter();
            fields
                .map(|field| format!("{}: {}", field.name(), field.data_type()))
                .collect::<Vec<_>>()
        };
        ensure!(
            fields(&wanted) == fields(&schema),
            "its columns are {:?}",
            fields(&schema)
        );
        ensure!(
            expected.num_rows() == found.num_rows(),
            "{} rows came",
            found.num_rows()
        );
        for (field, (expected, found)) in wanted
            .fields()
            .iter()
            .zip(expected.columns().iter().zip(found.columns()))
        {
            let (expected, shown) = (texts(expected)?, texts(found)?);
            ensure!(
                expected == shown,
                "column `{}` is {shown:?}, not {expected:?}",
                field.name()
            );
            found.to_data().validate_full()?;
        }
    }
    Ok(())
}

/// The values as text: arrays that mean the same may differ in how dictionaries and runs are laid out.
fn texts(column: &ArrayRef) -> Result<Vec<String>> {
    let options = FormatOptions::default().with_null("∅");
    let formatter = ArrayFormatter::try_new(column, &options)?;
    Ok((0..column.len()).map(|row| formatter.value(row).to_string()).collect())
}

fn values(column: &ArrayRef) -> Vec<Value> {
    let text = texts(column).unwrap_or_default();
    let value = |(row, text): (usize, String)| {
        if column.is_null(row) {
            Value::Null
        } else {
            Value::String(text)
        }
    };
    text.into_iter().enumerate().map(value).collect()
}

fn batch(columns: &[Column]) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    for column in columns {
        let data_type: DataType = column.r#type.parse()?;
        fields.push(Field::new(&column.name, data_type, true));
    }
    let schema = Arc::new(Schema::new(fields));
    let rows = columns.first().map_or(0, |column| column.values.len());
    let mut decoder = arrow::json::ReaderBuilder::new(Arc::clone(&schema)).build_decoder()?;
    let row = |row: usize| {
        let pairs = columns
            .iter()
            .map(|column| (column.name.clone(), column.values[row].clone()));
        pairs.collect::<Map<_, _>>()
    };
    decoder.serialize(&(0..rows).map(row).collect::<Vec<_>>())?;
    decoder.flush()?.context("an input without rows")
}
