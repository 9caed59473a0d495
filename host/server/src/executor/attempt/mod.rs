//! One attempt of a run, from its claim to its end.

mod allowance;
mod left;
mod ready;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenon_engine::{Error as EngineError, Progress};
use tenon_metadata::{ErrorKind, Name};
use tenon_runs::{Claimed, RunLog};
use tenon_tenants::quotas;
use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;

use super::Stop;
use super::charged::Charged;
use super::ledger::RunLedger;
use super::note::Note;
use super::outcome::Ended;
use super::room::Seat;
use super::stream::Stream;
use super::watch::LOG_QUOTA;
use super::went::{Done, Went};
use super::{note, traced, watch};
use crate::Error;
use crate::plugins::Artifacts;
use crate::server::Shared;
use ready::Ready;

/// Carries out an attempt of a run, and notes how it ended; of one in micro-batches, how each of them went.
pub(super) async fn carry_out(shared: &Arc<Shared>, run: &Claimed, mut stopped: Receiver<Stop>, seat: Seat) {
    let log = traced::log(shared, run);
    let mut stream: Option<Stream> = None;
    let mut is_cut = false;
    loop {
        let (progress, charged) = (Progress::default(), Charged::default());
        let attempt = Attempt {
            shared,
            run,
            log: &log,
            progress: &progress,
            charged: &charged,
            seat: &seat,
            until: stream.as_ref().map_or_else(|| until(shared, run), Stream::until),
            batch: stream.as_ref().map(Stream::number),
        };
        let (went, artifacts) = Box::pin(attempt.go(&mut stream, &mut stopped)).await;
        traced::parts(shared, &progress, &went);
        if let Went::Away = went {
            return log.flush().await;
        }
        let (note, culprit) = match (&mut stream, &went) {
            (Some(stream), Went::Well(done)) => {
                let note = went.noted_as_batch(&progress, &artifacts.used, stream.add(&log, done));
                // Nothing can be said of plugins that have seen no row.
                (note, went.culprit().filter(|_| done.batch.has_found))
            }
            _ => (went.noted(&progress, &artifacts.used), went.culprit()),
        };
        log.flush().await;
        if log.is_at_quota() && !std::mem::replace(&mut is_cut, true) {
            let reason = format!(
                "the log of the run {} alone is as much as is kept of all runs",
                run.lease.run
            );
            tell_reached(shared, &run.tenant, LOG_QUOTA, reason).await;
        }
        let goes_on = matches!(note, Note::Batch(_));
        if !goes_on {
            seat.give_up();
        }
        let is_noted = note::note(shared, run, note, &charged).await;
        shared
            .plugins
            .judge(&run.tenant, &run.lease.run, &artifacts, culprit)
            .await;
        let Some(stream) = stream.as_ref().filter(|_| goes_on && is_noted) else {
            return;
        };
        match stream.rest(shared, run, &mut stopped).await {
            None => {}
            Some(Went::Away) => return,
            Some(end) => {
                // What its micro-batches have used is noted already.
                note::note(shared, run, end.noted(&Progress::default(), &[]), &Charged::default()).await;
                return;
            }
        }
    }
}

struct Attempt<'a> {
    shared: &'a Arc<Shared>,
    run: &'a Claimed,
    log: &'a RunLog,
    progress: &'a Progress,
    charged: &'a Charged,
    seat: &'a Seat,
    /// When it will have taken too long, if it can.
    until: Option<Instant>,
    /// Which micro-batch it is about to carry out, once it is known that it has any.
    batch: Option<u64>,
}

impl Attempt<'_> {
    /// Carries out all of it, or its next micro-batch.
    async fn go(&self, stream: &mut Option<Stream>, stopped: &mut Receiver<Stop>) -> (Went, Artifacts) {
        let ready = tokio::select! {
            ready = self.prepare() => ready,
            why = asked(stopped) => return (Went::stopped(why), Artifacts::default()),
        };
        let mut ready = match ready {
            Ok(ready) => ready,
            Err(ended) => return (Went::Badly(ended), Artifacts::default()),
        };
        let artifacts = ready.artifacts.clone();
        if let Err(ended) = self.time(&mut ready, stream).await {
            return (Went::Badly(ended), artifacts);
        }
        let went = match &self.run.pending {
            Some(pending) => self.finish(&ready, pending).await,
            None => self.execute(ready, stream.as_ref(), stopped).await,
        };
        (went, artifacts)
    }

    /// Says how long it may take. Where it goes on in micro-batches, the next one begins.
    async fn time(&self, ready: &mut Ready, stream: &mut Option<Stream>) -> Result<(), Ended> {
        let Some(every) = ready.job.stream else {
            let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
            ready.job.timeout = sooner(ready.job.timeout, left);
            return Ok(());
        };
        let begun = if let Some(begun) = stream.take() {
            begun
        } else {
            let limit = sooner(ready.job.timeout, ready.timeout);
            let begun = Stream::begin(self.shared, self.run, every, limit).await;
            begun.map_err(|error| broken(&error))?
        };
        let begun = stream.insert(begun);
        ready.job.batch = Some(begun.begin_next());
        ready.job.timeout = begun.left();
        Ok(())
    }

    async fn execute(&self, mut ready: Ready, stream: Option<&Stream>, stopped: &mut Receiver<Stop>) -> Went {
        let ledger = match self.read_on(&mut ready).await {
            Ok(ledger) => ledger,
            Err(ended) => return Went::Badly(ended),
        };
        let ledger = RunLedger {
            // One that goes on in micro-batches keeps its place for the next one.
            seat: stream.is_none().then(|| self.seat.clone()),
            ..ledger
        };
        let engine = self.shared.engine.clone().ledger(Arc::new(ledger));
        let (following, used_up) = watch::follow(&self.shared.metadata, self.run, self.progress, self.charged);
        let (mut why, mut over) = (Stop::No, None);
        let stop = async {
            tokio::select! {
                asked = asked(stopped) => why = asked,
                error = told(used_up) => over = Some(error),
            }
        };
        let ended = engine.run_until(&ready.job, self.progress, stop).await;
        drop(following);
        match ended {
            Ok(report) => Went::Well(Done::of(&report)),
            Err(EngineError::Cancelled) => {
                over.map_or_else(|| Went::stopped(why), |error| Went::Badly(Ended::used_up(&error)))
            }
            Err(error) => {
                let error = match stream {
                    Some(stream) => stream.of_all(error),
                    None => error,
                };
                Went::Badly(Ended::of(&error))
            }
        }
    }
}

/// Has those who watch a tenant know that it has reached a quota.
async fn tell_reached(shared: &Shared, tenant: &Name, quota: &'static str, reason: String) {
    let tenant = tenant.clone();
    let told = shared
        .metadata
        .write(move |tx| quotas::tell_reached(tx, &tenant, quota, &reason));
    if let Err(error) = told.await {
        tracing::warn!(%error, "nobody is told that a quota is reached");
    }
}

/// When a run that begins now will have taken too long. From here on by a clock that nobody sets.
fn until(shared: &Shared, run: &Claimed) -> Option<Instant> {
    let now = shared.metadata.clock().now();
    let left = |until: i64| Duration::from_micros(u64::try_from(until - now).unwrap_or_default());
    Instant::now().checked_add(left(run.timeout_at?))
}

/// Ready when the run is to end early.
pub(super) async fn asked(stopped: &mut Receiver<Stop>) -> Stop {
    match stopped.wait_for(|why| *why != Stop::No).await {
        Ok(why) => *why,
        // The executor is gone, and with it everything.
        Err(_) => Stop::Lost,
    }
}

/// Ready when something is told; never if nobody tells anything any more.
async fn told<T>(teller: oneshot::Receiver<T>) -> T {
    match teller.await {
        Ok(told) => told,
        Err(_) => std::future::pending().await,
    }
}

pub(super) fn refused(reason: &str) -> Ended {
    Ended::refused(&Error::Refused {
        reason: reason.to_owned(),
    })
}

/// Something around the run is wrong: the run itself may be fine.
pub(super) fn broken(error: &Error) -> Ended {
    let mut ended = Ended::refused(error);
    if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal) {
        "server".clone_into(&mut ended.failure.kind);
        ended.failure.may_pass = Some(true);
    }
    ended
}

fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
