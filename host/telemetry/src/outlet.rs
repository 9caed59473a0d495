//! Where spans and lines of logs wait to be sent: a bounded queue, and a task that sends what has come together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::export::Export;

/// Most that is sent in one request.
const TOGETHER: usize = 512;
/// How long the first of a request waits for others.
const WAIT: Duration = Duration::from_millis(500);
/// How often one request is tried.
const TRIES: u32 = 3;
/// How long is waited before the second try; twice as long before the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes one sort of thing, and never waits: with nowhere to send it to it forgets it, and with a full queue it counts it.
#[derive(Debug)]
pub(crate) struct Outlet<T> {
    /// What it is, for people: `traces`.
    signal: &'static str,
    pipe: RwLock<Option<Pipe<T>>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Sent, and taken by the collector.
    sent: AtomicU64,
    /// Lost, because the queue was full or the collector did not take it.
    lost: AtomicU64,
    /// It has been said that something is lost, and nothing was sent since.
    said: AtomicBool,
}

#[derive(Debug)]
struct Pipe<T> {
    queue: mpsc::Sender<T>,
    ending: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl<T: Send + Sync + 'static> Outlet<T> {
    pub fn new(signal: &'static str) -> Self {
        Self {
            signal,
            pipe: RwLock::default(),
            counts: Arc::default(),
        }
    }

    /// Puts something into the queue. Says nothing if it is full: this may be called from within whatever logs.
    pub fn push(&self, item: T) {
        let pipe = self.pipe.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pipe.as_ref()
            && pipe.queue.try_send(item).is_err()
        {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// From now on everything goes to this exporter; what waits still goes to the one before. Needs a Tokio runtime.
    pub fn open(&self, exporter: impl Export<T>, queue: usize, timeout: Duration) {
        let (sender, received) = mpsc::channel(queue);
        let (ending, ended) = watch::channel(false);
        let worker = Worker {
            signal: self.signal,
            exporter,
            received,
            ended,
            timeout,
            counts: Arc::clone(&self.counts),
            noticed: self.lost(),
        };
        let pipe = Pipe {
            queue: sender,
            ending,
            worker: tokio::spawn(worker.work()),
        };
        drop(self.take(Some(pipe)));
    }

    /// From now on everything is forgotten. What waits has as long as `limit` to be sent.
    pub async fn close(&self, limit: Duration) {
        let Some(pipe) = self.take(None) else { return };
        pipe.ending.send_replace(true);
        drop(pipe.queue);
        let mut worker = pipe.worker;
        if tokio::time::timeout(limit, &mut worker).await.is_err() {
            worker.abort();
            let signal = self.signal;
            tracing::warn!(
                signal,
                "the collector does not answer: the last of the telemetry is lost"
            );
        }
    }

    /// How many were lost so far.
    pub fn lost(&self) -> u64 {
        self.counts.lost.load(Ordering::Relaxed)
    }

    /// How many were sent so far.
    pub fn sent(&self) -> u64 {
        self.counts.sent.load(Ordering::Relaxed)
    }

    fn take(&self, next: Option<Pipe<T>>) -> Option<Pipe<T>> {
        let mut pipe = self.pipe.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *pipe, next);
        if let Some(before) = &before {
            // It does not try again what it cannot send: nobody waits for it.
            before.ending.send_replace(true);
        }
        before
    }
}

/// The task that sends.
struct Worker<T, E> {
    signal: &'static str,
    exporter: E,
    received: mpsc::Receiver<T>,
    ended: watch::Receiver<bool>,
    timeout: Duration,
    counts: Arc<Counts>,
    /// Those lost that have been spoken of.
    noticed: u64,
}

impl<T: Send + Sync + 'static, E: Export<T>> Worker<T, E> {
    /// Sends what comes, until nothing will come any more.
    async fn work(mut self) {
        let mut batch = Vec::new();
        while self.gather(&mut batch).await {
            self.send(&batch).await;
            batch.clear();
        }
    }

    /// Waits for something, and a little for more. False if nothing will come.
    async fn gather(&mut self, batch: &mut Vec<T>) -> bool {
        if self.received.recv_many(batch, TOGETHER).await == 0 {
            return false;
        }
        let waited = tokio::time::sleep(WAIT);
        tokio::pin!(waited);
        while batch.len() < TOGETHER {
            let room = TOGETHER - batch.len();
            let more = tokio::select! {
                biased;
                more = self.received.recv_many(batch, room) => more,
                () = &mut waited => 0,
                () = ended(&mut self.ended) => 0,
            };
            if more == 0 {
                break;
            }
        }
        true
    }

    async fn send(&mut self, batch: &[T]) {
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            let sending = tokio::time::timeout(self.timeout, self.exporter.export(batch));
            let failed = match sending.await {
                Ok(Ok(())) => return self.sent(batch.len()),
                Ok(Err(reason)) => reason,
                Err(_) => format!("it did not answer within {:?}", self.timeout),
            };
            self.complain(&failed);
            if attempt == TRIES || *self.ended.borrow() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause *= 2,
                () = ended(&mut self.ended) => {}
            }
        }
        self.counts.lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
    }

    fn sent(&mut self, number: usize) {
        self.counts.sent.fetch_add(number as u64, Ordering::Relaxed);
        let (lost, signal) = (self.counts.lost.load(Ordering::Relaxed), self.signal);
        if self.counts.said.swap(false, Ordering::Relaxed) {
            let lost = lost - self.noticed;
            tracing::warn!(signal, lost, "the collector takes telemetry again");
        } else if lost > self.noticed {
            let lost = lost - self.noticed;
            tracing::warn!(
                signal,
                lost,
                "telemetry comes faster than the collector takes it; some is lost"
            );
        }
        self.noticed = lost;
    }

    /// Once, until it works again.
    fn complain(&self, reason: &str) {
        if !self.counts.said.swap(true, Ordering::Relaxed) {
            let signal = self.signal;
            tracing::warn!(
                signal,
                reason,
                "the collector takes no telemetry; runs go on, and what the queue cannot hold is lost"
            );
        }
    }
}

async fn ended(ended: &mut watch::Receiver<bool>) {
    // A pipe that is gone has ended too.
    let _ = ended.wait_for(|ended| *ended).await;
}
