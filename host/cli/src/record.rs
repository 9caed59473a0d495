//! Records a run in the history while it goes on. What cannot be recorded is a warning, and never stops a run.

use std::sync::RwLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tenon_host::engine::{Phase, Progress, Report};
use tenon_host::history::{self, History, Level, LogSource, LogWriter, NewRun, Outcome, PluginUsed, State};
use tokio::task::JoinHandle;

use crate::args::{ModeArgument, RunArguments};
use crate::exit::Failure;

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
    /// Records that a run begins, and has its log written.
    pub fn begin(arguments: &RunArguments) -> Self {
        if arguments.no_history {
            return Self(None);
        }
        let begun = || -> Result<(History, String), history::Error> {
            let history = History::open(&history::default_folder()?)?;
            let run = new_run(arguments);
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

    /// Records how far the run has come, now and then, until the answer is dropped.
    pub fn follow(&self, progress: &Progress) -> Option<Following> {
        let (history, id) = self.0.clone()?;
        let progress = progress.clone();
        let recording = tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                let state = match progress.phase() {
                    Phase::Planning => State::Starting,
                    _ => State::Running,
                };
                let so_far = json!({
                    "rows_in": progress.rows_in(),
                    "rows_out": progress.rows_out(),
                    "rows_rejected": progress.rows_rejected(),
                });
                let (history, id) = (history.clone(), id.clone());
                let updated = tokio::task::spawn_blocking(move || history.update(&id, state, Some(&so_far)));
                if let Ok(Err(error)) = updated.await {
                    tracing::debug!(%error, "the progress of this run is not recorded");
                }
            }
        });
        Some(Following(recording))
    }

    /// Records that the run was asked to stop, without holding that up. To be called within a tokio runtime.
    pub fn stopping(&self) {
        if let Some((history, id)) = self.0.clone() {
            tokio::task::spawn_blocking(move || history.update(&id, State::Stopping, None));
        }
    }

    /// Records how the run ended.
    pub fn end(self, ended: &Result<Report, Failure>) {
        let Some((history, id)) = self.0 else { return };
        let log = LOG.write().ok().and_then(|mut log| log.take());
        let logged = log.map_or(Ok(()), LogWriter::close);
        let finished = match ended {
            Ok(report) => succeeded(&history, &id, report),
            Err(failure) => {
                let (state, failure) = failure.recorded();
                history.finish(&id, &Outcome::new(state).error(failure))
            }
        };
        if let Err(error) = logged.and(finished).and_then(|()| history.tidy()) {
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

fn succeeded(history: &History, id: &str, report: &Report) -> Result<(), history::Error> {
    let mut plugins: Vec<PluginUsed> = Vec::new();
    for used in &report.plugins {
        if !plugins.iter().any(|known| known.digest == used.digest) {
            plugins.push(PluginUsed {
                name: used.plugin.clone(),
                digest: used.digest.clone(),
            });
        }
    }
    if !plugins.is_empty() {
        history.plugins(id, &plugins)?;
    }
    let report = serde_json::to_value(report).unwrap_or_default();
    history.finish(id, &Outcome::new(State::Succeeded).report(report))
}

/// What the arguments say, without what may be secret.
fn new_run(arguments: &RunArguments) -> NewRun {
    let plugin = arguments.job.display().to_string();
    let job = arguments.function.clone().or_else(|| {
        let name = arguments.job.file_stem()?;
        Some(name.to_string_lossy().into_owned())
    });
    let mut run = NewRun::new(id(), job.unwrap_or_else(|| plugin.clone()));
    let mut config = arguments.config.clone().unwrap_or_default();
    config.extend(arguments.set.iter().cloned());
    // A job file has modes of its own.
    let mode = arguments.mode.or(arguments.to.as_ref().map(|_| ModeArgument::Error));
    let mode = mode.map(|mode| match mode {
        ModeArgument::Error => "error",
        ModeArgument::Overwrite => "overwrite",
        ModeArgument::Append => "append",
        ModeArgument::Ignore => "ignore",
    });
    let secrets: Vec<&str> = arguments.secret.iter().map(|(name, _)| name.as_str()).collect();
    run.definition = json!({
        "plugin": plugin,
        "function": arguments.function,
        "config": config,
        "from": arguments.from.as_deref().map(without_credentials),
        "to": arguments.to.as_deref().map(without_credentials),
        "mode": mode,
        "rejects": arguments.rejects.as_deref().map(without_credentials),
        "secrets": secrets,
    });
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

/// An address without the places where credentials may stand: before the host, and in the query.
fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?..."));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host
        .rsplit_once('@')
        .map_or(host.to_owned(), |(_, host)| format!("...@{host}"));
    format!("{scheme}://{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recorded_without_credentials() {
        let cases = [
            ("data/what?.csv", "data/what?.csv"),
            ("s3://bucket/a/b@c.csv", "s3://bucket/a/b@c.csv"),
            ("https://me:hunter2@host:1/x.csv", "https://...@host:1/x.csv"),
            ("https://host/x.csv?sig=hunter2", "https://host/x.csv?..."),
            ("https://me:hunt@er2@host", "https://...@host"),
        ];
        for (address, recorded) in cases {
            assert_eq!(without_credentials(address), recorded);
        }
    }
}
