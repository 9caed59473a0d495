//! Prepares the sinks of a job, so that what forbids writing is known before anything is read.

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use tenon_connect::file::{Begun, Sink};
use tenon_runtime::Run;

use super::frames::Frames;
use super::{ByName, OpenedSource, PlannedStep, RejectSink};
use crate::error::Error;
use crate::job::{Feed, Job, MaxRejects};
use crate::rejects::{self, RejectedRows};
use crate::unreadable::Unreadable;

/// A sink that is ready, and the rows that go there.
pub(super) struct Target {
    pub name: String,
    pub plan: LogicalPlan,
    pub sink: Sink,
}

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
        let began = Sink::begin(&output.to, schema, run.id()).await;
        if let Begun::Ready(sink) = began.map_err(|error| Error::Sink(Box::new(error)))? {
            spare_sources(sources, &sink)?;
            outputs.push(Target {
                name: name.clone(),
                plan: frames.of(from)?,
                sink,
            });
        }
    }
    let limit = most_rejected(job);
    let mut rejects = Vec::new();
    let mut rejected = counted(job, sources, &frames.steps);
    for (name, output) in &job.sinks {
        let Feed::RejectsOf(step) = &output.feed else { continue };
        let known = frames.steps.iter().find(|known| known.name == *step);
        let input = match known {
            Some(known) => Arc::clone(&known.input),
            None if sources.iter().any(|source| source.name == *step) => Unreadable::columns(),
            None => {
                return Err(Error::Internal(format!(
                    "{step}, whose rejects are kept, was not planned"
                )));
            }
        };
        let began = Sink::begin(&output.to, rejects::schema_of(&input), run.id()).await;
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
    begin_unreadable(sources, &mut rejected);
    Ok(Sinks {
        outputs,
        rejects,
        rejected,
    })
}

/// Places for the rejected rows of each source and step that only count them.
pub(super) fn counted(job: &Job, sources: &[OpenedSource], steps: &[PlannedStep]) -> ByName<RejectedRows> {
    let limit = most_rejected(job);
    let sources = sources.iter().map(|source| &source.name);
    let names = sources.chain(steps.iter().map(|step| &step.name));
    names.map(|name| (name.clone(), RejectedRows::counted(limit))).collect()
}

/// Tells the sources where rows go that they can't read.
pub(super) fn begin_unreadable(sources: &[OpenedSource], rejected: &mut ByName<RejectedRows>) {
    for source in sources {
        if let Some(rows) = rejected.remove(&source.name) {
            source.table.unreadable().begin(rows);
        }
    }
}

fn most_rejected(job: &Job) -> Option<u64> {
    match job.max_rejects {
        Some(MaxRejects::Rows(rows)) => Some(rows),
        _ => None,
    }
}

/// Refuses two sinks of which one writes into the other's folder: neither would know which files are its own.
fn keep_apart(outputs: &[Target], rejects: &[RejectSink]) -> Result<(), Error> {
    let outputs = outputs.iter().map(|output| (&output.name, &output.sink));
    let rejects = rejects.iter().map(|reject| (&reject.name, &reject.sink));
    let sinks: Vec<(&String, &Sink)> = outputs.chain(rejects).collect();
    for (at, (one, first)) in sinks.iter().enumerate() {
        for (other, second) in &sinks[..at] {
            if is_inside(first, second) || is_inside(second, first) {
                let reason = format!("the sinks `{other}` and `{one}` write to the same place");
                return Err(Error::Conflict { reason });
            }
        }
    }
    Ok(())
}

fn is_inside(folder: &Sink, inside: &Sink) -> bool {
    let (outer, inner) = (folder.url(), inside.url());
    let rest = inner.trim_end_matches('/').strip_prefix(outer.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || (!folder.is_single_file() && rest.starts_with('/')))
}

/// Refuses a job that would replace what it reads.
fn spare_sources(sources: &[OpenedSource], sink: &Sink) -> Result<(), Error> {
    for replaced in sink.replaced() {
        let mut files = sources.iter().flat_map(|source| source.source.files());
        if files.any(|file| file.url == *replaced) {
            let reason = format!("it would replace {replaced}, which it reads");
            return Err(Error::Conflict { reason });
        }
    }
    Ok(())
}
