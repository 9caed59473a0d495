//! Bookmarks and state change in two phases around the commit of the sinks.
//!
//! [`History::prepare`] stores what is to change, with the tokens by which the sinks know the commit. Then the sinks
//! commit. Then [`History::committed`] makes the change. If the process dies in between, the change is
//! [undecided](History::undecided): whoever finds it asks the sinks by their tokens, and says `committed` or
//! [`aborted`](History::aborted).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::{Entry, add};
use crate::error::{Error, Fault};
use crate::history::History;
use crate::process::{Fate, fate};
use crate::runs::number;
use crate::state::{StateChange, apply, stage};
use crate::store::Durability;
use crate::time::{from_micros, now};

/// How long a run on another machine may take from the first phase to the second, in microseconds. From here nobody
/// sees whether it is alive.
const PATIENCE: i64 = 60 * 60 * 1_000_000;

/// What changes with the commit of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Id of the run.
    pub run: String,
    /// The job.
    pub job: String,
    /// The new bookmarks, by source. Sources that are not named keep theirs.
    pub bookmarks: BTreeMap<String, Value>,
    /// Changes of the state that the job's guests keep between runs.
    pub state: Vec<StateChange>,
    /// By what the sinks know the commit.
    pub tokens: Value,
    /// The job's [version](History::bookmark_version) when the run read its bookmarks: the commit is refused if another
    /// run has moved them since. `None` overwrites whatever is there.
    pub based_on: Option<i64>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(run: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            job: job.into(),
            bookmarks: BTreeMap::new(),
            state: Vec::new(),
            tokens: Value::Null,
            based_on: None,
        }
    }
}

/// A commit between its phases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pending {
    /// Id of the run.
    pub run: String,
    /// The job.
    pub job: String,
    /// When it was prepared.
    pub time: DateTime<Utc>,
    /// The bookmarks that it is to set, by source.
    pub bookmarks: BTreeMap<String, Value>,
    /// By what the sinks know the commit.
    pub tokens: Value,
    /// Whether its process is, or may be, still at it; then it is not for others to decide.
    pub running: bool,
}

impl History {
    /// A number that rises whenever a bookmark of the job changes; 0 before the first.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn bookmark_version(&self, job: &str) -> Result<i64, Error> {
        self.store.read(|connection| version(connection, job))
    }

    /// The first phase: stores what is to change, so that it survives a power failure. Preparing the same run again
    /// replaces what was prepared.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::Undecided`] while another run of the job stands between its phases,
    /// [`Error::Overtaken`], [`Error::StateFull`], and whatever keeps the database from being written.
    pub fn prepare(&self, commit: &Commit) -> Result<(), Error> {
        let (run, job) = (&commit.run, &commit.job);
        self.store.write(Durability::Power, |transaction| {
            refuse_undecided(transaction, job, Some(run))?;
            number(transaction, run)?;
            let current = version(transaction, job)?;
            if commit.based_on.is_some_and(|known| known != current) {
                let (job, run) = (job.clone(), run.clone());
                return Err(Error::Overtaken { job, run }.into());
            }
            let insert = "insert or replace into pending (run, job, time, tokens, bookmarks) values (?, ?, ?, ?, ?)";
            let bookmarks = serde_json::to_string(&commit.bookmarks)?;
            transaction.execute(insert, params![run, job, now(), commit.tokens.to_string(), bookmarks])?;
            stage(
                transaction,
                run,
                job,
                &commit.state,
                self.store.settings.state_bytes_per_job,
            )
        })
    }

    /// The second phase, after all sinks have committed: what was prepared becomes current. Saying so again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::NotPrepared`] if nothing was, and whatever keeps the database from being written.
    pub fn committed(&self, run: &str) -> Result<(), Error> {
        self.store.write(Durability::Power, |transaction| {
            let select = "select job, bookmarks from pending where run = ?";
            let found = transaction.query_row(select, [run], |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((job, bookmarks)): Option<(String, String)> = found.optional()? else {
                let select = "select exists (select * from runs where id = ? and committed is not null)";
                let done: bool = transaction.query_row(select, [run], |row| row.get(0))?;
                let run = run.to_owned();
                return if done {
                    Ok(())
                } else {
                    Err(Error::NotPrepared { run }.into())
                };
            };
            let bookmarks: BTreeMap<String, Value> = serde_json::from_str(&bookmarks)?;
            for (source, value) in &bookmarks {
                let value = value.to_string();
                let (run, value) = (Some(run), Some(value.as_str()));
                add(
                    transaction,
                    &Entry {
                        job: &job,
                        source,
                        run,
                        rewound: false,
                        value,
                    },
                )?;
            }
            apply(transaction, run, &job)?;
            transaction.execute("update runs set committed = ? where id = ?", params![now(), run])?;
            forget(transaction, run)
        })
    }

    /// The second phase where the sinks did not commit: what was prepared is dropped, if anything was.
    ///
    /// # Errors
    /// Whatever keeps the database from being written.
    pub fn aborted(&self, run: &str) -> Result<(), Error> {
        self.store
            .write(Durability::Power, |transaction| forget(transaction, run))
    }

    /// Commits between their phases, of one job or of all. Those that are not `running` wait for somebody to ask the
    /// sinks.
    ///
    /// # Errors
    /// Whatever keeps the database from being read.
    pub fn undecided(&self, job: Option<&str>) -> Result<Vec<Pending>, Error> {
        self.store.read(|connection| {
            let select = "select p.run, p.job, p.time, p.bookmarks, p.tokens, r.host, r.pid, r.process from pending p \
                          left join runs r on r.id = p.run and r.ended is null \
                          where ?1 is null or p.job = ?1 order by p.time";
            let mut statement = connection.prepare(select)?;
            let rows = statement.query_and_then([job], pending)?;
            rows.collect()
        })
    }
}

/// Another run of the job between its phases is in the way.
pub(super) fn refuse_undecided(connection: &Connection, job: &str, run: Option<&str>) -> Result<(), Fault> {
    let select = "select run from pending where job = ? and run is not ?";
    let other = connection
        .query_row(select, params![job, run], |row| row.get(0))
        .optional()?;
    other.map_or(Ok(()), |run| {
        let job = job.to_owned();
        Err(Error::Undecided { job, run }.into())
    })
}

fn version(connection: &Connection, job: &str) -> Result<i64, Fault> {
    let select = "select ifnull(max(number), 0) from bookmarks where job = ?";
    Ok(connection.query_row(select, [job], |row| row.get(0))?)
}

fn forget(connection: &Connection, run: &str) -> Result<(), Fault> {
    connection.execute("delete from pending_state where run = ?", [run])?;
    connection.execute("delete from pending where run = ?", [run])?;
    Ok(())
}

fn pending(row: &Row<'_>) -> Result<Pending, Fault> {
    let time: i64 = row.get(2)?;
    let host: Option<String> = row.get(5)?;
    let running = match host {
        // Not recorded, or it has ended.
        None => false,
        Some(host) => match fate(&host, row.get(6)?, row.get::<_, Option<String>>(7)?.as_deref()) {
            Fate::Alive => true,
            Fate::Gone => false,
            Fate::Unknown => now() - time < PATIENCE,
        },
    };
    Ok(Pending {
        run: row.get(0)?,
        job: row.get(1)?,
        time: from_micros(time),
        bookmarks: serde_json::from_str(&row.get::<_, String>(3)?)?,
        tokens: serde_json::from_str(&row.get::<_, String>(4)?)?,
        running,
    })
}
