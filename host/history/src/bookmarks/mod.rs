//! How far each job has read each of its sources.

mod phases;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Fault};
use crate::history::History;
use crate::store::Durability;
use crate::time::{from_micros, now};

pub use phases::{Commit, Pending};

/// Bookmarks of a job and source that are kept, the current one included.
const KEPT: i64 = 100;

/// How far a job has read a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bookmark {
    /// The job.
    pub job: String,
    /// Name of the source, as the job has it.
    pub source: String,
    /// What the source needs to go on from there; its own affair.
    pub value: Value,
    /// The run that set it.
    pub run: String,
    /// When it became current.
    pub time: DateTime<Utc>,
    /// Whether it became so by rewinding.
    pub rewound: bool,
}

impl History {
    /// The current bookmark of a job's source; none before the first run and after a reset.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn bookmark(&self, job: &str, source: &str) -> Result<Option<Bookmark>, Error> {
        Ok(self.bookmark_history(job, source, 1)?.pop().flatten())
    }

    /// The current bookmarks of a job, by source.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn bookmarks(&self, job: &str) -> Result<BTreeMap<String, Bookmark>, Error> {
        self.store.read(|connection| {
            let current = sources(connection, job)?.into_iter().map(|source| {
                let found = entries(connection, job, &source, 1)?.pop().flatten();
                Ok(found.map(|bookmark| (source, bookmark)))
            });
            let current: Result<Vec<_>, Fault> = current.collect();
            Ok(current?.into_iter().flatten().collect())
        })
    }

    /// The latest bookmarks of a job's source, the current one first; `None` stands for a reset. The last hundred are
    /// kept.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn bookmark_history(&self, job: &str, source: &str, limit: u32) -> Result<Vec<Option<Bookmark>>, Error> {
        self.store.read(|connection| entries(connection, job, source, limit))
    }

    /// Jobs that have or had bookmarks.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn jobs_with_bookmarks(&self) -> Result<Vec<String>, Error> {
        self.store.read(|connection| {
            let mut statement = connection.prepare("select distinct job from bookmarks order by job")?;
            let jobs = statement.query_map([], |row| row.get(0))?;
            Ok(jobs.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Forgets how far a job has read one source, or all of them: its next run reads everything. What was known can be
    /// had back by rewinding. Says which sources had a bookmark.
    ///
    /// # Errors
    /// [`Error::Undecided`] while a run of the job is being committed, and whatever keeps the database from being
    /// written.
    pub fn reset(&self, job: &str, source: Option<&str>) -> Result<Vec<String>, Error> {
        self.store.write(Durability::Power, |transaction| {
            phases::refuse_undecided(transaction, job, None)?;
            let mut reset = Vec::new();
            for known in sources(transaction, job)? {
                let wanted = source.is_none_or(|source| source == known);
                if wanted && entries(transaction, job, &known, 1)?.pop().flatten().is_some() {
                    let entry = Entry {
                        job,
                        source: &known,
                        run: None,
                        rewound: false,
                        value: None,
                    };
                    add(transaction, &entry)?;
                    reset.push(known);
                }
            }
            Ok(reset)
        })
    }

    /// Sets all bookmarks of a job to what they were right after that run committed. Sources that had none then have none
    /// again. Says which sources changed. The state that the job's guests keep stays as it is.
    ///
    /// # Errors
    /// [`Error::TooOld`] if the run set no bookmark that is still kept, [`Error::Undecided`] while a run of the job is
    /// being committed, and whatever keeps the database from being written.
    pub fn rewind(&self, job: &str, run: &str) -> Result<Vec<String>, Error> {
        self.store.write(Durability::Power, |transaction| {
            phases::refuse_undecided(transaction, job, None)?;
            let too_old = || Error::TooOld {
                job: job.to_owned(),
                run: run.to_owned(),
                kept: KEPT,
            };
            let select = "select max(number) from bookmarks where job = ? and run = ? and not rewound";
            let then: Option<i64> = transaction.query_row(select, [job, run], |row| row.get(0))?;
            let then = then.ok_or_else(too_old)?;
            let mut changed = Vec::new();
            for source in sources(transaction, job)? {
                let was = entry_at(transaction, job, &source, then)?;
                if was.is_none() && oldest_position(transaction, job, &source)? > 1 {
                    // There was one, but it is not kept any more.
                    return Err(too_old().into());
                }
                let (setter, value) = was.unwrap_or_default();
                let is = entry_at(transaction, job, &source, i64::MAX)?.unwrap_or_default();
                if is.1 != value {
                    let (run, value) = (setter.as_deref(), value.as_deref());
                    add(
                        transaction,
                        &Entry {
                            job,
                            source: &source,
                            run,
                            rewound: true,
                            value,
                        },
                    )?;
                    changed.push(source);
                }
            }
            Ok(changed)
        })
    }
}

/// The run and the value of a bookmark; without a value, it says that there is none.
type Set = (Option<String>, Option<String>);

/// A bookmark to be added. Without a value it says that there is none.
struct Entry<'a> {
    job: &'a str,
    source: &'a str,
    run: Option<&'a str>,
    rewound: bool,
    value: Option<&'a str>,
}

/// Makes a bookmark the current one, and drops the oldest beyond those that are kept.
fn add(connection: &Connection, entry: &Entry<'_>) -> Result<(), Fault> {
    let insert = "insert into bookmarks (job, source, position, run, rewound, time, value) values (?1, ?2, \
                  (select ifnull(max(position), 0) + 1 from bookmarks where job = ?1 and source = ?2), ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(insert)?;
    statement.execute(params![
        entry.job,
        entry.source,
        entry.run,
        entry.rewound,
        now(),
        entry.value
    ])?;
    let delete = "delete from bookmarks where job = ?1 and source = ?2 and position <= \
                  (select max(position) from bookmarks where job = ?1 and source = ?2) - ?3";
    connection
        .prepare_cached(delete)?
        .execute(params![entry.job, entry.source, KEPT])?;
    Ok(())
}

fn sources(connection: &Connection, job: &str) -> Result<Vec<String>, Fault> {
    let mut statement =
        connection.prepare_cached("select distinct source from bookmarks where job = ? order by source")?;
    let sources = statement.query_map([job], |row| row.get(0))?;
    Ok(sources.collect::<rusqlite::Result<_>>()?)
}

fn entries(connection: &Connection, job: &str, source: &str, limit: u32) -> Result<Vec<Option<Bookmark>>, Fault> {
    let select = "select job, source, value, run, time, rewound from bookmarks where job = ? and source = ? \
                  order by number desc limit ?";
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_and_then(params![job, source, limit], bookmark)?;
    rows.collect()
}

fn bookmark(row: &Row<'_>) -> Result<Option<Bookmark>, Fault> {
    let Some(value) = row.get::<_, Option<String>>(2)? else {
        return Ok(None);
    };
    Ok(Some(Bookmark {
        job: row.get(0)?,
        source: row.get(1)?,
        value: serde_json::from_str(&value)?,
        run: row.get(3)?,
        time: from_micros(row.get(4)?),
        rewound: row.get(5)?,
    }))
}

/// The run and value of the entry that was current when `number` was the latest.
fn entry_at(connection: &Connection, job: &str, source: &str, number: i64) -> Result<Option<Set>, Fault> {
    let select = "select run, value from bookmarks where job = ? and source = ? and number <= ? \
                  order by number desc limit 1";
    let mut statement = connection.prepare_cached(select)?;
    let found = statement.query_row(params![job, source, number], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

fn oldest_position(connection: &Connection, job: &str, source: &str) -> Result<i64, Fault> {
    let select = "select ifnull(min(position), 1) from bookmarks where job = ? and source = ?";
    Ok(connection.query_row(select, [job, source], |row| row.get(0))?)
}
