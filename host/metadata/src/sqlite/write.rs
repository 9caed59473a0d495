//! The thread that writes.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::file::Identity;
use super::statement::unavailable;
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

impl Writer {
    /// Makes changes until nobody can ask for any more.
    pub fn serve(&self) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.changes.0.pop()) {
            let begun = Instant::now();
            match self.begin(first.task.access != Access::Soon) {
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

    /// Makes changes, as many as there are, each in a savepoint of its own: one flush to the disk serves all. Answers
    /// with one that cannot be among them, as it needs the flush that these do without.
    fn together(&self, first: Asked) -> Option<Waiting<Asked>> {
        let begun = Instant::now();
        let mut made = Made::default();
        let mut left = None;
        let mut next = Some(first.work);
        while let Some(mut change) = next.take() {
            match self.attempt(change.as_mut()) {
                Ok(Some(told)) => {
                    made.told.extend(told);
                    made.changes.push(change);
                }
                result if !self.connection.is_autocommit() || made.changes.is_empty() => change.end(result.map(drop)),
                // The disk is full, or broken, and SQLite has undone everything.
                _ => {
                    made.changes.push(change);
                    self.one_by_one(made.changes);
                    return None;
                }
            }
            if self.connection.is_autocommit() {
                return None;
            }
            if made.changes.len() < TOGETHER && begun.elapsed() < LONG {
                left = self.changes.0.pop_now();
                next = left
                    .take_if(|next| self.flushes.get() || next.task.access == Access::Soon)
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

    /// Makes changes again that could not be made together.
    fn one_by_one(&self, changes: Vec<Change>) {
        for mut change in changes {
            self.counts.repeated();
            if let Err(error) = self.begin(true) {
                change.end(Err(error));
                continue;
            }
            match self.attempt(change.as_mut()) {
                Ok(Some(told)) => match self.commit() {
                    Ok(()) => self.tell(Made {
                        changes: vec![change],
                        told,
                    }),
                    Err(error) => change.end(Err(error)),
                },
                result => {
                    self.roll_back();
                    change.end(result.map(drop));
                }
            }
        }
    }

    /// What a change told; none if it does not want to be committed, and is undone.
    fn attempt(&self, change: &mut dyn Work) -> Result<Option<Vec<Notice>>, Error> {
        self.run("savepoint change")?;
        let mut tx = Transaction::new(Connected::Sqlite(&self.connection), self.clock.now());
        let is_wanted = change.run(&mut tx);
        let told = tx.end();
        let is_made = is_wanted && told.is_ok();
        let ended = match is_made {
            true => self.run("release savepoint change"),
            // A failure can have ended it.
            false if self.connection.is_autocommit() => Ok(()),
            false => self
                .run("rollback to savepoint change")
                .and_then(|()| self.run("release savepoint change")),
        };
        if let Err(error) = ended {
            // Rather all of them again than half of one.
            self.roll_back();
            return Err(error);
        }
        told.map(|told| Some(told).filter(|_| is_made))
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
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(|error| unavailable(&error, "written"))
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
