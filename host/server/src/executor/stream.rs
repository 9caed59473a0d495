//! Runs that go on in micro-batches. Each is prepared anew, with the versions of plugins, the secrets and the quotas of its
//! time, and between two of them the run holds nothing but its place.

use std::time::{Duration, Instant};

use tenon_engine::{Batches, Error as EngineError, Streamed};
use tenon_runs::{Claimed, Level, LogSource, RunLog};
use tokio::sync::watch::Receiver;

use super::Stop;
use super::attempt::asked;
use super::outcome::Ended;
use super::went::{Done, Went};
use crate::Error;
use crate::server::Shared;

/// The micro-batches of one attempt.
pub(super) struct Stream {
    batches: Batches,
    /// The time that the attempt has, if it has not all that there is.
    limit: Option<Duration>,
    until: Option<Instant>,
}

impl Stream {
    /// Goes on after the micro-batches that earlier attempts have noted.
    pub async fn begin(
        shared: &Shared,
        run: &Claimed,
        every: Duration,
        limit: Option<Duration>,
    ) -> Result<Self, Error> {
        let (lease, tenant) = (run.lease.clone(), run.tenant.clone());
        let noted = shared.metadata.write(move |tx| {
            tenon_runs::stream(tx, &lease)?;
            Ok::<_, Error>(tenon_runs::runs::get(tx, &tenant, &lease.run)?)
        });
        let noted = noted.await?;
        let earlier = noted.report.and_then(|report| serde_json::from_value(report).ok());
        let streamed = Streamed {
            run: run.lease.run.clone(),
            job: run.job.to_string(),
            batches: noted.batches,
            ..earlier.unwrap_or_default()
        };
        Ok(Self {
            batches: Batches::new(every, streamed),
            limit,
            until: limit.and_then(|limit| Instant::now().checked_add(limit)),
        })
    }

    /// The next micro-batch begins. Answers with its number.
    pub fn begin_next(&mut self) -> u64 {
        self.batches.begin()
    }

    /// The number of the micro-batch that is about to begin.
    pub fn number(&self) -> u64 {
        self.batches.streamed().batches + 1
    }

    /// When the attempt will have taken too long, if it can.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The time that is left.
    pub fn left(&self) -> Option<Duration> {
        Some(self.until?.saturating_duration_since(Instant::now()))
    }

    /// What an error says of all of the micro-batches: a timeout is that of the attempt, and not what was left of it.
    pub fn of_all(&self, error: EngineError) -> EngineError {
        match (error, self.limit) {
            (EngineError::Timeout { .. }, Some(limit)) => EngineError::Timeout { limit },
            (error, _) => error,
        }
    }

    /// A micro-batch has committed, or found nothing. Answers with what all have done so far.
    pub fn add(&mut self, log: &RunLog, done: &Done) -> &Streamed {
        self.batches.add(&done.batch);
        let (streamed, batch) = (self.batches.streamed(), &done.batch);
        if !batch.has_found {
            // Not in the log: such lines would fill it within hours, and leave no room for what matters.
            tracing::debug!(run = streamed.run, "micro-batch {}: nothing new", streamed.batches);
            return streamed;
        }
        let (rows_in, rows_out) = (batch.rows_in, batch.rows_out);
        let text = format!("micro-batch {}: {rows_in} rows in, {rows_out} out", streamed.batches);
        tracing::debug!(run = streamed.run, "{text}");
        log.write(Level::Debug, LogSource::Host, None, &text);
        streamed
    }

    /// Waits for the window's rest. Answers with how the attempt ends, if it does.
    pub async fn rest(&self, shared: &Shared, run: &Claimed, stopped: &mut Receiver<Stop>) -> Option<Went> {
        // It was claimed to finish what an earlier attempt was cut short in: what comes next is for one of its own.
        if run.pending.is_some() {
            return Some(Went::Back);
        }
        let mut draining = shared.drains();
        let drains = async {
            // If nobody can tell any more, the server is gone.
            let _ = draining.wait_for(|draining| *draining).await;
        };
        tokio::select! {
            why = asked(stopped) => Some(Went::stopped(why)),
            () = drains => Some(Went::Back),
            late = self.late() => Some(Went::Badly(late)),
            () = tokio::time::sleep(self.batches.rest()) => None,
        }
    }

    /// Ready when the attempt has taken too long.
    async fn late(&self) -> Ended {
        let (Some(until), Some(limit)) = (self.until, self.limit) else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(until.into()).await;
        Ended::of(&EngineError::Timeout { limit })
    }
}
