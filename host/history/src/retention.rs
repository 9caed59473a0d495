//! Removing old runs.

use std::time::Duration;

use rusqlite::params;
use serde::Serialize;

use crate::error::Error;
use crate::history::History;
use crate::lost::under_way;
use crate::process::Fate;
use crate::store::{Durability, touch};
use crate::time::now;

/// Log lines that are removed at once, so that other processes need not wait long for their turn.
const LINES_AT_ONCE: i64 = 20_000;

/// Which runs to remove: those that are older, and those beyond the latest of each job. The default removes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Remove runs that began longer ago than this.
    pub older_than: Option<Duration>,
    /// Keep so many runs of each job, the latest, and remove the rest.
    pub keep_per_job: Option<u32>,
}

impl Retention {
    /// What is kept when nobody says otherwise: 90 days, and a thousand runs of each job.
    pub const STANDARD: Retention = Retention {
        older_than: Some(Duration::from_secs(90 * 24 * 60 * 60)),
        keep_per_job: Some(1_000),
    };
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Runs.
    pub runs: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Kept batches.
    pub batches: u64,
}

impl History {
    /// Removes runs with their logs and kept batches. Bookmarks and state stay, and so do runs that are at work or whose
    /// commit is undecided.
    ///
    /// # Errors
    /// Whatever keeps the database, or the folder of kept batches, from being written.
    pub fn remove(&self, retention: &Retention) -> Result<Removed, Error> {
        self.mark_lost()?;
        let mut removed = Removed::default();
        for run in self.chosen(retention)? {
            loop {
                let lines = self.store.write(Durability::Process, |transaction| {
                    let delete = "delete from log_lines where run = ?1 and number in \
                                  (select number from log_lines where run = ?1 limit ?2)";
                    Ok(transaction.execute(delete, params![run, LINES_AT_ONCE])?)
                })?;
                removed.log_lines += lines as u64;
                if (lines as i64) < LINES_AT_ONCE {
                    break;
                }
            }
            let files = self.store.write(Durability::Process, |transaction| {
                let mut statement = transaction.prepare_cached("delete from kept where run = ? returning file")?;
                let files = statement.query_map([run], |row| row.get::<_, String>(0))?;
                let files: Vec<String> = files.collect::<rusqlite::Result<_>>()?;
                transaction.execute("delete from runs where number = ?", [run])?;
                Ok(files)
            })?;
            removed.runs += 1;
            removed.batches += files.len() as u64;
            self.remove_batch_files(&files)?;
        }
        if removed.runs > 0 {
            self.store.read(|connection| {
                // One row per page that is given back.
                let mut statement = connection.prepare("pragma incremental_vacuum")?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            })?;
        }
        Ok(removed)
    }

    /// Applies [`Retention::STANDARD`], at most once a day, whoever asks.
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub fn tidy(&self) -> Result<Removed, Error> {
        let stamp = self.store.folder.join("history.tidied");
        let tidied = stamp.metadata().and_then(|file| file.modified());
        let day = Duration::from_secs(24 * 60 * 60);
        if tidied.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < day)) {
            return Ok(Removed::default());
        }
        touch(&stamp).map_err(|source| Error::Io {
            action: "writing",
            path: stamp.clone(),
            source,
        })?;
        self.remove(&Retention::STANDARD)
    }

    /// The numbers of the runs that have to go.
    fn chosen(&self, retention: &Retention) -> Result<Vec<i64>, Error> {
        let oldest = retention
            .older_than
            .map(|age| now().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)));
        self.store.read(|connection| {
            let select = "select number from ( \
                              select number, id, began, row_number() over (partition by job order by number desc) as \
                              place from runs) \
                          where (began < ?1 or place > ?2) and id not in (select run from pending) order by number";
            let mut statement = connection.prepare(select)?;
            let chosen = statement.query_map(params![oldest, retention.keep_per_job], |row| row.get(0))?;
            let mut chosen: Vec<i64> = chosen.collect::<rusqlite::Result<_>>()?;
            // A run elsewhere that never ended would stay for ever, so only those that are seen at work are spared.
            let at_work = under_way(connection)?.into_iter().filter(|run| run.fate == Fate::Alive);
            let at_work: Vec<i64> = at_work.map(|run| run.number).collect();
            chosen.retain(|number| !at_work.contains(number));
            Ok(chosen)
        })
    }
}
