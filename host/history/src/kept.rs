//! Batches that failed, kept so that they can be tried again.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Fault};
use crate::history::History;
use crate::runs::{number, resolve};
use crate::store::{Durability, make_private_folder, private, remove_if_there};
use crate::time::{from_micros, now};

/// Age from which a file that no record names is what a crash left behind, and not what is just being written.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
const COLUMNS: &str = "k.number, r.id as run, k.time, k.step, k.partition, k.function, k.plugin, k.config, k.error, \
                       k.fingerprint, k.bytes, k.file";

/// A batch to keep, and what it takes to run it again.
#[derive(Clone, Debug)]
pub struct KeptBatch<'a> {
    /// The step that failed.
    pub step: &'a str,
    /// Partition, from 0.
    pub partition: u32,
    /// The plugin's function.
    pub function: &'a str,
    /// SHA-256 of the plugin's file.
    pub plugin_digest: &'a str,
    /// The function's configuration. Secrets belong not here.
    pub config: &'a Value,
    /// What went wrong.
    pub error: &'a str,
    /// By what to tell that the columns have changed since.
    pub schema_fingerprint: &'a str,
    /// The batch, as an Arrow IPC stream.
    pub arrow_ipc: &'a [u8],
}

/// What is known of a kept batch without its data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptInfo {
    /// Its number, by which it is loaded.
    pub number: i64,
    /// Id of the run.
    pub run: String,
    /// When it was kept.
    pub time: DateTime<Utc>,
    /// The step that failed.
    pub step: String,
    /// Partition, from 0.
    pub partition: u32,
    /// The plugin's function.
    pub function: String,
    /// SHA-256 of the plugin's file.
    pub plugin_digest: String,
    /// The function's configuration.
    pub config: Value,
    /// What went wrong.
    pub error: String,
    /// By what to tell that the columns have changed since.
    pub schema_fingerprint: String,
    /// Size of the batch, in bytes.
    pub bytes: u64,
    #[serde(skip)]
    file: String,
}

/// A kept batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedBatch {
    /// What is known of it.
    pub info: KeptInfo,
    /// The batch, as an Arrow IPC stream.
    pub arrow_ipc: Vec<u8>,
}

impl History {
    /// Keeps a batch, in a file that only its user may read, and answers with its number. Where that takes too much
    /// room, the run's oldest batches go, then the oldest of all.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::BatchTooLarge`], and whatever keeps the folder or the database from being written.
    pub fn keep_batch(&self, run: &str, batch: &KeptBatch<'_>) -> Result<i64, Error> {
        let settings = &self.store.settings;
        let (bytes, limit) = (
            batch.arrow_ipc.len() as u64,
            settings.kept_bytes_per_run.min(settings.kept_bytes),
        );
        if bytes > limit {
            return Err(Error::BatchTooLarge { bytes, limit });
        }
        let run = self.store.read(|connection| number(connection, run))?;
        let folder = self.kept_folder();
        make_private_folder(&folder)?;
        // Unlike that of any other writer, so that the record can be made after the file is complete.
        let file = format!("{run}-{:x}-{:x}.arrow", std::process::id(), unique());
        write_whole(&folder, &file, batch.arrow_ipc)?;
        let recorded = self.store.write(Durability::Process, |transaction| {
            let insert = "insert into kept (run, time, step, partition, function, plugin, config, error, fingerprint, \
                          bytes, file) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            transaction.execute(
                insert,
                params![
                    run,
                    now(),
                    batch.step,
                    batch.partition,
                    batch.function,
                    batch.plugin_digest,
                    batch.config.to_string(),
                    batch.error,
                    batch.schema_fingerprint,
                    bytes as i64,
                    file
                ],
            )?;
            let number = transaction.last_insert_rowid();
            let mut gone = make_room(transaction, Some(run), settings.kept_bytes_per_run)?;
            gone.extend(make_room(transaction, None, settings.kept_bytes)?);
            Ok((number, gone))
        });
        match recorded {
            Ok((number, gone)) => {
                self.remove_batch_files(&gone)?;
                self.sweep()?;
                Ok(number)
            }
            Err(error) => {
                remove_if_there(&folder.join(file))?;
                Err(error)
            }
        }
    }

    /// The batches that a run kept, the oldest first.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn kept(&self, run: &str) -> Result<Vec<KeptInfo>, Error> {
        self.store.read(|connection| {
            let run = resolve(connection, run, self)?;
            let select = format!(
                "select {COLUMNS} from kept k join runs r on r.number = k.run where k.run = ? \
                                  order by k.number"
            );
            let mut statement = connection.prepare(&select)?;
            let rows = statement.query_and_then([run], info)?;
            rows.collect()
        })
    }

    /// A kept batch with its data.
    ///
    /// # Errors
    /// [`Error::UnknownBatch`] if it is not kept any more, and whatever keeps it from being read.
    pub fn load_kept(&self, number: i64) -> Result<LoadedBatch, Error> {
        let found = self.store.read(|connection| {
            let select = format!("select {COLUMNS} from kept k join runs r on r.number = k.run where k.number = ?");
            let mut statement = connection.prepare(&select)?;
            let mut rows = statement.query_and_then([number], info)?;
            rows.next().transpose()
        })?;
        let info = found.ok_or(Error::UnknownBatch { number })?;
        let path = self.kept_folder().join(&info.file);
        let arrow_ipc = fs::read(&path).map_err(|source| Error::Io {
            action: "reading the kept batch",
            path,
            source,
        })?;
        Ok(LoadedBatch { info, arrow_ipc })
    }

    pub(crate) fn remove_batch_files(&self, files: &[String]) -> Result<(), Error> {
        let folder = self.kept_folder();
        files.iter().try_for_each(|file| remove_if_there(&folder.join(file)))
    }

    /// Removes files that a crash left behind.
    fn sweep(&self) -> Result<(), Error> {
        let Ok(entries) = fs::read_dir(self.kept_folder()) else {
            return Ok(());
        };
        let abandoned = |entry: &fs::DirEntry| -> Option<bool> {
            let modified = entry.metadata().ok()?.modified().ok()?;
            Some(modified.elapsed().ok()? > ABANDONED)
        };
        for entry in entries.flatten().filter(|entry| abandoned(entry) == Some(true)) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let select = "select true from kept where file = ?";
            let known = self
                .store
                .read(|connection| Ok(connection.query_row(select, [&name], |_| Ok(())).optional()?))?;
            if known.is_none() {
                remove_if_there(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Drops the oldest records, of a run or of all, until the rest fits; answers with their files.
fn make_room(connection: &Connection, run: Option<i64>, limit: u64) -> Result<Vec<String>, Fault> {
    let delete = "delete from kept where number in ( \
                      select number from ( \
                          select number, sum(bytes) over (order by number desc) as with_later from kept \
                          where ?1 is null or run = ?1) \
                      where with_later > ?2) returning file";
    let mut statement = connection.prepare_cached(delete)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let files = statement.query_map(params![run, limit], |row| row.get(0))?;
    Ok(files.collect::<rusqlite::Result<_>>()?)
}

/// Writes the file under another name and renames it, so that it is there as a whole or not at all.
fn write_whole(folder: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let (path, temporary) = (folder.join(name), folder.join(format!(".{name}")));
    let written = private().open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    });
    written.map_err(|source| {
        // The first error is the one to tell.
        let _ = remove_if_there(&temporary);
        Error::Io {
            action: "writing the kept batch",
            path,
            source,
        }
    })
}

/// A number that this process does not use twice, and other processes with its number don't either.
fn unique() -> u128 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    (since.as_nanos() << 16) + u128::from(COUNT.fetch_add(1, Ordering::Relaxed) & 0xffff)
}

fn info(row: &Row<'_>) -> Result<KeptInfo, Fault> {
    Ok(KeptInfo {
        number: row.get(0)?,
        run: row.get(1)?,
        time: from_micros(row.get(2)?),
        step: row.get(3)?,
        partition: row.get(4)?,
        function: row.get(5)?,
        plugin_digest: row.get(6)?,
        config: serde_json::from_str(&row.get::<_, String>(7)?)?,
        error: row.get(8)?,
        schema_fingerprint: row.get(9)?,
        bytes: row.get::<_, i64>(10)?.unsigned_abs(),
        file: row.get(11)?,
    })
}
