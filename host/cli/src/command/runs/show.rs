use std::io::IsTerminal;

use chrono::{DateTime, Local, Utc};
use serde_json::{Value, json};
use tenon_host::history::{self, History, KeptInfo, Pending, Run};

use crate::args::ShowRun;
use crate::exit::Failure;
use crate::format::{bytes, count, elapsed};
use crate::output::print;
use crate::printable::printable;
use crate::report::pairs;

type Rows = Vec<(String, String)>;

/// `tenon runs show`
pub fn show(arguments: &ShowRun) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    let run = history.get(&arguments.run)?;
    let kept = history.kept(&run.id)?;
    let pending = history.undecided(Some(&run.job))?;
    let pending = pending.into_iter().find(|pending| pending.run == run.id);
    if arguments.json {
        let mut shown = serde_json::to_value(&run).map_err(|error| Failure::failed(error.into()))?;
        shown["kept_batches"] = json!(kept);
        shown["undecided"] = json!(pending);
        return print(&format!("{shown:#}"));
    }
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let groups = groups(&run, &kept, pending.as_ref());
    let shown: Vec<String> = groups
        .into_iter()
        .map(|rows| pairs(rows, coloured).trim_fmt())
        .collect();
    print(&shown.join("\n\n"))
}

/// What is known, in the order in which people ask. Groups without anything are left out.
fn groups(run: &Run, kept: &[KeptInfo], pending: Option<&Pending>) -> Vec<Rows> {
    let progress = if run.ended.is_none() {
        run.progress.as_ref()
    } else {
        None
    };
    let all = [
        about(run, pending),
        error(run),
        run.report
            .as_ref()
            .map(|report| named("report", report))
            .unwrap_or_default(),
        progress.map(|progress| named("progress", progress)).unwrap_or_default(),
        named("argument", &run.arguments),
        named("job", &run.definition),
        batches(kept),
    ];
    all.into_iter().filter(|rows| !rows.is_empty()).collect()
}

fn about(run: &Run, pending: Option<&Pending>) -> Rows {
    let attempt = match &run.retry_of {
        Some(first) => format!("{}, of {first}", run.attempt),
        None => run.attempt.to_string(),
    };
    let log = match (run.log.lines, run.log.dropped) {
        (0, 0) => None,
        (lines, 0) => Some(format!("{} lines", count(lines))),
        (lines, dropped) => Some(format!("{} lines; {} more did not fit", count(lines), count(dropped))),
    };
    let undecided = pending.map(|pending| {
        let at = time(pending.time);
        format!("prepared at {at}; whether the sinks committed is still to be found out")
    });
    let plugins = run
        .plugins
        .iter()
        .map(|plugin| format!("{}, sha256:{}", plugin.name, plugin.digest));
    let rows = [
        ("run", Some(run.id.clone())),
        ("job", Some(run.job.clone())),
        ("state", Some(run.state.to_string())),
        ("began", Some(time(run.began))),
        ("ended", run.ended.map(time)),
        ("time", Some(elapsed(run.duration()))),
        ("committed", run.committed.map(time)),
        ("undecided", undecided),
        ("attempt", Some(attempt)),
        ("process", Some(format!("{} on {}", run.pid, run.host))),
        ("log", log),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let rows = rows.chain(plugins.map(|plugin| ("plugin", plugin)));
    rows.map(|(name, value)| (name.to_owned(), printable(&value))).collect()
}

fn error(run: &Run) -> Rows {
    let Some(error) = &run.error else { return Vec::new() };
    let mut rows = vec![("error".to_owned(), printable(&error.sentence))];
    rows.extend(error.chain.iter().map(|cause| ("because".to_owned(), printable(cause))));
    rows.push(("kind".to_owned(), printable(&error.kind)));
    rows
}

fn batches(kept: &[KeptInfo]) -> Rows {
    let rows = kept.iter().map(|batch| {
        let text = format!(
            "of `{}`, partition {}, {}: {}",
            batch.step,
            batch.partition,
            bytes(batch.bytes),
            batch.error
        );
        (format!("batch {}", batch.number), printable(&text))
    });
    rows.collect()
}

/// A value as rows, one for each value in it that is no object, by its path.
fn named(name: &str, value: &Value) -> Rows {
    let mut rows = Vec::new();
    flatten(name, value, &mut rows);
    rows
}

fn flatten(name: &str, value: &Value, rows: &mut Rows) {
    let text = match value {
        Value::Null => return,
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(&format!("{name}.{}", printable(field)), value, rows);
            }
            return;
        }
        Value::Array(values) if values.is_empty() => return,
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            texts.join("\n")
        }
        // Fields that hold bytes are called so.
        Value::Number(number) if name.ends_with("memory") || name.contains("bytes") => {
            number.as_u64().map_or_else(|| number.to_string(), bytes)
        }
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => count(number),
            (None, Some(number)) => format!("{number:.3}"),
            (None, None) => number.to_string(),
        },
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.push((name.to_owned(), printable(&text)));
}

fn time(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}
