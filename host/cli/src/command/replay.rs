use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::json::ArrayWriter;
use arrow::util::pretty::pretty_format_batches;
use serde_json::{Value, json};
use tenon_host::engine::{Engine, Job, Replay, Replayed};
use tenon_host::history::{self, History, KeptInfo, LoadedBatch, Run};
use tenon_host::job::{Step, interpreter_of};

use crate::args::ReplayArguments;
use crate::exit::Failure;
use crate::format::count;
use crate::interrupt::Interrupt;
use crate::output;
use crate::printable::{one_line, printable};
use crate::recorded::{Recorded, RecordedJob};
use crate::{job, plugin};

/// Rejected rows that are shown to people.
const SHOWN_REJECTED: usize = 20;

/// `tenon replay`
pub async fn replay(arguments: &ReplayArguments, quiet: bool) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    let run = history.get(&arguments.run)?;
    let kept = chosen(&history, &run, arguments.step.as_deref())?;
    let LoadedBatch { info, arrow_ipc } = history.load_kept(kept.number)?;
    let batch = Replay::read_batch(&arrow_ipc)?;
    let again = Again::of(&run, &info, arguments)?;

    let interrupt = Interrupt::listen();
    let rows = batch.num_rows();
    let work = async {
        let replay = Replay {
            step: info.step.clone(),
            plugin: plugin::component(&again.plugin, quiet).await?,
            function: Some(info.function.clone()),
            config: again.config,
            batch,
        };
        let engine = Engine::new(plugin::runtime(again.memory_limit)?);
        Ok::<_, Failure>(engine.replay(&again.job, &replay).await?)
    };
    let replayed = tokio::select! {
        replayed = work => replayed?,
        () = interrupt.requested() => return Err(tenon_host::engine::Error::Cancelled.into()),
    };
    let changed = replayed.plugin_digest != info.plugin_digest;
    if arguments.json {
        let text = as_json(&info, rows, changed, &replayed)?;
        output::print(&format!("{text:#}"))
    } else {
        output::print(&as_text(&info, rows, changed, &replayed, arguments.rows)?)
    }
}

/// The batch to run again: the last that the run has kept.
fn chosen(history: &History, run: &Run, step: Option<&str>) -> Result<KeptInfo, Failure> {
    let mut kept = history.kept(&run.id)?;
    if kept.is_empty() {
        return Err(Failure::usage(format!(
            "the run {} has kept no batch: run the job with --keep-failed, or with `keep_failed` among its limits",
            run.id
        )));
    }
    let steps: Vec<String> = kept.iter().map(|batch| format!("`{}`", batch.step)).collect();
    kept.retain(|batch| step.is_none_or(|step| batch.step == step));
    kept.pop().ok_or_else(|| {
        let step = step.unwrap_or_default();
        let steps = steps.join(", ");
        Failure::usage(format!(
            "the run {} has kept no batch of `{step}`, but of {steps}",
            run.id
        ))
    })
}

/// What the function is called with, and for whom.
struct Again {
    plugin: PathBuf,
    config: Value,
    /// What grants and limits are taken from.
    job: Job,
    memory_limit: Option<usize>,
}

impl Again {
    fn of(run: &Run, batch: &KeptInfo, arguments: &ReplayArguments) -> Result<Self, Failure> {
        let recorded: Recorded = serde_json::from_value(run.definition.clone()).map_err(|_| {
            let run = &run.id;
            Failure::refused(anyhow::anyhow!(
                "what ran in {run} is not recorded well enough to run it again"
            ))
        })?;
        let Recorded {
            folder,
            memory_limit,
            job,
        } = recorded;
        let (plugin, config, mut job) = match job {
            RecordedJob::File { job, .. } => of_file(job, batch)?,
            RecordedJob::Plugin {
                plugin, secrets, http, ..
            } => (
                plugin.clone(),
                current(&folder.join(&plugin), batch.config.clone()),
                of_plugin(run, &secrets, &http, arguments)?,
            ),
        };
        job.secrets.extend(plugin::secrets(&arguments.secret)?);
        if let Some(bytes) = memory_limit {
            job.limits.memory = bytes;
        }
        let plugin = match &arguments.plugin {
            Some(plugin) => plugin.clone(),
            // As the run saw it, wherever this command is given.
            None => folder.join(plugin),
        };
        Ok(Self {
            plugin,
            config,
            job,
            memory_limit,
        })
    }
}

/// Plugin, configuration and grants of a job file's step. The file's references to secrets are followed again.
fn of_file(job: Value, batch: &KeptInfo) -> Result<(String, Value, Job), Failure> {
    let definition = job::recorded(job)?;
    let plugin = match definition.steps.get(&batch.step) {
        Some(Step::Plugin(step)) => step.plugin.clone(),
        Some(Step::Script(step)) => step.script.clone(),
        _ => {
            let step = &batch.step;
            let error = anyhow::anyhow!("the run's job has no step `{step}` with a plugin or a script");
            return Err(Failure::refused(error));
        }
    };
    let ready = job::ready(&definition, &BTreeMap::new())?;
    let config = match ready.steps.get(&batch.step) {
        Some(tenon_host::engine::Step::Plugin(step)) => step.config.clone(),
        _ => batch.config.clone(),
    };
    Ok((plugin, config, ready))
}

/// The configuration, with the text that the script has now.
fn current(plugin: &Path, mut config: Value) -> Value {
    if interpreter_of(plugin).is_some()
        && let Ok(script) = fs::read_to_string(plugin)
    {
        config["script"] = script.into();
    }
    config
}

/// Grants of a plugin that ran without a job file.
fn of_plugin(run: &Run, secrets: &[String], http: &[String], arguments: &ReplayArguments) -> Result<Job, Failure> {
    let mut job = Job::new(&run.job);
    let given = run.arguments.as_object().into_iter().flatten();
    job.parameters = given
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let recorded = secrets.iter().filter_map(|secret| secret.split_once("=env:"));
    let recorded = recorded.filter(|(name, _)| !arguments.secret.iter().any(|(given, _)| given == name));
    let recorded: Vec<_> = recorded
        .map(|(name, variable)| (name.to_owned(), variable.to_owned()))
        .collect();
    job.secrets = plugin::secrets(&recorded)?;
    for host in http {
        let grant = host.parse();
        job.http
            .push(grant.map_err(|error: tenon_host::runtime::Error| Failure::refused(error.into()))?);
    }
    Ok(job)
}

fn as_json(info: &KeptInfo, rows: usize, changed: bool, replayed: &Replayed) -> Result<Value, Failure> {
    let mut encoded = ArrayWriter::new(Vec::new());
    let batches: Vec<&RecordBatch> = replayed.batches.iter().collect();
    let written = encoded.write_batches(&batches).and_then(|()| encoded.finish());
    written.map_err(|error| Failure::failed(error.into()))?;
    let made = encoded.into_inner();
    // The writer writes nothing at all of no rows.
    let made: Value = if made.is_empty() {
        json!([])
    } else {
        serde_json::from_slice(&made).map_err(|error| Failure::failed(error.into()))?
    };
    let rejected = replayed.rejected.iter();
    let rejected = rejected.map(|rejection| json!({ "row": rejection.row, "reason": rejection.reason }));
    Ok(json!({
        "status": "succeeded",
        "run": info.run,
        "batch": info.number,
        "step": info.step,
        "function": replayed.function,
        "plugin_digest": replayed.plugin_digest,
        "plugin_changed": changed,
        "failed_with": info.error,
        "rows_in": rows,
        "rows_out": replayed.batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        "rows": made,
        "rejected": rejected.collect::<Vec<_>>(),
    }))
}

fn as_text(info: &KeptInfo, rows: usize, changed: bool, replayed: &Replayed, limit: usize) -> Result<String, Failure> {
    let mut left = limit;
    let mut shown = Vec::new();
    for batch in &replayed.batches {
        let rows = batch.num_rows().min(left);
        left -= rows;
        shown.push(batch.slice(0, rows));
    }
    let table = pretty_format_batches(&shown).map_err(|error| Failure::failed(error.into()))?;
    let mut text = Vec::new();
    let made: usize = replayed.batches.iter().map(RecordBatch::num_rows).sum();
    let plugin = if changed { "; the plugin has changed since" } else { "" };
    let written = (|| {
        writeln!(text, "{}", printable(&table.to_string()))?;
        if made > limit {
            writeln!(text, "and {} more rows", count((made - limit) as u64))?;
        }
        for rejection in replayed.rejected.iter().take(SHOWN_REJECTED) {
            writeln!(
                text,
                "rejected row {}: {}",
                rejection.row,
                one_line(&rejection.reason, usize::MAX)
            )?;
        }
        let more = replayed.rejected.len().saturating_sub(SHOWN_REJECTED);
        if more > 0 {
            writeln!(text, "and {} more rejected rows", count(more as u64))?;
        }
        write!(
            text,
            "`{}` of the step `{}` works on the batch: {} rows in, {} out, {} rejected{plugin}",
            printable(&replayed.function),
            info.step,
            count(rows as u64),
            count(made as u64),
            count(replayed.rejected.len() as u64)
        )
    })();
    written.map_err(|error: std::io::Error| Failure::failed(error.into()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
