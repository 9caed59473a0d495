//! The database's file: opened, checked, copied.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::Error;

/// How long another process may hold the database.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;
/// The write-ahead log is cut to this once it has been copied into the database, in bytes.
const JOURNAL_BYTES: i64 = 64 << 20;
/// The write-ahead log is copied into the database when it has so many pages, of 4 KiB: rarely, as every copy holds up
/// those who write, and a page that was changed often is copied once.
const JOURNAL_PAGES: i64 = 8192;
/// Memory for pages that were read or changed, of the connection that writes, in KiB.
const CACHE_KIB: i64 = 16 << 10;
/// A check that takes longer is mentioned.
const LONG_CHECK: Duration = Duration::from_secs(5);

/// Opens the database to write, makes it where there is none, and checks it.
pub(super) fn open(path: &Path) -> Result<(Connection, Identity), Error> {
    let unopened = |reason: String| Error::Open {
        place: path.display().to_string(),
        reason,
    };
    make_private(path).map_err(|error| unopened(error.to_string()))?;
    let connection = connect(path).map_err(|error| unopened(said(&error)))?;
    if connection.is_readonly("main").unwrap_or(false) {
        return Err(unopened("it cannot be written".to_owned()));
    }
    let began = Instant::now();
    let found: String = connection
        .query_row("pragma quick_check(1)", [], |row| row.get(0))
        .map_err(|error| unopened(said(&error)))?;
    if found != "ok" {
        let found = found.replace('\n', " ");
        return Err(unopened(format!("it is damaged ({found}); restore it from a backup")));
    }
    if began.elapsed() > LONG_CHECK {
        tracing::info!(database = %path.display(), seconds = began.elapsed().as_secs(), "the database has been checked");
    }
    let identity = Identity::of(path).map_err(|error| unopened(error.to_string()))?;
    Ok((connection, identity))
}

/// Opens the database to read; it is there.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Error> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        settle(&connection)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| Error::Open {
        place: path.display().to_string(),
        reason: said(&error),
    })
}

/// Two that make a database at once can be told at once that it is locked, without having waited.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let began = Instant::now();
    loop {
        match prepare(path) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && began.elapsed() < BUSY => {
                thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn prepare(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    connection.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What undoes a single statement would be a file of its own, made anew for each commit.
    connection.pragma_update(None, "temp_store", "memory")?;
    // A commit is answered once it is on the disk.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// What every connection has.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Where a condition could be that of a partial index, a statement would be planned anew for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// It holds what only the server may know.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// What SQLite says, with what may be done about it.
fn said(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            format!("it is damaged, or no database of SQLite ({error}); restore it from a backup")
        }
        _ => error.to_string(),
    }
}

/// Which file it is that is open. SQLite would go on with one that has been deleted, and all would be lost at the end.
#[derive(Debug)]
pub(super) struct Identity {
    path: PathBuf,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            inode: inode(path)?,
        })
    }

    /// # Errors
    /// [`Error::Unavailable`] if the file is not where it was, until it is there again.
    pub fn check(&self) -> Result<(), Error> {
        #[cfg(unix)]
        if inode(&self.path).ok() != Some(self.inode) {
            return Err(Error::Unavailable {
                doing: "written",
                reason: format!("the file {} has been deleted or replaced", self.path.display()),
            });
        }
        Ok(())
    }
}

#[cfg(unix)]
fn inode(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Copies the database as it is at one moment. Writes go on meanwhile, and do not make it begin again, as they would with
/// a copy page by page.
pub(crate) fn backup(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Backup {
        to: to.display().to_string(),
        reason,
    };
    if to.exists() {
        return Err(failed("the file is there already".to_owned()));
    }
    let mut unfinished = to.to_owned().into_os_string();
    unfinished.push(format!(".{}", crate::id("part")));
    let unfinished = PathBuf::from(unfinished);
    let copied = (|| {
        make_private(&unfinished).map_err(|error| error.to_string())?;
        let connection = open_to_read(from).map_err(|error| error.to_string())?;
        connection
            .execute("vacuum into ?1", [unfinished.to_string_lossy()])
            .map_err(|error| error.to_string())?;
        // On the disk before it has its name.
        let io = |error: io::Error| error.to_string();
        File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
        fs::hard_link(&unfinished, to).map_err(io)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new("."))).map_err(io)
    })();
    let _ = fs::remove_file(&unfinished);
    copied.map_err(failed)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
