//! Commits that were cut short: what was made durable becomes visible.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tenon_connect::Prepared;
use tenon_engine::{Commitment, Engine, Error as EngineError, Finished, Job};
use tenon_runs::{Level, LogSource, Pending, RunLog};

use super::attempt::{broken, refused};
use super::outcome::Ended;
use super::prepare::with_cause;
use crate::server::Shared;

/// How long such a commit is tried again before it costs the run an attempt, and how often.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

type Sinks = BTreeMap<String, Prepared>;

/// What has become of a commit that was cut short.
pub(super) enum Completed {
    /// All of it is visible.
    All(Sinks),
    /// A part of it is visible, and the rest is lost. So says the run's end.
    Partly(Ended),
    /// Nothing is visible, and nothing is left of it, for this reason.
    Nothing(String),
}

/// Finishes it. Who has asked for it notes that.
pub(super) async fn complete(engine: &Engine, job: &Job, pending: &Pending) -> Result<Completed, Ended> {
    let commitment = commitment(pending)?;
    let finished = finish(engine, job, &commitment).await;
    Ok(match finished.map_err(|error| Ended::of(&error))? {
        Finished::All => Completed::All(commitment.sinks),
        Finished::ButFor(error) => {
            let mut ended = Ended::of(&error);
            // Another attempt would write what is visible once more.
            ended.failure.may_pass = Some(false);
            Completed::Partly(ended)
        }
        Finished::Nothing(error) => Completed::Nothing(with_cause(&error)),
    })
}

/// Finishes what another run of the job was cut short in, one that has ended: nothing can be committed before that is
/// decided. Where nothing is left of what it had written, or the job does not write there any more, it is given up, unless a
/// part of it is visible: then the job waits for the sinks that it has lost.
pub(super) async fn settle(shared: &Shared, log: &RunLog, job: &Job, left: &Pending) -> Result<(), Ended> {
    let commitment = commitment(left)?;
    let said = |committed: &str| {
        let text = format!(
            "the run {} of this job had ended in the middle of its commit: {committed}",
            left.run
        );
        log.write(Level::Warn, LogSource::Host, None, &text);
    };
    let finished = finish(&shared.engine, job, &commitment).await.map_err(|error| {
        let mut ended = Ended::of(&error);
        ended.failure.likely_cause = Some(format!(
            "the run {} of this job has ended in the middle of its commit, which has to be finished first",
            left.run
        ));
        ended
    })?;
    let committed = match finished {
        Finished::All => {
            said("it is finished now");
            true
        }
        // Its bookmarks move: what is visible would be written once more otherwise.
        Finished::ButFor(error) => {
            said(&format!(
                "it is finished but for what is lost, since {}",
                with_cause(&error)
            ));
            true
        }
        Finished::Nothing(error) => {
            said(&format!("it is given up, since {}", with_cause(&error)));
            false
        }
    };
    let (tenant, run) = (left.tenant.clone(), left.run.clone());
    let noted = shared
        .metadata
        .write(move |tx| match tenon_runs::resolve(tx, &tenant, &run, committed) {
            // Another run of the job was as quick.
            Err(tenon_runs::Error::NotPrepared { .. }) => Ok(()),
            noted => noted,
        });
    noted.await.map_err(|error| broken(&error.into()))
}

fn commitment(pending: &Pending) -> Result<Commitment, Ended> {
    let sinks = serde_json::from_value(pending.tokens.clone());
    let sinks: Sinks = sinks.map_err(|error| {
        refused(&format!(
            "what the run {} was committing cannot be read: {error}",
            pending.run
        ))
    })?;
    Ok(Commitment {
        run: pending.run.clone(),
        job: pending.job.to_string(),
        state: BTreeMap::new(),
        bookmarks: BTreeMap::new(),
        sinks,
    })
}

async fn finish(engine: &Engine, job: &Job, commitment: &Commitment) -> Result<Finished, EngineError> {
    let began = Instant::now();
    loop {
        match engine.finish(job, commitment).await {
            // Another run of the job has the place where this one writes, and lets go of it since this one comes first.
            Err(error) if error.may_pass() && began.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            finished => return finished,
        }
    }
}
