//! The file beside the database that holds rows until they are committed.
//!
//! A table in the database itself would have to be written in transactions that stop everybody else from writing. In a
//! file of their own, rows wait without being in anybody's way, and one short transaction takes them over.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use super::connection::{self, Opener};
use super::dialect::Sql;
use super::plan::Plan;
use crate::sql::Dialect;
use crate::{Error, TableName};

/// The name under which the file is attached to the database's connection.
pub(super) const ATTACHED: &str = "tenon_staging";

/// The table of rows in it.
pub(super) const ROWS: &str = "rows";

/// That table, by a connection of the database.
pub(super) const STAGED: &str = "tenon_staging.rows";

/// What is between the database's name and the token's hash in the names of these files.
const INFIX: &str = "-tenon-";

/// How long a prepared file is kept for whoever may still commit it.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A file of rows that wait, and its lock while its run is alive.
#[derive(Debug, Clone)]
pub(super) struct Staging {
    path: PathBuf,
}

/// Held while the run is alive; the system releases it when the process ends.
#[derive(Debug)]
pub(super) struct Owner(#[expect(dead_code, reason = "it is held, not read")] File);

/// The name of a token's staging table.
pub(super) fn name(token: &str) -> String {
    let hash = hex::encode(Sha256::digest(token));
    format!("_tenon_{}", &hash[..20])
}

impl Staging {
    /// The file for a staging table.
    pub fn of(opener: &Opener, staging: &TableName) -> Self {
        let hash = staging.table.strip_prefix("_tenon_").unwrap_or(&staging.table);
        let mut path = opener.location.path.clone().into_os_string();
        path.push(format!("{INFIX}{hash}"));
        Self { path: path.into() }
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    fn lock_path(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        path.into()
    }

    /// Makes the run its owner; none where it has one that is alive.
    pub fn own(&self) -> std::io::Result<Option<Owner>> {
        loop {
            let path = self.lock_path();
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Ok(None),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
            // A sweep may have removed the file between the two steps; its name then stands for another.
            if is_same_file(&file, &path) {
                return Ok(Some(Owner(file)));
            }
        }
    }

    /// Makes the run its owner, once whoever is looking whether it can be swept has looked.
    pub fn own_surely(&self, opener: &Opener) -> Result<Owner, Error> {
        let refused = |message: String| Error::Refused {
            database: opener.name.to_string(),
            doing: "to lock its staging file".to_owned(),
            message,
            code: None,
            transient: true,
        };
        for _ in 0..200 {
            if let Some(owner) = self.own().map_err(|error| refused(error.to_string()))? {
                return Ok(owner);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(refused("the same run is writing to it already".to_owned()))
    }

    /// Makes the file. It needs no journal: what is not complete is thrown away.
    pub fn create(&self, opener: &Opener, token: &str, plan: &Plan) -> Result<(), Error> {
        fs::remove_file(&self.path).ok();
        let columns = plan
            .columns
            .iter()
            .map(|column| format!("{} {}", Sql.quote(&column.name), column.declared));
        let columns: Vec<String> = columns.collect();
        let made = self.open().and_then(|connection| {
            connection.execute_batch(&format!(
                "create table {ROWS} ({}); create table about (name text primary key, value text)",
                columns.join(", ")
            ))?;
            note(&connection, "token", token)?;
            note(&connection, "create", &plan.create)
        });
        made.map_err(|error| opener.refused("to make a staging file beside it", &error))
    }

    /// Connects to it.
    pub fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_secs(60))?;
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
        Ok(connection)
    }

    /// Makes everything in it durable, and then says so in it.
    pub fn finish(&self, opener: &Opener) -> Result<(), Error> {
        let refused = |error: rusqlite::Error| opener.refused("to write its staging file", &error);
        let sync = || File::open(&self.path).and_then(|file| file.sync_all());
        let synced = |error: std::io::Error| Error::Refused {
            database: opener.name.to_string(),
            doing: "to make its staging file durable".to_owned(),
            message: error.to_string(),
            code: None,
            transient: true,
        };
        sync().map_err(synced)?;
        let connection = self.open().map_err(refused)?;
        note(&connection, "prepared", "true").map_err(refused)?;
        drop(connection);
        sync().map_err(synced)
    }

    /// Attaches it to a connection of the database.
    pub fn attach(&self, opener: &Opener, connection: &Connection) -> Result<(), Error> {
        let path = self.path.to_string_lossy();
        // This one, and nothing beside it.
        connection::limit_attached(connection, 1);
        let attached = connection.execute(&format!("attach database ?1 as {ATTACHED}"), [path.as_ref()]);
        attached
            .map(drop)
            .map_err(|error| opener.refused("to attach its staging file", &error))
    }

    /// Removes it.
    pub fn remove(&self) {
        fs::remove_file(&self.path).ok();
        fs::remove_file(self.lock_path()).ok();
    }

    fn is_stale(&self) -> bool {
        let prepared = self
            .open()
            .and_then(|connection| noted(&connection, "about", "prepared"));
        let age = fs::metadata(&self.path).and_then(|file| file.modified()).ok();
        let age = age.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        !matches!(prepared, Ok(Some(_))) || age.is_some_and(|age| age > KEPT)
    }
}

/// Removes the files that runs have left which are no longer alive.
pub(super) fn sweep(opener: &Opener) {
    let path = &opener.location.path;
    let (Some(name), folder) = (path.file_name().and_then(|name| name.to_str()), path.parent()) else {
        return;
    };
    let folder = folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let prefix = format!("{name}{INFIX}");
    // Where the folder can't be listed nothing is swept, and nothing else depends on it.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let hash = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let hash = hash.map(|hash| hash.strip_suffix(".lock").unwrap_or(hash));
        let is_ours = |hash: &&str| hash.len() == 20 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(hash) = hash.filter(is_ours) else {
            continue;
        };
        let staging = Staging::of(opener, &TableName::new(None, hash));
        if let Ok(Some(_owner)) = staging.own()
            && staging.is_stale()
        {
            tracing::debug!(staging = hash, "swept what a run has left");
            staging.remove();
        }
    }
}

/// What the file says of itself, by a connection that it is attached to or the main file of.
pub(super) fn noted(connection: &Connection, table: &str, name: &str) -> rusqlite::Result<Option<String>> {
    let query = format!("select value from {table} where name = ?1");
    connection.query_row(&query, [name], |row| row.get(0)).optional()
}

fn note(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let insert = "insert into about values (?1, ?2) on conflict do update set value = excluded.value";
    connection.execute(insert, [name, value]).map(drop)
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(unix)]
fn is_same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (open.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(two)) => one.dev() == two.dev() && one.ino() == two.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}
