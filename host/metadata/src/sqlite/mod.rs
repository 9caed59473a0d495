//! SQLite: one thread writes, several read.

mod file;
mod read;
mod statement;
mod write;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::metadata::{Access, Counts, spawn};
use crate::notices::Notices;
use crate::queue::{Queue, Served};
use crate::work::Asked;
use crate::{Clock, Error, Settings};

pub(crate) use file::backup;
pub(crate) use statement::{batch, execute, query};

type Tasks = Queue<Asked>;

/// A database file, with the threads that use it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    changes: Arc<Tasks>,
    looks: Arc<Tasks>,
    /// Connections for glances that nobody uses now.
    idle: Mutex<Vec<Connection>>,
    clock: Clock,
}

impl Sqlite {
    pub fn open(path: &Path, settings: &Settings, notices: Notices, counts: &Arc<Counts>) -> Result<Self, Error> {
        let (connection, file) = file::open(path)?;
        let sqlite = Self {
            path: path.to_owned(),
            changes: Arc::new(Queue::new()),
            looks: Arc::new(Queue::new()),
            idle: Mutex::default(),
            clock: settings.clock.clone(),
        };
        let writer = write::Writer {
            connection,
            file,
            changes: Served(Arc::clone(&sqlite.changes)),
            clock: settings.clock.clone(),
            notices,
            counts: Arc::clone(counts),
            flushes: Cell::new(true),
        };
        spawn("metadata-writer", move || writer.serve())?;
        for _ in 0..settings.connections.max(1) {
            sqlite.idle.lock().push(file::open_to_read(path)?);
            let connection = file::open_to_read(path)?;
            let (looks, clock) = (Served(Arc::clone(&sqlite.looks)), settings.clock.clone());
            spawn("metadata-reader", move || read::serve(&connection, &looks, &clock))?;
        }
        Ok(sqlite)
    }

    /// Has a look at once, on this thread, where a connection is idle; as [`ask`](Self::ask) otherwise.
    pub fn glance(&self, asked: Asked) -> Result<(), Error> {
        // Not held during the look.
        let idle = self.idle.lock().pop();
        let Some(connection) = idle else {
            return self.ask(asked);
        };
        read::look(&connection, asked.work, &self.clock);
        self.idle.lock().push(connection);
        Ok(())
    }

    pub fn ask(&self, asked: Asked) -> Result<(), Error> {
        let queue = match asked.access {
            Access::Read => &self.looks,
            Access::Write | Access::Soon | Access::Migrate => &self.changes,
        };
        let doing = asked.access.doing();
        queue.push(asked, doing)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn waiting(&self) -> usize {
        self.changes.len() + self.looks.len()
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.changes.close();
        self.looks.close();
    }
}
