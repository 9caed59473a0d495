//! Writing logs, many lines at a time.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, params};

use super::{Level, LogSource};
use crate::error::{Error, Fault};
use crate::history::History;
use crate::runs::number;
use crate::store::{Durability, Store, write};
use crate::time::now;

/// How long a line waits for others, at most.
const INTERVAL: Duration = Duration::from_millis(200);
/// Bytes of lines that are worth writing before that.
const WORTHWHILE: u64 = 256 << 10;
/// Bytes of lines that may wait. Whoever logs more waits too.
const MAX_WAITING: u64 = 8 << 20;
/// What a line is charged besides its texts.
const LINE_OVERHEAD: u64 = 32;
/// Longest message that is kept in one piece, in bytes.
const MAX_MESSAGE: usize = 64 << 10;

/// Appends to a run's log. Lines are collected and written by a thread of its own, which ends with this.
#[derive(Debug)]
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// The lines on their way from those who log to the thread that writes.
    queue: Mutex<Queue>,
    /// There is something to write, or nothing will come any more.
    filled: Condvar,
    /// Something was written.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<Line>,
    bytes: u64,
    /// Lines that came when the run's log was full.
    dropped: u64,
    /// The run's log is full: no line will be kept any more.
    full: bool,
    /// Somebody waits for everything to be written.
    hurried: bool,
    /// How often the thread took what there was.
    taken: u64,
    /// How often it has written what it took.
    written: u64,
    closing: bool,
    failure: Option<Error>,
}

#[derive(Debug)]
struct Line {
    time: i64,
    level: Level,
    source: LogSource,
    step: Option<String>,
    message: String,
}

impl Line {
    fn bytes(&self) -> u64 {
        self.message.len() as u64 + self.step.as_ref().map_or(0, |step| step.len() as u64) + LINE_OVERHEAD
    }
}

impl History {
    /// Opens the log of a run for writing. Drop or [close](LogWriter::close) it before the run is
    /// [finished](History::finish).
    ///
    /// # Errors
    /// [`Error::UnknownRun`], and whatever keeps the database from being written.
    pub fn log_writer(&self, run: &str) -> Result<LogWriter, Error> {
        let number = self.store.read(|connection| number(connection, run))?;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        });
        let (store, lines) = (Arc::clone(&self.store), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("tenon-log".to_owned())
            .spawn(move || lines.write_all(&store, number));
        let thread = thread.map_err(|source| Error::Io {
            action: "starting a thread to write",
            path: self.store.file.clone(),
            source,
        })?;
        Ok(LogWriter {
            shared,
            thread: Some(thread),
        })
    }
}

impl LogWriter {
    /// Appends a line. It is on disk a fifth of a second later, or as soon as enough have come together.
    pub fn write(&self, level: Level, source: LogSource, step: Option<&str>, message: &str) {
        let mut queue = self.shared.queue.lock();
        while queue.bytes > MAX_WAITING && !queue.full {
            self.shared.emptied.wait(&mut queue);
        }
        if queue.full {
            queue.dropped += 1;
            return;
        }
        let line = Line {
            time: now(),
            level,
            source,
            step: step.map(str::to_owned),
            message: clipped(message),
        };
        let before = queue.bytes;
        queue.bytes += line.bytes();
        queue.lines.push(line);
        if before == 0 || (before < WORTHWHILE && queue.bytes >= WORTHWHILE) {
            self.shared.filled.notify_one();
        }
    }

    /// Waits until everything that was appended so far is written.
    ///
    /// # Errors
    /// The first error that kept lines from being written since the last time somebody asked.
    pub fn flush(&self) -> Result<(), Error> {
        let mut queue = self.shared.queue.lock();
        let to_take = queue.bytes > 0 || queue.dropped > 0;
        let enough = queue.taken + u64::from(to_take);
        while queue.written < enough {
            queue.hurried = true;
            self.shared.filled.notify_one();
            self.shared.emptied.wait(&mut queue);
        }
        queue.failure.take().map_or(Ok(()), Err)
    }

    /// Writes what is left, and ends.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn close(self) -> Result<(), Error> {
        self.flush()
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.queue.lock().closing = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            // It doesn't panic, and nobody is left to be told if it did.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The thread: takes what has come together and writes it, until there will be no more.
    fn write_all(&self, store: &Store, run: i64) {
        // Of many runs there is nothing to log, so it is opened with the first line.
        let mut connection = None;
        loop {
            let (lines, dropped, closing) = self.take();
            let count = lines.len() as u64;
            let written = write_some(&mut connection, store, run, &lines, dropped);
            // Not while the queue is locked: what is logged here may come back as a line.
            let written = written.map_err(|fault| {
                let error = store.failed(fault);
                tracing::warn!(lines = count, %error, "lines of a run's log are lost");
                error
            });
            let mut queue = self.queue.lock();
            queue.written += 1;
            match written {
                Ok(full) => queue.full |= full,
                Err(error) => {
                    queue.failure.get_or_insert(error);
                }
            }
            self.emptied.notify_all();
            if closing {
                return;
            }
        }
    }

    fn take(&self) -> (Vec<Line>, u64, bool) {
        let mut queue = self.queue.lock();
        while queue.bytes == 0 && !queue.closing && !queue.hurried {
            self.filled.wait(&mut queue);
        }
        // A moment for others to join the first, unless there is no need to wait.
        if queue.bytes < WORTHWHILE && !queue.closing && !queue.hurried {
            self.filled.wait_for(&mut queue, INTERVAL);
        }
        queue.taken += 1;
        queue.hurried = false;
        queue.bytes = 0;
        let (lines, dropped) = (std::mem::take(&mut queue.lines), std::mem::take(&mut queue.dropped));
        // Also when closing nothing is left: whoever could add a line has gone.
        (lines, dropped, queue.closing)
    }
}

fn write_some(
    connection: &mut Option<Connection>,
    store: &Store,
    run: i64,
    lines: &[Line],
    dropped: u64,
) -> Result<bool, Fault> {
    if lines.is_empty() && dropped == 0 {
        return Ok(false);
    }
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(store.connect()?),
    };
    write(connection, Durability::Process, |transaction| {
        append(transaction, run, lines, dropped, store.settings.log_bytes_per_run)
    })
}

/// Appends lines as long as there is room, counts the rest, and says whether the log is full.
fn append(connection: &Connection, run: i64, lines: &[Line], mut dropped: u64, limit: u64) -> Result<bool, Fault> {
    let mut select =
        connection.prepare_cached("select log_lines, log_bytes, log_dropped from runs where number = ?")?;
    let (mut kept, mut bytes, was_dropped): (i64, i64, i64) =
        select.query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    // After the first line that found no room none is kept, so that what is kept has no gaps.
    let mut full = was_dropped > 0;
    let mut insert = connection.prepare_cached(
        "insert into log_lines (run, number, time, level, source, step, message) values (?, ?, ?, ?, ?, ?, ?)",
    )?;
    for line in lines {
        let with_line = bytes + line.bytes() as i64;
        full = full || with_line.unsigned_abs() > limit;
        if full {
            dropped += 1;
            continue;
        }
        bytes = with_line;
        kept += 1;
        let (level, source) = (line.level as i64, line.source as i64);
        insert.execute(params![run, kept, line.time, level, source, line.step, line.message])?;
    }
    let mut update = connection.prepare_cached(
        "update runs set log_lines = ?2, log_bytes = ?3, log_dropped = log_dropped + ?4, updated = max(updated, ?5) \
         where number = ?1",
    )?;
    let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
    update.execute(params![run, kept, bytes, dropped, now()])?;
    Ok(full)
}

fn clipped(message: &str) -> String {
    if message.len() <= MAX_MESSAGE {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MAX_MESSAGE);
    format!("{} ... and {} bytes more", &message[..end], message.len() - end)
}
