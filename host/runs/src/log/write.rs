//! Lines on their way to the database.
//!
//! Each run has a buffer of its own, bounded in bytes, so that one that logs too much loses only its own lines. One task
//! writes what has come together of all runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tenon_metadata::Metadata;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Appended, Level, LogSource, NewLine, append};
use crate::Error;

/// Bytes of lines that are written in one transaction.
const TOGETHER: u64 = 512 << 10;

/// How logs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// What is kept of a run's log, in bytes. Default 16 MiB.
    pub bytes_per_run: u64,
    /// What may wait to be written of a run's log, in bytes; lines beyond are dropped, and counted. Default 1 MiB.
    pub waiting_bytes_per_run: u64,
    /// How long a line waits for others, at most. Default 100 ms.
    pub interval: Duration,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            bytes_per_run: 16 << 20,
            waiting_bytes_per_run: 1 << 20,
            interval: Duration::from_millis(100),
        }
    }
}

/// Where a server's runs log. Cheap to clone; its task ends with the last clone and the last [`RunLog`].
#[derive(Clone, Debug)]
pub struct LogSink {
    messages: mpsc::UnboundedSender<Message>,
    settings: LogSettings,
    metadata: Metadata,
}

/// The log of one attempt of a run.
#[derive(Clone, Debug)]
pub struct RunLog {
    buffer: Arc<Buffer>,
    sink: LogSink,
    also: Option<Also>,
}

/// Somebody else who is told each line.
#[derive(Clone)]
struct Also(Arc<dyn Fn(&NewLine) + Send + Sync>);

impl fmt::Debug for Also {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Also")
    }
}

#[derive(Debug)]
enum Message {
    /// A buffer that was empty has something; no buffer is sent again before it was emptied.
    Filled(Arc<Buffer>),
    /// There is much to write.
    Hurry,
    /// Somebody waits for everything to be written.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Buffer {
    run: String,
    attempt: u32,
    /// Filled by those who log, emptied by the task.
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<NewLine>,
    bytes: u64,
    dropped: u64,
    /// There was a line.
    used: bool,
    /// The task knows of it.
    announced: bool,
    /// The log is full, as this has found: nothing more is kept.
    full: Option<Appended>,
}

/// What was taken out of a buffer.
#[derive(Debug)]
struct Batch {
    buffer: Arc<Buffer>,
    lines: Vec<NewLine>,
    bytes: u64,
    dropped: u64,
}

impl LogSink {
    /// Starts the task that writes.
    pub fn start(metadata: Metadata, settings: LogSettings) -> Self {
        let (messages, received) = mpsc::unbounded_channel();
        tokio::spawn(write_all(metadata.clone(), settings, received));
        Self {
            messages,
            settings,
            metadata,
        }
    }

    /// Opens the log of an attempt of a run.
    pub fn run(&self, run: impl Into<String>, attempt: u32) -> RunLog {
        let buffer = Arc::new(Buffer {
            run: run.into(),
            attempt,
            waiting: Mutex::default(),
        });
        RunLog {
            buffer,
            sink: self.clone(),
            also: None,
        }
    }

    /// Waits until everything that was logged so far is written, or lost.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let _ = self.messages.send(Message::Flush(done));
        let _ = flushed.await;
    }
}

impl RunLog {
    /// The same log, of which somebody else is told each line too, whether it is kept or not. They must not wait.
    #[must_use]
    pub fn also(self, tell: impl Fn(&NewLine) + Send + Sync + 'static) -> Self {
        Self {
            also: Some(Also(Arc::new(tell))),
            ..self
        }
    }

    /// Waits until everything that was logged here so far is written, or lost.
    pub async fn flush(&self) {
        let used = self.buffer.waiting.lock().used;
        if used {
            self.sink.flush().await;
        }
    }

    /// Whether it was cut as it alone has reached its tenant's quota, as far as is known of what is written.
    pub fn is_at_quota(&self) -> bool {
        let full = self.buffer.waiting.lock().full;
        full.is_some_and(|appended| appended.at_quota)
    }

    /// Appends a line. It never waits: what comes faster than it can be written is dropped, and counted.
    pub fn write(&self, level: Level, source: LogSource, step: Option<&str>, message: &str) {
        let settings = &self.sink.settings;
        let line = NewLine {
            time: self.sink.metadata.clock().now(),
            attempt: self.buffer.attempt,
            level,
            source,
            step: step.map(str::to_owned),
            message: message.to_owned(),
        };
        let line = line.clipped();
        if let Some(Also(tell)) = &self.also {
            tell(&line);
        }
        let mut waiting = self.buffer.waiting.lock();
        waiting.used = true;
        let bytes = waiting.bytes + line.bytes();
        if waiting.full.is_some() || bytes > settings.waiting_bytes_per_run {
            waiting.dropped += 1;
        } else {
            let much = settings.waiting_bytes_per_run / 2;
            let hurry = waiting.bytes < much && bytes >= much;
            waiting.bytes = bytes;
            waiting.lines.push(line);
            if hurry {
                let _ = self.sink.messages.send(Message::Hurry);
            }
        }
        if !waiting.announced {
            waiting.announced = true;
            let _ = self.sink.messages.send(Message::Filled(Arc::clone(&self.buffer)));
        }
    }
}

impl Buffer {
    fn take(self: Arc<Self>) -> Batch {
        let mut waiting = self.waiting.lock();
        waiting.announced = false;
        let bytes = std::mem::take(&mut waiting.bytes);
        let (lines, dropped) = (std::mem::take(&mut waiting.lines), std::mem::take(&mut waiting.dropped));
        drop(waiting);
        Batch {
            buffer: self,
            lines,
            bytes,
            dropped,
        }
    }
}

/// The task: takes what has come together and writes it, until there will be no more.
async fn write_all(metadata: Metadata, settings: LogSettings, mut messages: mpsc::UnboundedReceiver<Message>) {
    while let Some(first) = messages.recv().await {
        let (mut filled, mut flushes, mut hurry) = (Vec::new(), Vec::new(), false);
        let until = Instant::now() + settings.interval;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Filled(buffer) => filled.push(buffer),
                Message::Hurry => hurry = true,
                Message::Flush(done) => {
                    flushes.push(done);
                    hurry = true;
                }
            }
            next = if hurry {
                messages.try_recv().ok()
            } else {
                tokio::time::timeout_at(until, messages.recv()).await.ok().flatten()
            };
        }
        let mut batches: Vec<Batch> = Vec::new();
        let mut bytes = 0;
        for buffer in filled {
            let batch = buffer.take();
            bytes += batch.bytes;
            batches.push(batch);
            if bytes >= TOGETHER {
                write(&metadata, &settings, std::mem::take(&mut batches)).await;
                bytes = 0;
            }
        }
        write(&metadata, &settings, batches).await;
        for done in flushes {
            let _ = done.send(());
        }
    }
}

async fn write(metadata: &Metadata, settings: &LogSettings, batches: Vec<Batch>) {
    if batches.is_empty() {
        return;
    }
    let (batches, limit) = (Arc::new(batches), settings.bytes_per_run);
    let to_write = Arc::clone(&batches);
    let written = metadata.write(move |tx| {
        let appended = to_write.iter().map(|batch| {
            match append(tx, &batch.buffer.run, &batch.lines, batch.dropped, limit) {
                // It was removed meanwhile.
                Err(Error::UnknownRun { .. }) => Ok(Appended {
                    kept: 0,
                    full: true,
                    at_quota: false,
                }),
                appended => appended,
            }
        });
        appended.collect::<Result<Vec<Appended>, Error>>()
    });
    match written.await {
        Ok(appended) => {
            for (batch, appended) in batches.iter().zip(appended) {
                if appended.full {
                    batch.buffer.waiting.lock().full = Some(appended);
                }
            }
        }
        Err(error) => {
            for batch in batches.iter() {
                let lost = batch.lines.len() as u64 + batch.dropped;
                tracing::warn!(run = batch.buffer.run, lines = lost, %error, "lines of a run's log are lost");
                // Said with the next line that can be written.
                batch.buffer.waiting.lock().dropped += lost;
            }
        }
    }
}
