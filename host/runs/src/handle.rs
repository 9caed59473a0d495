//! Runs, for those who do one thing at a time.

use std::time::Duration;

use tenon_metadata::{Metadata, Name, Subscription};

use crate::log::{LogFollower, LogSettings, LogSink, RunLog};
use crate::{
    Capacity, Claimed, Error, Finished, Lease, LogQuery, Outcome, Removed, Renewed, Request, Retention, Run, State,
    Submitted, TakenOver,
};

/// Rows that are removed in one transaction.
const AT_ONCE: u32 = 500;

/// The runs of a database: each method is a transaction of its own. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Runs {
    metadata: Metadata,
    logs: LogSink,
}

impl Runs {
    /// The runs of that database. Needs a Tokio runtime, in which logs are written.
    pub fn new(metadata: Metadata, logs: LogSettings) -> Self {
        let logs = LogSink::start(metadata.clone(), logs);
        Self { metadata, logs }
    }

    /// As [`submit`](crate::submit()).
    ///
    /// # Errors
    /// The same.
    pub async fn submit(&self, request: Request) -> Result<Submitted, Error> {
        self.metadata.write(move |tx| crate::submit(tx, &request)).await
    }

    /// As [`get`](crate::runs::get).
    ///
    /// # Errors
    /// The same.
    pub async fn get(&self, tenant: &Name, run: &str) -> Result<Run, Error> {
        let (tenant, run) = (tenant.clone(), run.to_owned());
        self.metadata.read(move |tx| crate::runs::get(tx, &tenant, &run)).await
    }

    /// As [`request_stop`](crate::request_stop).
    ///
    /// # Errors
    /// The same.
    pub async fn request_stop(&self, tenant: &Name, run: &str, reason: &str) -> Result<State, Error> {
        let (tenant, run, reason) = (tenant.clone(), run.to_owned(), reason.to_owned());
        self.metadata
            .write(move |tx| crate::request_stop(tx, &tenant, &run, &reason))
            .await
    }

    /// As [`join`](crate::join).
    ///
    /// # Errors
    /// The same.
    pub async fn join(&self, name: &Name, lease: Duration) -> Result<String, Error> {
        let name = name.clone();
        self.metadata.write(move |tx| crate::join(tx, &name, lease)).await
    }

    /// As [`renew`](crate::renew).
    ///
    /// # Errors
    /// The same.
    pub async fn renew(&self, server: &str) -> Result<Renewed, Error> {
        let server = server.to_owned();
        self.metadata.write(move |tx| crate::renew(tx, &server)).await
    }

    /// As [`take_over`](crate::take_over).
    ///
    /// # Errors
    /// The same.
    pub async fn take_over(&self, server: &str) -> Result<TakenOver, Error> {
        let server = server.to_owned();
        self.metadata.write(move |tx| crate::take_over(tx, &server)).await
    }

    /// As [`claim`](crate::claim()).
    ///
    /// # Errors
    /// The same.
    pub async fn claim(&self, server: &str, capacity: Capacity) -> Result<Vec<Claimed>, Error> {
        let server = server.to_owned();
        self.metadata
            .write(move |tx| crate::claim(tx, &server, &capacity))
            .await
    }

    /// As [`running`](crate::running).
    ///
    /// # Errors
    /// The same.
    pub async fn running(&self, lease: &Lease) -> Result<State, Error> {
        let lease = lease.clone();
        self.metadata.write(move |tx| crate::running(tx, &lease)).await
    }

    /// As [`finish`](crate::finish()).
    ///
    /// # Errors
    /// The same.
    pub async fn finish(&self, lease: &Lease, outcome: Outcome) -> Result<Finished, Error> {
        let lease = lease.clone();
        self.metadata.write(move |tx| crate::finish(tx, &lease, &outcome)).await
    }

    /// Opens the log of an attempt that was claimed.
    pub fn log(&self, claimed: &Claimed) -> RunLog {
        self.logs.run(&claimed.lease.run, claimed.attempt)
    }

    /// Where all runs log.
    pub fn logs(&self) -> &LogSink {
        &self.logs
    }

    /// Follows the log of a run.
    pub fn follow(&self, tenant: &Name, run: &str, query: LogQuery) -> LogFollower {
        LogFollower::new(self.metadata.clone(), tenant.clone(), run, query)
    }

    /// Removes all that is old, in many small transactions.
    ///
    /// # Errors
    /// As [`remove_old`](crate::remove_old).
    pub async fn remove_old(&self, retention: Retention) -> Result<Removed, Error> {
        let mut all = Removed::default();
        loop {
            let some = self
                .metadata
                .write(move |tx| crate::remove_old(tx, &retention, AT_ONCE))
                .await?;
            all.runs += some.runs;
            all.log_lines += some.log_lines;
            all.keys += some.keys;
            let nothing = some.runs + some.log_lines + some.keys == 0;
            if !some.more || nothing {
                return Ok(all);
            }
            // Others have their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Is told when something comes into the queue that could be claimed, or a place becomes free. Notices may be lost, and
    /// nothing is told when a pause ends, so look without one too.
    pub fn work(&self) -> Subscription {
        self.metadata.subscribe("queue")
    }
}
