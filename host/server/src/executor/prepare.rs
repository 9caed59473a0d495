//! From what is stored of a job to one that the engine runs.

use serde_json::{Map, Value};
use tenon_engine::{Job, Retries};
use tenon_job::{Format, Job as Definition, Options};

use super::confine::House;
use super::lookup::Belongings;
use crate::plugins::Artifacts;

/// A job file's text, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub job: &'a str,
    pub definition: &'a str,
    pub format: tenon_runs::Format,
}

/// Reads a job for a run: with the run's arguments as its parameters.
///
/// # Errors
/// What is wrong, with line and column.
pub(crate) fn definition(
    text: Text<'_>,
    arguments: &Map<String, Value>,
    belongings: Belongings,
) -> Result<Definition, String> {
    let mut options = Options::default().lookup(belongings);
    options.params = arguments
        .iter()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    read(text, &options)
}

/// A value that a parameter can have: what has parts of parts, as the events that a trigger hands on, is JSON in a text.
fn plain(value: &Value) -> Value {
    let has_parts = |value: &Value| matches!(value, Value::Object(_) | Value::Array(_));
    match value {
        Value::Array(items) if items.iter().any(has_parts) => Value::String(value.to_string()),
        Value::Object(_) => Value::String(value.to_string()),
        value => value.clone(),
    }
}

/// The job as the engine runs it, confined to its tenant's house.
///
/// # Errors
/// What is wrong with it, or what it may not touch.
pub(crate) fn job(
    definition: &Definition,
    artifacts: &Artifacts,
    belongings: &Belongings,
    house: &House<'_>,
) -> Result<Job, String> {
    let files = tenon_engine::Artifacts {
        plugins: artifacts.plugins.clone(),
        scripts: artifacts.scripts.clone(),
        folder: Some(house.files.to_owned()),
    };
    let made = Job::from_definition(definition, &files, belongings, belongings);
    let mut job = made.map_err(|error| told(&error))?;
    house.confine(&mut job).map_err(|error| with_cause(&error))?;
    // The queue tries again, so that it is known to everybody and survives this server.
    job.retries = Retries {
        max: 0,
        ..Retries::default()
    };
    Ok(job)
}

fn read(text: Text<'_>, options: &Options) -> Result<Definition, String> {
    let (format, ending) = match text.format {
        tenon_runs::Format::Toml => (Format::Toml, "toml"),
        tenon_runs::Format::Yaml => (Format::Yaml, "yaml"),
        tenon_runs::Format::Json => (Format::Json, "json"),
    };
    let file = format!("{}.{ending}", text.job);
    let loaded = Definition::parse(&file, text.definition, format, options).map_err(|error| told(&error))?;
    let mut definition = loaded.job;
    // On a server a job is called as it was put, whatever its file says: bookmarks are kept by that name.
    text.job.clone_into(&mut definition.name);
    Ok(definition)
}

/// All that is wrong, a line each.
fn told(error: &tenon_job::Error) -> String {
    let problems = error.problems();
    if problems.is_empty() {
        return error.to_string();
    }
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// An error with the one that caused it.
pub(crate) fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(cause) if !error.to_string().contains(&cause.to_string()) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
