//! How an attempt of a run went, and what of it is noted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tenon_connect::Prepared;
use tenon_engine::{Batch, Error as EngineError, Progress, Report, Streamed};
use tenon_runs::{Failure, Outcome, PluginUsed, State, Usage};
use tenon_versions::Resolved;

use super::Stop;
use super::note::Note;
use super::outcome::{Ended, in_one_sentence};

/// How an attempt went.
pub(super) enum Went {
    Well(Done),
    Badly(Ended),
    /// It is not this server's any more.
    Away,
    /// It is handed back.
    Back,
}

/// What a run, or one of its micro-batches, has done that went well.
pub(super) struct Done {
    report: Value,
    /// The same in figures; all of the run, or one of its micro-batches.
    pub batch: Batch,
}

impl Done {
    pub fn of(report: &Report) -> Self {
        let mut told = serde_json::to_value(report).unwrap_or_default();
        let plugins = told.get_mut("plugins").and_then(Value::as_array_mut);
        // Where the server keeps their files is not for its tenants to know.
        for used in plugins.into_iter().flatten().filter_map(Value::as_object_mut) {
            used.remove("file");
        }
        Self {
            report: told,
            batch: Batch::from(report),
        }
    }

    /// An earlier attempt has done the work, and was cut short in its commit.
    pub fn recovered(sinks: &BTreeMap<String, Prepared>) -> Self {
        let rows_out = sinks.values().map(Prepared::rows).sum();
        let bytes_out = sinks.values().map(Prepared::bytes).sum();
        Self {
            report: json!({ "status": "succeeded", "recovered": true, "rows_out": rows_out, "bytes_written": bytes_out }),
            batch: Batch {
                has_found: true,
                rows_out,
                bytes_written: bytes_out,
                ..Batch::default()
            },
        }
    }
}

impl Went {
    /// As it goes when the attempt is ended early.
    pub fn stopped(why: Stop) -> Self {
        match why {
            Stop::Lost => Self::Away,
            Stop::Draining => Self::Back,
            Stop::No | Stop::Asked => Self::Badly(Ended::of(&EngineError::Cancelled)),
        }
    }

    /// What is to be noted of it. `found` are the versions of what the job names.
    pub fn noted(&self, progress: &Progress, found: &[Resolved]) -> Note {
        let usage = self.usage(progress);
        let plugins = plugins(progress, found);
        let outcome = match self {
            Self::Away | Self::Back => return Note::Back(usage),
            Self::Well(done) => Outcome {
                report: done.report.clone(),
                usage,
                plugins,
                ..Outcome::new(State::Succeeded)
            },
            Self::Badly(ended) => Outcome {
                usage,
                plugins,
                ..Outcome::new(ended.state).error(ended.failure.clone())
            },
        };
        Note::End(Box::new(outcome))
    }

    /// What is to be noted of a micro-batch. `streamed` is what all have done so far, this one included.
    pub fn noted_as_batch(&self, progress: &Progress, found: &[Resolved], streamed: &Streamed) -> Note {
        Note::Batch(Box::new(tenon_runs::Batch {
            number: streamed.batches,
            usage: self.usage(progress),
            plugins: plugins(progress, found),
            report: serde_json::to_value(streamed).unwrap_or_default(),
        }))
    }

    /// The plugin at fault, or none after a success; nothing where no plugin can be blamed or praised.
    pub fn culprit(&self) -> Option<Result<(), (String, String)>> {
        match self {
            Self::Well(_) => Some(Ok(())),
            Self::Badly(ended) => {
                let plugin = ended.plugin.clone()?;
                Some(Err((plugin, in_one_sentence(&ended.failure))))
            }
            Self::Away | Self::Back => None,
        }
    }

    fn usage(&self, progress: &Progress) -> Usage {
        let mut usage = so_far(progress);
        if let Self::Well(done) = self {
            usage.rows_out = done.batch.rows_out;
            usage.bytes_in = done.batch.bytes_read;
            usage.bytes_out = done.batch.bytes_written;
        }
        usage
    }
}

/// What an attempt has used so far, however it ends. Of one that fails, nothing is written that anybody sees.
pub(super) fn so_far(progress: &Progress) -> Usage {
    let sandboxes = progress.sandboxes();
    let cpu: Duration = sandboxes.iter().map(|used| used.cpu.saturating_sub(used.kernels)).sum();
    let kernels: Duration = sandboxes.iter().map(|used| used.kernels).sum();
    let of_sandboxes = sandboxes.iter().map(|used| used.peak_memory).max();
    Usage {
        sandbox_seconds: cpu.as_secs_f64(),
        kernel_seconds: (kernels + progress.native()).as_secs_f64(),
        peak_memory: of_sandboxes.unwrap_or_default().max(progress.peak_memory()),
        rows_in: progress.rows_in(),
        bytes_in: progress.sources().iter().filter_map(|source| source.bytes).sum(),
        ..Usage::default()
    }
}

/// What is noted of an attempt that ended in a panic: a mistake of this program's, which the same run may not meet again.
pub(super) fn panicked() -> Note {
    let failure = Failure {
        likely_cause: Some("a mistake in Tenon, which the server's log says more about".to_owned()),
        ..Failure::new("internal", "the server broke off the run")
    };
    Note::End(Box::new(Outcome::new(State::Error).error(failure)))
}

/// What has run of what was found for the job. The engine knows a script by its interpreter only, which is not the tenant's.
fn plugins(progress: &Progress, found: &[Resolved]) -> Vec<PluginUsed> {
    let mut plugins: Vec<PluginUsed> = Vec::new();
    // Whoever only finishes what an earlier attempt was cut short in runs none of them.
    if progress.plugins().is_empty() {
        return plugins;
    }
    for found in found {
        let used = PluginUsed {
            name: found.plugin.clone(),
            digest: found.digest.to_string(),
        };
        if !plugins.contains(&used) {
            plugins.push(used);
        }
    }
    plugins
}
