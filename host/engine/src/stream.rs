//! Runs that go on: micro-batch after micro-batch, each a run of the job on what is new since the one before.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::temporal_conversions::timestamp_us_to_datetime;
use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tenon_connect::Bookmark;

use crate::error::Error;
use crate::job::Job;
use crate::ledger::{Commitment, Ledger};
use crate::plan::run_id;
use crate::progress::Progress;
use crate::report::{Report, Status};
use crate::run::Engine;

/// What one micro-batch has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whether there was anything new. If not, nothing was written.
    pub has_found: bool,
    /// Rows read from all sources.
    pub rows_in: u64,
    /// Rows written to all sinks, without rejected ones.
    pub rows_out: u64,
    /// Rows that were rejected.
    pub rows_rejected: u64,
    /// Bytes read, as stored.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

impl From<&Report> for Batch {
    fn from(report: &Report) -> Self {
        Self {
            has_found: report.status != Status::NothingNew,
            rows_in: report.rows_in,
            rows_out: report.rows_out,
            rows_rejected: report.rows_rejected,
            bytes_read: report.bytes_read,
            bytes_written: report.bytes_written,
        }
    }
}

/// What the micro-batches of a run have done together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Streamed {
    /// Id of the run.
    pub run: String,
    /// Name of the job.
    pub job: String,
    /// Micro-batches that went well.
    pub batches: u64,
    /// Those among them that found nothing new, and wrote nothing.
    pub batches_empty: u64,
    /// Rows read from all sources.
    pub rows_in: u64,
    /// Rows written to all sinks, without rejected ones.
    pub rows_out: u64,
    /// Rows that were rejected.
    pub rows_rejected: u64,
    /// Bytes read, as stored.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// When the last micro-batch ended, as RFC 3339 has it.
    pub last_batch: Option<String>,
}

impl Streamed {
    /// A run that has had no micro-batch yet.
    pub fn new(run: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            job: job.into(),
            ..Self::default()
        }
    }

    fn add(&mut self, batch: &Batch) {
        self.batches += 1;
        self.batches_empty += u64::from(!batch.has_found);
        self.rows_in = self.rows_in.saturating_add(batch.rows_in);
        self.rows_out = self.rows_out.saturating_add(batch.rows_out);
        self.rows_rejected = self.rows_rejected.saturating_add(batch.rows_rejected);
        self.bytes_read = self.bytes_read.saturating_add(batch.bytes_read);
        self.bytes_written = self.bytes_written.saturating_add(batch.bytes_written);
        self.last_batch = now();
    }
}

/// The micro-batches of a run, for whoever carries them out: which comes next, when, and what they have done so far.
#[derive(Debug, Clone)]
pub struct Batches {
    every: Duration,
    began: Instant,
    streamed: Streamed,
}

impl Batches {
    /// Goes on after what has been done already. `every` is the window: from the beginning of one to that of the next.
    pub fn new(every: Duration, streamed: Streamed) -> Self {
        Self {
            every,
            began: Instant::now(),
            streamed,
        }
    }

    /// The next one begins. Answers with its number, for [`Job::batch`]; one that did not go well has its number again.
    pub fn begin(&mut self) -> u64 {
        self.began = Instant::now();
        self.streamed.batches + 1
    }

    /// It went well.
    pub fn add(&mut self, batch: &Batch) {
        self.streamed.add(batch);
    }

    /// How long it is until the next one begins.
    pub fn rest(&self) -> Duration {
        self.every.saturating_sub(self.began.elapsed())
    }

    /// What they have done so far.
    pub fn streamed(&self) -> &Streamed {
        &self.streamed
    }
}

impl Engine {
    /// Runs a job in micro-batches, a window apart as [`Job::stream`] says, until `stop` is ready or there were `most`. What
    /// is under way then is taken back, or committed if it was about to be. Each micro-batch is a
    /// [run](Self::run_until) with its retries on what is new since the one before, from [`Job::incremental`] on, and is told
    /// to `each`. [`Job::timeout`] is that of all together.
    ///
    /// Bookmarks and what guests keep go from one to the next in memory. To have them for another run, give the engine a
    /// [`Ledger`].
    ///
    /// # Errors
    /// As [`run`](Self::run) where a micro-batch fails: what those before it have written stays.
    /// [`Error::Conflict`] for a job that has no window, or no incremental source.
    pub async fn stream(
        &self,
        job: &Job,
        most: Option<u64>,
        mut each: impl FnMut(&Report) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Streamed, Error> {
        let refused = |reason: &str| Error::Conflict {
            reason: reason.to_owned(),
        };
        let every = job
            .stream
            .ok_or_else(|| refused("the job has no window of micro-batches: set `stream`, or run it once"))?;
        if job.incremental.is_empty() {
            let reason = "micro-batches read only what is new, and `incremental` names no source that is read so";
            return Err(refused(reason));
        }
        let mut job = job.clone();
        let run = job.run.get_or_insert_with(run_id).clone();
        let (limit, began) = (job.timeout, Instant::now());
        let left_of = |limit: Duration| limit.saturating_sub(began.elapsed());
        let kept = Arc::new(Kept {
            ledger: self.own_ledger(),
            last: Mutex::default(),
        });
        let engine = self.clone().ledger(Arc::clone(&kept) as Arc<dyn Ledger>);
        let mut batches = Batches::new(every, Streamed::new(run, &job.name));
        tokio::pin!(stop);
        while most.is_none_or(|most| batches.streamed().batches < most) {
            job.batch = Some(batches.begin());
            job.timeout = limit.map(left_of);
            let report = match engine.run_until(&job, &Progress::default(), stop.as_mut()).await {
                Ok(report) => report,
                Err(Error::Cancelled) => break,
                Err(Error::Timeout { limit: left }) => {
                    return Err(Error::Timeout {
                        limit: limit.unwrap_or(left),
                    });
                }
                Err(error) => return Err(error),
            };
            kept.take_up(&mut job);
            batches.add(&Batch::from(&report));
            each(&report);
            if most.is_some_and(|most| batches.streamed().batches >= most) {
                break;
            }
            let rest = batches.rest();
            tokio::select! {
                () = stop.as_mut() => break,
                () = tokio::time::sleep(rest.min(limit.map_or(rest, left_of))) => {}
            }
            if let Some(limit) = limit.filter(|limit| left_of(*limit).is_zero()) {
                return Err(Error::Timeout { limit });
            }
        }
        Ok(batches.streamed)
    }
}

/// Keeps what the next micro-batch goes on from, and hands everything on to the ledger that there is.
#[derive(Debug)]
struct Kept {
    ledger: Option<Arc<dyn Ledger>>,
    last: Mutex<Option<Next>>,
}

#[derive(Debug)]
struct Next {
    bookmarks: BTreeMap<String, Bookmark>,
    state: BTreeMap<String, Vec<u8>>,
}

impl Kept {
    /// Has the job go on where the last micro-batch ended, once that is committed.
    fn take_up(&self, job: &mut Job) {
        let Some(next) = self.last.lock().take() else { return };
        for (source, bookmark) in next.bookmarks {
            if let Some(incremental) = job.incremental.get_mut(&source) {
                incremental.since = bookmark;
            }
        }
        job.state = next.state;
    }
}

#[async_trait]
impl Ledger for Kept {
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if let Some(ledger) = &self.ledger {
            ledger.prepared(commitment).await?;
        }
        *self.last.lock() = Some(Next {
            bookmarks: commitment.bookmarks.clone(),
            state: commitment.state.clone(),
        });
        Ok(())
    }

    async fn committed(&self, run: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match &self.ledger {
            Some(ledger) => ledger.committed(run).await,
            None => Ok(()),
        }
    }
}

fn now() -> Option<String> {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_micros();
    let time = timestamp_us_to_datetime(i64::try_from(micros).ok()?)?;
    Some(time.and_utc().to_rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_summed_and_numbered() {
        let mut batches = Batches::new(Duration::from_secs(100), Streamed::new("r", "orders"));
        let found = Batch {
            has_found: true,
            rows_in: 3,
            rows_out: 2,
            rows_rejected: 1,
            bytes_read: 30,
            bytes_written: 20,
        };
        assert_eq!(batches.begin(), 1);
        assert_eq!(batches.begin(), 1, "the first one failed");
        batches.add(&found);
        batches.add(&Batch::default());
        batches.add(&found);
        assert_eq!(batches.begin(), 4);
        let streamed = batches.streamed();
        assert_eq!((streamed.batches, streamed.batches_empty), (3, 1));
        assert_eq!((streamed.rows_in, streamed.rows_out, streamed.rows_rejected), (6, 4, 2));
        assert_eq!((streamed.bytes_read, streamed.bytes_written), (60, 40));
        let last = streamed.last_batch.as_deref().unwrap_or_default();
        assert!(last.starts_with("20") && last.contains('T'), "{last}");
        let kept = serde_json::to_value(streamed).expect("JSON");
        assert_eq!(serde_json::from_value::<Streamed>(kept).expect("the same"), *streamed);
    }
}
