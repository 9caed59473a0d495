//! Prepares the sinks of a job, so that what forbids writing is known before anything is read.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use tenon_connect::{Begun, Sink, SinkConfig};
use tenon_runtime::Run;

use super::frames::Frames;
use super::{ByName, OpenedSource, PlannedStep, RejectSink};
use crate::error::Error;
use crate::job::{Feed, Job, MaxRejects};
use crate::place::lies_in;
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
    /// Where each sink leaves the rows that its target refuses.
    pub refused: ByName<RejectedRows>,
}

/// Begins to write to every sink whose mode does not leave its target alone. What was begun is given up where a later one
/// refuses.
pub(super) async fn begin(
    job: &Job,
    frames: &Frames,
    sources: &[OpenedSource],
    run: &Arc<Run>,
) -> Result<Sinks, Error> {
    let limit = most_rejected(job);
    let mut begun = Sinks {
        outputs: Vec::new(),
        rejects: Vec::new(),
        rejected: counted(job, sources, &frames.steps),
        refused: ByName::new(),
    };
    let ready = async {
        begun.outputs(job, frames, sources, run).await?;
        begun.rejects(job, frames, sources, run, limit).await?;
        keep_apart(job, &begun.outputs, &begun.rejects)
    };
    let ready = ready.await;
    if let Err(error) = ready {
        begun.give_up().await;
        return Err(error);
    }
    begin_unreadable(sources, &mut begun.rejected);
    Ok(begun)
}

impl Sinks {
    async fn outputs(
        &mut self,
        job: &Job,
        frames: &Frames,
        sources: &[OpenedSource],
        run: &Arc<Run>,
    ) -> Result<(), Error> {
        for (name, output) in &job.sinks {
            let Feed::Rows(from) = &output.feed else { continue };
            let to = job.target(&output.to);
            let began = to.begin(frames.schema(from)?, run.id(), name).await;
            if let Begun::Ready(sink) = began.map_err(|error| Error::Sink(Box::new(error)))? {
                let spared = spare_sources(sources, &sink);
                self.outputs.push(Target {
                    name: name.clone(),
                    plan: frames.of(from)?,
                    sink,
                });
                spared?;
                if output.to.rejects() {
                    self.refused
                        .insert(name.clone(), RejectedRows::counted(most_rejected(job)));
                }
            }
        }
        Ok(())
    }

    async fn rejects(
        &mut self,
        job: &Job,
        frames: &Frames,
        sources: &[OpenedSource],
        run: &Arc<Run>,
        limit: Option<u64>,
    ) -> Result<(), Error> {
        for (name, output) in &job.sinks {
            let Feed::RejectsOf(of) = &output.feed else { continue };
            let input = columns_rejected_by(of, job, frames, sources)?;
            let to = job.target(&output.to);
            let began = to.begin(rejects::schema_of(&input), run.id(), name).await;
            if let Begun::Ready(sink) = began.map_err(|error| Error::Rejects(Box::new(error)))? {
                let spared = spare_sources(sources, &sink);
                let (rows, writing) = RejectedRows::written(limit, sink.writer(0));
                self.rejects.push(RejectSink {
                    name: name.clone(),
                    sink,
                    writing,
                });
                spared?;
                if job.sinks.contains_key(of) && !self.rejected.contains_key(of) {
                    self.refused.insert(of.clone(), rows);
                } else {
                    self.rejected.insert(of.clone(), rows);
                }
            }
        }
        Ok(())
    }

    async fn give_up(self) {
        let Self {
            outputs,
            rejects,
            rejected,
            refused,
        } = self;
        // They hold the other ends of the writers' channels.
        drop((rejected, refused));
        // The last first: one may have begun in the folder that another has made.
        for reject in rejects.into_iter().rev() {
            // Nothing was written; what it says matters to nobody.
            reject.writing.await.ok();
            reject.sink.abandon().await;
        }
        for target in outputs.into_iter().rev() {
            target.sink.abandon().await;
        }
    }
}

/// The columns of the rows that a step, source or sink rejects.
fn columns_rejected_by(of: &str, job: &Job, frames: &Frames, sources: &[OpenedSource]) -> Result<SchemaRef, Error> {
    if let Some(step) = frames.steps.iter().find(|known| known.name == of) {
        return Ok(Arc::clone(&step.input));
    }
    if sources.iter().any(|source| source.name == of) {
        return Ok(Unreadable::columns());
    }
    match job.sinks.get(of).map(|output| &output.feed) {
        Some(Feed::Rows(from)) => frames.schema(from),
        _ => Err(Error::Internal(format!(
            "{of}, whose rejects are kept, was not planned"
        ))),
    }
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
fn keep_apart(job: &Job, outputs: &[Target], rejects: &[RejectSink]) -> Result<(), Error> {
    let outputs = outputs.iter().map(|output| (&output.name, &output.sink));
    let rejects = rejects.iter().map(|reject| (&reject.name, &reject.sink));
    let sinks: Vec<(&String, &Sink)> = outputs.chain(rejects).collect();
    for (at, (one, first)) in sinks.iter().enumerate() {
        for (other, second) in &sinks[..at] {
            if is_inside(first, second) || is_inside(second, first) || is_one_table(job, one, other) {
                let reason = format!("the sinks `{other}` and `{one}` write to the same place");
                return Err(Error::Conflict { reason });
            }
        }
    }
    Ok(())
}

/// Whether two sinks write to one table. The second commit would wait for the first.
fn is_one_table(job: &Job, one: &str, other: &str) -> bool {
    match (
        job.sinks.get(one).map(|sink| &sink.to),
        job.sinks.get(other).map(|sink| &sink.to),
    ) {
        (Some(SinkConfig::Database(one)), Some(SinkConfig::Database(other))) => {
            one.connection == other.connection && one.write.table == other.write.table
        }
        _ => false,
    }
}

fn is_inside(folder: &Sink, inside: &Sink) -> bool {
    let (Some((outer, is_one_file)), Some((inner, _))) = (folder.file_url(), inside.file_url()) else {
        return false;
    };
    lies_in(&inner, &outer) && (!is_one_file || lies_in(&outer, &inner))
}

/// Refuses a job that would replace what it reads.
fn spare_sources(sources: &[OpenedSource], sink: &Sink) -> Result<(), Error> {
    for replaced in sink.replaced_files() {
        let mut files = sources.iter().flat_map(|source| source.source.files());
        if files.any(|file| file.url == *replaced) {
            let reason = format!("it would replace {replaced}, which it reads");
            return Err(Error::Conflict { reason });
        }
    }
    Ok(())
}
