//! The thread that writes.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::file::Identity;
use super::statement::{run, unavailable};
use crate::metadata::{Access, Counts};
use crate::notices::{Notice, Notices};
use crate::queue::{Served, Waiting};
use crate::transaction::Connected;
use crate::work::{Asked, Work};
use crate::{Clock, Error, Transaction};

/// Changes that are made durable together.
const TOGETHER: usize = 512;
/// No more are taken after this, so that the first does not wait long for the last.
const LONG: Duration = Duration::from_millis(50);
type Change = Box<dyn Work>;

pub(super) struct Writer {
    pub connection: Connection,
    pub file: Identity,
    pub changes: Served<Asked>,
    pub clock: Clock,
    pub notices: Notices,
    pub counts: Arc<Counts>,
    /// Whether commits wait for the disk, as the connection is set now.
    pub flushes: Cell<bool>,
}

/// Changes that were made and are to be committed, and what they tell then.
#[derive(Default)]
struct Made {
    changes: Vec<Change>,
    told: Vec<Notice>,
}

/// How to undo one change among others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Not at all: all are undone and the others made again. Few changes fail, and of these few have changed anything.
    None,
    /// By a savepoint of its own, which has a copy made of each page that it changes.
    Savepoint,
}

/// How a change went.
enum Attempt {
    /// It is to be committed, with what it told.
    Made(Vec<Notice>),
    /// It does not want to be committed, and has left nothing.
    Undone,
    /// It does not want to be committed, or has failed, and may have changed something.
    Half(Result<(), Error>),
}

impl Writer {
    /// Makes changes until nobody can ask for any more.
    pub fn serve(&self) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.changes.0.pop()) {
            let begun = Instant::now();
            // What need not wait for the disk does so where others are there to share it with.
            let flushes = first.task.access != Access::Soon || self.changes.0.len() > 0;
            match self.begin(flushes) {
                Ok(()) => next = self.together(first.task),
                Err(error) => self.refuse(first, begun, &error),
            }
        }
    }

    /// Begins a transaction whose commit waits for the disk, or does not: then the next one that does has it written too.
    fn begin(&self, flushes: bool) -> Result<(), Error> {
        self.file.check()?;
        if self.flushes.get() != flushes {
            let level = if flushes { "full" } else { "normal" };
            let set = self.connection.pragma_update(None, "synchronous", level);
            set.map_err(|error| unavailable(&error, "written"))?;
            self.flushes.set(flushes);
        }
        self.run("begin immediate")
    }

    /// The database cannot be written. Who has waited as long as the first is not made to wait as long again.
    fn refuse(&self, first: Waiting<Asked>, begun: Instant, error: &Error) {
        first.task.work.end(Err(error.clone()));
        while let Some(next) = self.changes.0.pop_from_before(begun) {
            next.task.work.end(Err(error.clone()));
        }
    }

    /// Makes changes, as many as there are: one flush to the disk serves all. Answers with one that cannot be among them:
    /// it needs the flush that these do without, or to be alone.
    fn together(&self, first: Asked) -> Option<Waiting<Asked>> {
        let begun = Instant::now();
        let mut made = Made::default();
        let mut again = VecDeque::new();
        let mut left = None;
        let mut guard = match first.access {
            // What it does to tables is not counted as a change.
            Access::Migrate => Guard::Savepoint,
            _ => Guard::None,
        };
        let mut next = Some(first.work);
        while let Some(mut change) = next.take() {
            match self.attempt(change.as_mut(), guard) {
                Ok(Attempt::Made(told)) => {
                    made.told.extend(told);
                    made.changes.push(change);
                }
                Ok(Attempt::Undone) => change.end(Ok(())),
                Ok(Attempt::Half(_)) => {
                    again = self.undo(&mut made, change)?;
                    guard = Guard::Savepoint;
                }
                Err(error) if !self.connection.is_autocommit() || made.changes.is_empty() => change.end(Err(error)),
                Err(_) => made.changes.push(change),
            }
            // The disk is full, or broken, and SQLite has undone everything.
            if self.connection.is_autocommit() {
                made.changes.extend(again);
                self.one_by_one(made.changes);
                return None;
            }
            next = again.pop_front();
            if next.is_none() && made.changes.len() < TOGETHER && begun.elapsed() < LONG {
                left = self.changes.0.pop_now();
                next = left
                    .take_if(|next| self.takes(next.task.access))
                    .map(|next| next.task.work);
            }
        }
        match self.commit() {
            Ok(()) => self.tell(made),
            // One of them may be more than the disk has room for, and the others not.
            Err(_) if made.changes.len() > 1 => self.one_by_one(made.changes),
            Err(error) => end_all(made.changes, &error),
        }
        left
    }

    /// Whether such a change can be among those of the transaction that was begun.
    fn takes(&self, access: Access) -> bool {
        match access {
            Access::Soon => true,
            Access::Write => self.flushes.get(),
            Access::Read | Access::Migrate => false,
        }
    }

    /// Undoes what was made, for the sake of one that has left something and cannot be undone alone. Answers with all of
    /// them, to be made again; none if that is impossible.
    fn undo(&self, made: &mut Made, half: Change) -> Option<VecDeque<Change>> {
        let mut again = VecDeque::from(std::mem::take(made).changes);
        for _ in &again {
            self.counts.repeated();
        }
        again.push_back(half);
        self.roll_back();
        match self.begin(self.flushes.get()) {
            Ok(()) => Some(again),
            Err(error) => {
                end_all(again.into(), &error);
                None
            }
        }
    }

    /// Makes changes again that could not be made together.
    fn one_by_one(&self, changes: Vec<Change>) {
        for mut change in changes {
            self.counts.repeated();
            if let Err(error) = self.begin(true) {
                change.end(Err(error));
                continue;
            }
            match self.attempt(change.as_mut(), Guard::None) {
                Ok(Attempt::Made(told)) => match self.commit() {
                    Ok(()) => self.tell(Made {
                        changes: vec![change],
                        told,
                    }),
                    Err(error) => change.end(Err(error)),
                },
                Ok(Attempt::Half(told)) => {
                    self.roll_back();
                    change.end(told);
                }
                result => {
                    self.roll_back();
                    change.end(result.map(drop));
                }
            }
        }
    }

    fn attempt(&self, change: &mut dyn Work, guard: Guard) -> Result<Attempt, Error> {
        let before = self.connection.total_changes();
        if guard == Guard::Savepoint {
            self.run("savepoint change")?;
        }
        let mut tx = Transaction::new(Connected::Sqlite(&self.connection), self.clock.now());
        let is_wanted = change.run(&mut tx);
        let told = tx.end();
        let is_made = is_wanted && told.is_ok();
        // A failure can have ended all of it.
        let is_over = self.connection.is_autocommit();
        let ended = match guard {
            Guard::None => Ok(()),
            Guard::Savepoint if is_made => self.run("release savepoint change"),
            Guard::Savepoint if is_over => Ok(()),
            Guard::Savepoint => self
                .run("rollback to savepoint change")
                .and_then(|()| self.run("release savepoint change")),
        };
        if let Err(error) = ended {
            // Rather all of them again than half of one.
            self.roll_back();
            return Err(error);
        }
        let is_half = guard == Guard::None && !is_over && self.connection.total_changes() != before;
        match told {
            Ok(told) if is_made => Ok(Attempt::Made(told)),
            told if is_half => Ok(Attempt::Half(told.map(drop))),
            told => told.map(|_| Attempt::Undone),
        }
    }

    fn commit(&self) -> Result<(), Error> {
        // Durable is only what is in the file that will be opened the next time.
        let committed = self.file.check().and_then(|()| self.run("commit"));
        if committed.is_err() {
            self.roll_back();
        }
        committed
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("rollback")
        {
            tracing::error!(%error, "a transaction cannot be rolled back");
        }
    }

    fn tell(&self, made: Made) {
        if made.changes.is_empty() {
            return;
        }
        self.counts.committed(made.changes.len(), self.flushes.get());
        self.notices.tell(made.told);
        for change in made.changes {
            change.end(Ok(()));
        }
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        run(&self.connection, sql).map_err(|error| unavailable(&error, "written"))
    }
}

fn end_all(changes: Vec<Change>, error: &Error) {
    for change in changes {
        change.end(Err(error.clone()));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.notices.close();
    }
}
