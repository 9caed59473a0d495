//! The database file: opened by one process at a time, used by many.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, Fault};
use crate::history::Settings;
use crate::schema;

/// How long to wait for the writes of other processes. Theirs take milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The write-ahead log is cut to this once it has been copied into the database, in bytes.
const JOURNAL_BYTES: i64 = 16 << 20;
/// Pages of the write-ahead log from which it is copied into the database. What is left of it is read by the next
/// process as it begins, which is a few milliseconds for SQLite's default of 1,000.
const SMALL_JOURNAL: i64 = 100;
/// The same for who writes a lot, and would otherwise copy all the time.
const LARGE_JOURNAL: i64 = 1_000;

/// How sure a change must be before the call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives the end of the process. A power failure may undo it, as a whole.
    Process,
    /// Survives a power failure.
    Power,
}

#[derive(Debug)]
pub(crate) struct Store {
    pub folder: PathBuf,
    pub file: PathBuf,
    pub settings: Settings,
    pub moved_aside: Option<PathBuf>,
    /// For everything but the writing of logs, which has connections of its own.
    connection: Mutex<Connection>,
}

impl Store {
    pub fn open(folder: &Path, settings: Settings) -> Result<Self, Error> {
        make_private_folder(folder)?;
        // Held while the file is made, upgraded or moved aside, so that two processes don't do so at once.
        let _held = lock(&folder.join("history.lock"))?;
        let file = folder.join("history.db");
        let (connection, moved_aside) = match prepare(&file, &settings) {
            Err(Error::Damaged { .. }) => {
                let aside = move_aside(&file)?;
                tracing::warn!(
                    file = %file.display(),
                    moved_to = %aside.display(),
                    "the history was damaged; it was moved aside and a new one begun"
                );
                (prepare(&file, &settings)?, Some(aside))
            }
            other => (other?, None),
        };
        Ok(Self {
            folder: folder.to_owned(),
            file,
            settings,
            moved_aside,
            connection: Mutex::new(connection),
        })
    }

    /// Another connection, for a thread that writes a lot.
    pub fn connect(&self) -> Result<Connection, Fault> {
        Ok(connect(&self.file, &self.settings, LARGE_JOURNAL)?)
    }

    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        work(&self.connection.lock()).map_err(|fault| self.failed(fault))
    }

    /// Changes all or nothing.
    pub fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let mut connection = self.connection.lock();
        write(&mut connection, durability, work).map_err(|fault| self.failed(fault))
    }

    /// Names the file, and has the next process look into it if it is damaged.
    pub fn failed(&self, fault: Fault) -> Error {
        let error = fault.of(&self.file);
        if matches!(error, Error::Damaged { .. })
            && let Err(error) = touch(&suspicion(&self.file))
        {
            tracing::warn!(file = %self.file.display(), %error, "a damaged history could not be marked");
        }
        error
    }
}

/// Changes all or nothing, on a connection of one's own.
pub(crate) fn write<T>(
    connection: &mut Connection,
    durability: Durability,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    if durability == Durability::Power {
        connection.pragma_update(None, "synchronous", "full")?;
    }
    let done = (|| {
        // Immediate: a transaction that begins by reading could not wait for its turn to write.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    })();
    if durability == Durability::Power {
        // Otherwise it waits for the disk more often than it has to, and what is done stays done.
        connection.pragma_update(None, "synchronous", "normal").ok();
    }
    done
}

/// A connection to a database that is checked, and of this build's version.
fn prepare(file: &Path, settings: &Settings) -> Result<Connection, Error> {
    make_private_file(file)?;
    let ready = || -> Result<Connection, Fault> {
        let mut connection = connect(file, settings, SMALL_JOURNAL)?;
        check(&connection, file)?;
        if schema::version(&connection)? < schema::VERSION {
            write(&mut connection, Durability::Power, |transaction| {
                Ok(schema::upgrade(transaction)?)
            })?;
        }
        Ok(connection)
    };
    ready().map_err(|fault| fault.of(file))
}

fn connect(file: &Path, settings: &Settings, journal_pages: i64) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    // So that removed runs give their space back. Later it would change nothing, and write all the same.
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    // Readers and one writer side by side. A file system that cannot do it answers with the mode that it keeps.
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // The last to leave would copy the write-ahead log into the database and wait for the disk: a run of milliseconds
    // would take several times as long. It is copied when it has grown.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", journal_pages, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", JOURNAL_BYTES, |_| Ok(()))?;
    if let Some(bytes) = settings.max_bytes {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?;
    }
    Ok(connection)
}

/// Refuses what is not a history of this build, and finds damage: in the tables' definitions always, everywhere if an
/// earlier process met some.
fn check(connection: &Connection, file: &Path) -> Result<(), Fault> {
    let tables: i64 = connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if tables > 0 && application != schema::APPLICATION {
        return Err(Error::Foreign { file: file.to_owned() }.into());
    }
    let found = schema::version(connection)?;
    if found > schema::VERSION {
        let (file, known) = (file.to_owned(), schema::VERSION);
        return Err(Error::Newer { file, found, known }.into());
    }
    let suspicion = suspicion(file);
    if suspicion.exists() {
        let verdict: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Error::Damaged { file: file.to_owned() }.into());
        }
        remove_if_there(&suspicion)?;
    }
    Ok(())
}

/// Beside a database in which a process met damage.
fn suspicion(file: &Path) -> PathBuf {
    file.with_extension("damaged")
}

fn move_aside(file: &Path) -> Result<PathBuf, Error> {
    let aside = file.with_extension(format!("damaged-{}", crate::time::now()));
    fs::rename(file, &aside).map_err(|source| Error::Io {
        action: "moving aside the damaged database",
        path: file.to_owned(),
        source,
    })?;
    // SQLite would apply an old write-ahead log to the new database.
    for ending in ["-wal", "-shm"] {
        let (from, to) = (with_ending(file, ending), with_ending(&aside, ending));
        if from.exists() && fs::rename(&from, to).is_err() {
            remove_if_there(&from)?;
        }
    }
    remove_if_there(&suspicion(file))?;
    Ok(aside)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(crate) fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
            action: "removing",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Makes a folder, and those above it, that only its user may look into: it holds data that may be personal.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| Error::Io {
        action: "making the folder",
        path: folder.to_owned(),
        source,
    })
}

/// How to make a new file that only its user may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes an empty file, or sets the time of the one that is there.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    let file = private().create_new(false).create(true).open(path)?;
    file.set_modified(std::time::SystemTime::now())
}

/// Makes the file if it isn't there, and doesn't open it if it is: closing it would release SQLite's locks on it.
fn make_private_file(file: &Path) -> Result<(), Error> {
    match private().open(file) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(Error::Io {
            action: "making",
            path: file.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// A lock that ends with the file that is returned.
fn lock(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::Io {
        action: "locking",
        path: path.to_owned(),
        source,
    };
    let file = private().create_new(false).create(true).open(path).map_err(failed)?;
    match file.lock() {
        // Then nobody guards against two first starts at the same moment, and SQLite's own locks have to do.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(error) => Err(failed(error)),
        Ok(()) => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_written_says_so() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path(), Settings::default()).unwrap();
        store.connection.lock().pragma_update(None, "query_only", true).unwrap();
        let refused = store.write(Durability::Process, |transaction| {
            Ok(transaction.execute("delete from runs", [])?)
        });
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("history.db is read-only") && message.contains("TENON_HOME"),
            "{message}"
        );
    }

    #[test]
    fn a_change_that_fails_is_undone() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path(), Settings::default()).unwrap();
        let put = "insert into state (job, key, value) values ('j', 'k', x'00')";
        let failed = store.write(Durability::Power, |transaction| {
            transaction.execute(put, [])?;
            Ok(transaction.execute(put, [])?)
        });
        assert!(matches!(failed, Err(Error::Database { .. })));
        let count = "select count(*) from state";
        let left: i64 = store
            .read(|connection| Ok(connection.query_row(count, [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(left, 0);
    }
}
