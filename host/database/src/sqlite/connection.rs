//! Connections to a file, and work on them that can be interrupted.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::ffi::{self, ErrorCode};
use rusqlite::{Connection, InterruptHandle, OpenFlags};

use super::function;
use super::url::Location;
use crate::{ConnectOptions, Error, Stage};

/// How to open a database, again and again.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    pub name: Arc<str>,
    pub location: Location,
    pub options: ConnectOptions,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read. The file has to be there.
    Read,
    /// To write.
    Write,
}

impl Opener {
    /// Connects. Foreign keys are checked when writing, as every other constraint is.
    pub fn connect(&self, purpose: Purpose) -> Result<Connection, Error> {
        let writes = purpose == Purpose::Write;
        if writes && self.location.read_only {
            return Err(self.unreachable(Stage::Permission, "`mode=ro` allows reading only".to_owned(), false));
        }
        let create = writes && self.location.create;
        if !create && !self.location.path.exists() {
            let reason = format!("there is no file {}", self.location.path.display());
            return Err(self.unreachable(Stage::Database, reason, false));
        }
        let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags |= match (writes || !self.location.read_only, create) {
            (false, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (true, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
            (true, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let connected = Connection::open_with_flags(&self.location.path, flags).and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(self.options.lock_timeout.into()))?;
            limit_attached(&connection, 0);
            function::register(&connection)?;
            connection.pragma_update(None, if writes { "foreign_keys" } else { "query_only" }, true)?;
            // The first look into the file: whether it is a database at all, and one that may be read.
            connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        });
        connected.map_err(|error| self.not_connected(&error))
    }

    fn not_connected(&self, error: &rusqlite::Error) -> Error {
        let code = error.sqlite_error_code();
        let (stage, transient) = match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (Stage::Database, true),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (Stage::Database, false),
            _ if fs::metadata(&self.location.path).is_ok_and(|file| file.is_file()) => (Stage::Permission, false),
            _ => (Stage::Database, false),
        };
        self.unreachable(stage, message(error), transient)
    }

    fn unreachable(&self, stage: Stage, reason: String, transient: bool) -> Error {
        Error::Connect {
            database: self.name.to_string(),
            stage,
            reason,
            transient,
        }
    }

    /// The error of a statement.
    pub fn refused(&self, doing: impl Into<String>, error: &rusqlite::Error) -> Error {
        let code = error.sqlite_error_code();
        let transient = matches!(
            code,
            Some(
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::OperationInterrupted
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory
            )
        );
        Error::Refused {
            database: self.name.to_string(),
            doing: doing.into(),
            message: message(error),
            code: error
                .sqlite_error()
                .map(|error| format!("SQLite {}", error.extended_code)),
            transient,
        }
    }

    /// Works on a new connection in a thread of its own. If whoever waits for it gives up, what SQLite is doing is
    /// interrupted, and so it is after the time that a statement may take.
    pub async fn work<T, F>(&self, purpose: Purpose, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Self, Connection) -> Result<T, Error> + Send + 'static,
    {
        let interrupter = Interrupter::default();
        let (opener, guard) = (self.clone(), interrupter.clone());
        let worked = run(move || {
            let connection = opener.connect(purpose)?;
            guard.watch(&connection);
            work(&opener, connection)
        });
        let worked = InterruptOnDrop(interrupter).around(worked);
        let Some(seconds) = self.options.statement_timeout else {
            return worked.await;
        };
        let timeout = tokio::time::timeout(Duration::from_secs(seconds.into()), worked).await;
        timeout.unwrap_or_else(|_| {
            Err(Error::Refused {
                database: self.name.to_string(),
                doing: "to go on".to_owned(),
                message: format!("the statement took longer than {seconds} s (`statement_timeout`)"),
                code: None,
                transient: true,
            })
        })
    }
}

/// Has a connection attach no more files than this: no statement that somebody else has written is to open one.
pub(super) fn limit_attached(connection: &Connection, files: i32) {
    // SAFETY: the handle is that of a connection which is open as long as it is borrowed, and it is only told a number.
    unsafe {
        ffi::sqlite3_limit(connection.handle(), ffi::SQLITE_LIMIT_ATTACHED, files);
    }
}

/// Runs something that blocks in a thread for such things.
pub(super) async fn run<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(Error::Lost {
            database: "SQLite".to_owned(),
            doing: "working".to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Ends what a connection is doing, also one that is opened only after that.
#[derive(Clone, Default)]
pub(super) struct Interrupter(Arc<Mutex<Interruption>>);

#[derive(Default)]
struct Interruption {
    handle: Option<InterruptHandle>,
    asked: bool,
}

impl Interrupter {
    /// From now on it is this connection that is interrupted.
    pub fn watch(&self, connection: &Connection) {
        let handle = connection.get_interrupt_handle();
        let mut state = self.0.lock();
        if state.asked {
            handle.interrupt();
        }
        state.handle = Some(handle);
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.0.lock().asked
    }

    fn interrupt(&self) {
        let mut state = self.0.lock();
        state.asked = true;
        if let Some(handle) = &state.handle {
            handle.interrupt();
        }
    }
}

/// Interrupts when it is dropped.
pub(super) struct InterruptOnDrop(pub Interrupter);

impl InterruptOnDrop {
    async fn around<T>(self, work: impl Future<Output = T>) -> T {
        work.await
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

/// SQLite's own message.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, offset, .. } if *offset >= 0 => {
            format!("{msg} (at character {offset})")
        }
        other => other.to_string(),
    }
}

/// Whether a constraint was violated.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

/// Whether somebody has ended it.
pub(super) fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_attach_no_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = folder.path().join("other.db");
        let other = other.to_string_lossy();
        let connection = Connection::open(folder.path().join("own.db")).expect("opened");
        let attach = |name: &str| connection.execute(&format!("attach database ?1 as {name}"), [&*other]);
        limit_attached(&connection, 0);
        assert!(attach("one").is_err());
        limit_attached(&connection, 1);
        assert!(attach("one").is_ok() && attach("two").is_err());
    }
}
