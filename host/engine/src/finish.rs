//! Makes visible what a run was cut short in making so.

use std::collections::BTreeMap;

use tenon_connect::{Prepared, SinkConfig};

use crate::error::Error;
use crate::job::{Feed, Job};
use crate::ledger::Commitment;

/// What has become of a commit that was cut short.
#[derive(Debug)]
pub enum Finished {
    /// All of it is visible.
    All,
    /// A part of it is visible, and nothing is left of the rest: [`Error::PartlyLost`]. It counts as committed, since to run
    /// again would write what is visible twice.
    ButFor(Error),
    /// Nothing of it is visible, nor will be, for this reason: it is to be given up, and its rows to be read again.
    Nothing(Error),
}

/// Commits to the sinks that the job still has, each of them at most once. Answers with what is to be told although the
/// commitment is finished: [`Error::PartlyLost`].
///
/// # Errors
/// As [`Engine::finish`](crate::Engine::finish), and one that [is gone](Error::is_gone) where nothing is left.
pub async fn make_visible(job: &Job, commitment: &Commitment) -> Result<Option<Error>, Error> {
    let (mut known, mut lost) = (Vec::new(), BTreeMap::new());
    for (sink, prepared) in &commitment.sinks {
        match Target::of(job, commitment, sink, prepared)? {
            Some(target) => known.push(target),
            None => {
                lost.insert(sink.clone(), prepared.place());
            }
        }
    }
    // In the order of the run: nothing of it is visible if its first is not.
    known.sort_by_key(|target| target.rejected);
    let (mut visible, mut gone, mut why) = (Vec::new(), Vec::new(), None);
    for target in known {
        let Target {
            sink,
            to,
            is_guess,
            prepared,
            ..
        } = target;
        match to.commit(prepared).await {
            // Nothing can be written twice of what has no rows.
            Ok(_) if prepared.rows() == 0 => {}
            Ok(_) => visible.push(sink.to_owned()),
            // It was another table of that name.
            Err(error) if is_guess && error.is_gone() => {
                lost.insert(sink.to_owned(), prepared.place());
            }
            Err(error) if !visible.is_empty() && error.is_gone() => {
                gone.push(sink.to_owned());
                why = why.or(Some(error));
            }
            Err(error) => return Err(Error::Sink(Box::new(error))),
        }
    }
    let run = commitment.run.clone();
    if !lost.is_empty() {
        return Err(Error::LostSink {
            run,
            sinks: lost,
            visible,
        });
    }
    Ok(why.map(|source| Error::PartlyLost {
        run,
        sinks: gone,
        source: Box::new(source),
    }))
}

/// Where a sink of the commitment has written.
struct Target<'a> {
    /// Its name in the commitment.
    sink: &'a str,
    rejected: bool,
    to: SinkConfig,
    /// Whether the job has it by another name, if it is the same at all.
    is_guess: bool,
    prepared: &'a Prepared,
}

impl<'a> Target<'a> {
    /// The job's sink of that name, or else one that is new in it and writes to the same place: then it was renamed.
    fn of(job: &Job, commitment: &Commitment, sink: &'a str, prepared: &'a Prepared) -> Result<Option<Self>, Error> {
        let named = job.sinks.get(sink);
        let renamed = || {
            let new = job
                .sinks
                .iter()
                .filter(|(name, _)| !commitment.sinks.contains_key(*name));
            new.map(|(_, output)| output)
                .find(|output| output.to.may_have_prepared(prepared))
        };
        let (to, rejected) = match (named.or_else(renamed), &job.script) {
            (Some(output), _) => (output.to.clone(), matches!(output.feed, Feed::RejectsOf(_))),
            // A script's sinks are named by their URLs.
            (None, Some(script)) => (script.sink_again(job, &commitment.run, sink, prepared)?, false),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self {
            sink,
            rejected,
            to,
            is_guess: named.is_none() && job.script.is_none(),
            prepared,
        }))
    }
}
