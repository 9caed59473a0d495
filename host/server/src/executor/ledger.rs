//! What a run commits, in the server's database: under its lease, so that a run that another server has taken over commits
//! nothing any more.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tenon_engine::{Commitment, Ledger};
use tenon_metadata::{ErrorKind, Metadata};
use tenon_runs::{Commit, Lease, StateChange};

use super::room::Seat;

type Failed = Box<dyn StdError + Send + Sync>;

/// How long a run waits for another one of its job to commit. Not for long, since it holds the place where it writes, which
/// the other one may need for that.
const TURN: Duration = Duration::from_secs(2);
/// How long it waits for a database that is away.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
const LONG_PAUSE: Duration = Duration::from_millis(250);

/// The ledger of one attempt.
#[derive(Debug)]
pub(super) struct RunLedger {
    pub metadata: Metadata,
    pub lease: Lease,
    /// What the job's guests had kept when this run began.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The job's bookmarks as this run has found them, if it reads from there.
    pub based_on: Option<i64>,
    /// The place that the run gives up when all that it writes is there.
    pub seat: Option<Seat>,
}

#[async_trait]
impl Ledger for RunLedger {
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Failed> {
        let mut commit = Commit {
            tokens: serde_json::to_value(&commitment.sinks)?,
            state: StateChange::between(&self.state, &commitment.state),
            based_on: self.based_on,
            ..Commit::default()
        };
        for (source, bookmark) in &commitment.bookmarks {
            commit.bookmarks.insert(source.clone(), serde_json::to_value(bookmark)?);
        }
        if let Some(seat) = &self.seat {
            seat.give_up();
        }
        let began = Instant::now();
        loop {
            let (lease, noted) = (self.lease.clone(), commit.clone());
            let writing = self.metadata.write(move |tx| tenon_runs::prepare(tx, &lease, &noted));
            match writing.await {
                // Another run of the job is committing, which takes a moment.
                Err(tenon_runs::Error::Undecided { .. }) if began.elapsed() < TURN => {
                    tokio::time::sleep(PAUSE).await;
                }
                // All of the run's work is done. To prepare twice is to prepare once.
                Err(error) if error.kind() == ErrorKind::Unavailable && began.elapsed() < PATIENCE => {
                    tracing::warn!(run = self.lease.run, %error, "a run waits to commit until the database is back");
                    tokio::time::sleep(LONG_PAUSE).await;
                }
                noted => return Ok(noted?),
            }
        }
    }

    /// Everything is visible. That is noted together with the end of the run, or of its micro-batch: one without the other
    /// would have done again what is done.
    async fn committed(&self, _run: &str) -> Result<(), Failed> {
        Ok(())
    }
}
