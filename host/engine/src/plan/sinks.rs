//! Prepares the sinks of a job, so that what forbids writing is known before anything is read.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use tenon_connect::file::{self, Begun, Sink, WriteConfig};
use tenon_runtime::Run;

use super::frames::Frames;
use super::stages::Target;
use super::{ByName, OpenedSource, RejectSink};
use crate::error::Error;
use crate::job::{Feed, Job, MaxRejects};
use crate::rejects::{self, RejectedRows};

/// The sinks of a job.
pub(super) struct Sinks {
    pub outputs: Vec<Target>,
    pub rejects: Vec<RejectSink>,
    /// Where each step leaves its rejected rows.
    pub rejected: ByName<RejectedRows>,
}

/// Begins to write to every sink whose mode does not leave its target alone.
pub(super) async fn begin(
    job: &Job,
    frames: &Frames,
    sources: &[OpenedSource],
    run: &Arc<Run>,
) -> Result<Sinks, Error> {
    let mut outputs = Vec::new();
    for (name, output) in &job.sinks {
        let Feed::Rows(from) = &output.feed else { continue };
        let schema = frames.schema(from)?;
        let began = begin_one(&output.to, &schema, run).await;
        if let Begun::Ready(sink) = began.map_err(|error| Error::Sink(Box::new(error)))? {
            spare_sources(sources, &sink)?;
            outputs.push(Target {
                name: name.clone(),
                plan: frames.of(from)?,
                sink,
            });
        }
    }
    let limit = match job.max_rejects {
        Some(MaxRejects::Rows(rows)) => Some(rows),
        _ => None,
    };
    let mut rejects = Vec::new();
    let mut rejected = ByName::new();
    for step in &frames.steps {
        rejected.insert(step.name.clone(), RejectedRows::counted(limit));
    }
    for (name, output) in &job.sinks {
        let Feed::RejectsOf(step) = &output.feed else { continue };
        let input = frames
            .steps
            .iter()
            .find(|known| known.name == *step)
            .map(|known| Arc::clone(&known.input));
        let input = input.ok_or_else(|| Error::Internal(format!("the step {step} was not planned")))?;
        let began = begin_one(&output.to, &rejects::schema_of(&input), run).await;
        if let Begun::Ready(sink) = began.map_err(|error| Error::Rejects(Box::new(error)))? {
            spare_sources(sources, &sink)?;
            let writer = sink.writer(0, 1);
            let (rows, writing) = RejectedRows::written(limit, writer);
            rejected.insert(step.clone(), rows);
            rejects.push(RejectSink {
                name: name.clone(),
                sink,
                writing,
            });
        }
    }
    keep_apart(&outputs, &rejects)?;
    Ok(Sinks {
        outputs,
        rejects,
        rejected,
    })
}

/// Refuses two sinks in one folder: neither would know which files are its own.
fn keep_apart(outputs: &[Target], rejects: &[RejectSink]) -> Result<(), Error> {
    let outputs = outputs.iter().map(|output| (&output.name, &output.sink));
    let rejects = rejects.iter().map(|reject| (&reject.name, &reject.sink));
    let sinks: Vec<(&String, &Sink)> = outputs.chain(rejects).collect();
    for (at, (one, first)) in sinks.iter().enumerate() {
        for (other, second) in &sinks[..at] {
            let share =
                !(first.is_single_file() && second.is_single_file()) && same_file(first.folder(), second.folder());
            if share {
                let reason = format!("the sinks `{other}` and `{one}` write to the same folder");
                return Err(Error::Conflict { reason });
            }
        }
    }
    Ok(())
}

/// Refuses a job that would replace what it reads.
fn spare_sources(sources: &[OpenedSource], sink: &Sink) -> Result<(), Error> {
    for replaced in sink.replaced() {
        let mut files = sources
            .iter()
            .flat_map(|source| source.source.files())
            .filter_map(|file| file.path.as_deref());
        if files.any(|file| same_file(file, &replaced)) {
            let reason = format!("it would replace {}, which it reads", replaced.display());
            return Err(Error::Conflict { reason });
        }
    }
    Ok(())
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

async fn begin_one(config: &WriteConfig, schema: &SchemaRef, run: &Run) -> Result<Begun, tenon_connect::Error> {
    let (config, schema, run) = (config.clone(), Arc::clone(schema), run.id().to_owned());
    let target = config.url.clone();
    let began = tokio::task::spawn_blocking(move || file::Sink::begin(&config, schema, &run)).await;
    began.unwrap_or_else(|error| {
        Err(tenon_connect::Error::Config {
            subject: target,
            reason: format!("preparing it broke down: {error}"),
        })
    })
}
