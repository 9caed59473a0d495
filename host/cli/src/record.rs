//! Records a run in the history while it goes on. What cannot be recorded is a warning, and never stops a run.

use std::sync::RwLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value, json};
use tenon_host::engine::{Phase, Progress, Streamed};
use tenon_host::history::{self, History, KeptBatch, Level, LogSource, LogWriter, NewRun, Outcome, PluginUsed, State};
use tenon_host::job;
use tokio::task::JoinHandle;

use crate::args::RunArguments;
use crate::exit::Failure;
use crate::plugin;
use crate::recorded::Recorded;

/// How often it is recorded how far a run has come.
const INTERVAL: Duration = Duration::from_secs(1);

/// The log of the run that this process is busy with.
static LOG: RwLock<Option<LogWriter>> = RwLock::new(None);

/// Appends a line to the log of the run that is under way, if there is one.
pub fn log(level: Level, source: LogSource, step: Option<&str>, message: &str) {
    if let Ok(log) = LOG.read()
        && let Some(log) = log.as_ref()
    {
        log.write(level, source, step, message);
    }
}

/// A run that is being recorded, unless that was not wanted or did not work.
pub struct Record(Option<(History, String)>);

impl Record {
    /// Records that a run begins, and has its log written. `definition` is what the job file says, if it could be read.
    pub fn begin(arguments: &RunArguments, definition: Option<&job::Job>) -> Self {
        if arguments.no_history {
            return Self(None);
        }
        let begun = || -> Result<(History, String), history::Error> {
            let history = History::open(&history::default_folder()?)?;
            let run = new_run(arguments, definition);
            history.begin(&run)?;
            let log = history.log_writer(&run.id)?;
            if let Ok(mut current) = LOG.write() {
                *current = Some(log);
            }
            Ok((history, run.id))
        };
        match begun() {
            Ok(recorded) => Self(Some(recorded)),
            Err(error) => {
                tracing::warn!(%error, "this run is not recorded");
                Self(None)
            }
        }
    }

    /// Where the run is recorded, and its id there.
    pub fn history(&self) -> Option<(&History, &str)> {
        self.0.as_ref().map(|(history, id)| (history, id.as_str()))
    }

    /// Records how far the run has come, now and then, until the answer is dropped. Where this is one of its micro-batches,
    /// `earlier` is what those before it have done.
    pub fn follow(&self, progress: &Progress, earlier: Option<&Streamed>) -> Option<Following> {
        let (history, id) = self.0.clone()?;
        let (progress, earlier) = (progress.clone(), earlier.cloned());
        let has_begun = earlier.as_ref().is_some_and(|earlier| earlier.batches > 0);
        let recording = tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                let state = match progress.phase() {
                    Phase::Planning if !has_begun => State::Starting,
                    _ => State::Running,
                };
                let so_far = so_far(&progress, earlier.as_ref());
                let (history, id) = (history.clone(), id.clone());
                let updated = tokio::task::spawn_blocking(move || history.update(&id, state, Some(&so_far)));
                if let Ok(Err(error)) = updated.await {
                    tracing::debug!(%error, "the progress of this run is not recorded");
                }
            }
        });
        Some(Following(recording))
    }

    /// Records what the micro-batches of the run have done so far, without holding that up. To be called within a tokio
    /// runtime.
    pub fn streamed(&self, streamed: &Streamed) {
        if let Some((history, id)) = self.0.clone() {
            let so_far = serde_json::to_value(streamed).unwrap_or_default();
            tokio::task::spawn_blocking(move || history.update(&id, State::Running, Some(&so_far)));
        }
    }

    /// Records that the run was asked to stop, without holding that up. To be called within a tokio runtime.
    pub fn stopping(&self) {
        if let Some((history, id)) = self.0.clone() {
            tokio::task::spawn_blocking(move || history.update(&id, State::Stopping, None));
        }
    }

    /// Keeps the batch that a function failed on, where the job wants that; answers with what to say about it.
    pub fn keep(&self, failure: &Failure, config: &dyn Fn(&str) -> Value) -> Option<String> {
        let (history, id) = self.0.as_ref()?;
        let (step, partition, batch) = failure.engine()?.failed_batch()?;
        let config = config(step);
        let kept = KeptBatch {
            step,
            partition: u32::try_from(partition).unwrap_or(u32::MAX),
            function: &batch.function,
            plugin_digest: &batch.plugin_digest,
            config: &config,
            error: &failure.causes().join(": "),
            schema_fingerprint: &batch.schema_fingerprint,
            arrow_ipc: &batch.arrow_ipc,
        };
        match keeper(history, batch.arrow_ipc.len()).and_then(|history| history.keep_batch(id, &kept)) {
            Ok(_) => Some(format!(
                "the {} rows that it failed on are kept: `tenon replay {id}` runs it on them again",
                batch.rows
            )),
            Err(error) => {
                tracing::warn!(%error, "the batch that failed is not kept");
                None
            }
        }
    }

    /// Records how the run ended, and which plugins it had loaded by then.
    pub fn end<T: Serialize>(self, ended: &Result<T, Failure>, progress: &Progress) {
        let Some((history, id)) = self.0 else { return };
        let noted = plugins(&history, &id, progress);
        let log = LOG.write().ok().and_then(|mut log| log.take());
        let logged = log.map_or(Ok(()), LogWriter::close);
        let finished = match ended {
            Ok(report) => {
                let report = serde_json::to_value(report).unwrap_or_default();
                history.finish(&id, &Outcome::new(State::Succeeded).report(report))
            }
            Err(failure) => {
                let (state, failure) = failure.recorded();
                history.finish(&id, &Outcome::new(state).error(failure))
            }
        };
        if let Err(error) = logged.and(noted).and(finished).and_then(|()| history.tidy()) {
            tracing::warn!(%error, "this run is not recorded as a whole");
        }
    }
}

/// Ends the recording of progress when it is dropped.
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How far a run has come, those of its micro-batches included that have committed.
fn so_far(progress: &Progress, earlier: Option<&Streamed>) -> Value {
    let (rows_in, rows_out, rows_rejected) = (progress.rows_in(), progress.rows_out(), progress.rows_rejected());
    let Some(earlier) = earlier else {
        return json!({ "rows_in": rows_in, "rows_out": rows_out, "rows_rejected": rows_rejected });
    };
    let so_far = Streamed {
        rows_in: earlier.rows_in.saturating_add(rows_in),
        rows_out: earlier.rows_out.saturating_add(rows_out),
        rows_rejected: earlier.rows_rejected.saturating_add(rows_rejected),
        ..earlier.clone()
    };
    serde_json::to_value(so_far).unwrap_or_default()
}

fn plugins(history: &History, id: &str, progress: &Progress) -> Result<(), history::Error> {
    let mut plugins: Vec<PluginUsed> = Vec::new();
    for used in progress.plugins() {
        if !plugins.iter().any(|known| known.digest == used.digest) {
            plugins.push(PluginUsed {
                name: used.plugin,
                digest: used.digest,
            });
        }
    }
    if plugins.is_empty() {
        return Ok(());
    }
    history.plugins(id, &plugins)
}

/// The history, with room for a batch of so many bytes: the job has allowed for them.
fn keeper(history: &History, bytes: usize) -> Result<History, history::Error> {
    let settings = history::Settings::default();
    let bytes = bytes as u64;
    if bytes <= settings.kept_bytes_per_run {
        return Ok(history.clone());
    }
    let settings = history::Settings {
        kept_bytes_per_run: bytes,
        kept_bytes: settings.kept_bytes.max(bytes),
        ..settings
    };
    History::with_settings(&history::default_folder()?, settings)
}

fn new_run(arguments: &RunArguments, definition: Option<&job::Job>) -> NewRun {
    let file = arguments.job.display().to_string();
    let name = match definition {
        Some(definition) => Some(definition.name.clone()),
        None => arguments.function.clone().or_else(|| plugin::name(&arguments.job)),
    };
    let mut run = NewRun::new(id(), name.unwrap_or(file));
    run.definition = match definition {
        Some(definition) => Recorded::of_file(arguments, definition),
        None => Recorded::of_plugin(arguments),
    };
    let parameters = arguments.param.iter().cloned();
    run.arguments = Value::Object(
        parameters
            .map(|(name, value)| (name, Value::from(value)))
            .collect::<Map<_, _>>(),
    );
    run
}

/// Begins with the time, so that ids are in order and have short beginnings of their own.
fn id() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:014x}-{:x}", since_epoch.as_micros(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_micro_batches_have_done_is_progress_of_their_run() {
        let earlier = Streamed {
            batches: 2,
            rows_in: 10,
            ..Streamed::default()
        };
        let noted = so_far(&Progress::default(), Some(&earlier));
        assert_eq!((&noted["batches"], &noted["rows_in"]), (&json!(2), &json!(10)));
        let noted = so_far(&Progress::default(), None);
        assert_eq!(noted, json!({ "rows_in": 0, "rows_out": 0, "rows_rejected": 0 }));
    }
}
