//! How far each job has read each of its sources, and what its guests keep between runs.

mod phases;
mod state;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenon_metadata::{Name, Row, Transaction, row};

use crate::time::date;
use crate::{Error, json};

pub use phases::{
    Commit, Pending, STATE_BYTES_PER_JOB, aborted, bookmark_version, committed, prepare, resolve, undecided, unfinished,
};
pub(crate) use phases::{complete, pending_of, refuse_undecided};
pub use state::{StateChange, state, state_clear, state_get};

/// Bookmarks of a job and source that are kept, the current one included.
const KEPT: i64 = 100;

/// How far a job has read a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Bookmark {
    /// Name of the source, as the job has it.
    pub source: String,
    /// What the source needs to go on from there; its own affair.
    pub value: Json,
    /// The run that set it.
    pub run: String,
    /// When it became current.
    pub time: DateTime<Utc>,
    /// Whether it became so by rewinding.
    pub rewound: bool,
}

/// The current bookmarks of a job, by source.
///
/// # Errors
/// What the database says.
pub fn bookmarks(tx: &mut Transaction<'_>, tenant: &Name, job: &Name) -> Result<BTreeMap<String, Bookmark>, Error> {
    let mut current = BTreeMap::new();
    for source in sources(tx, tenant.as_str(), job.as_str())? {
        if let Some(Some(bookmark)) = bookmark_history(tx, tenant, job, &source, 1)?.pop() {
            current.insert(source, bookmark);
        }
    }
    Ok(current)
}

/// The latest bookmarks of a job's source, the current one first; `None` stands for a reset. The last hundred are kept.
///
/// # Errors
/// What the database says.
pub fn bookmark_history(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    job: &Name,
    source: &str,
    limit: u32,
) -> Result<Vec<Option<Bookmark>>, Error> {
    let rows = tx.query(
        "select source, value, run, time, rewound from bookmarks where tenant = ?1 and job = ?2 and source = ?3
         order by number desc limit ?4",
        row![tenant, job, source, limit],
    )?;
    rows.iter().map(bookmark).collect()
}

/// Forgets how far a job has read one source, or all of them: its next run reads everything. What was known can be had
/// back by rewinding. Says which sources had a bookmark.
///
/// # Errors
/// [`Error::Undecided`] while a run of the job is being committed.
pub fn bookmark_reset(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    job: &Name,
    source: Option<&str>,
) -> Result<Vec<String>, Error> {
    let (tenant, job) = (tenant.as_str(), job.as_str());
    refuse_undecided(tx, tenant, job, None)?;
    let mut reset = Vec::new();
    for known in sources(tx, tenant, job)? {
        let wanted = source.is_none_or(|source| source == known);
        if wanted && entry_at(tx, tenant, job, &known, i64::MAX)?.is_some_and(|(_, value)| value.is_some()) {
            let entry = Entry {
                source: &known,
                run: None,
                rewound: false,
                value: None,
            };
            add(tx, tenant, job, &entry)?;
            reset.push(known);
        }
    }
    Ok(reset)
}

/// Sets all bookmarks of a job to what they were right after that run committed. Sources that had none then have none
/// again. Says which sources changed. The state that the job's guests keep stays as it is.
///
/// # Errors
/// [`Error::TooOld`] if the run set no bookmark that is still kept, [`Error::Undecided`] while a run of the job is being
/// committed.
pub fn bookmark_rewind(tx: &mut Transaction<'_>, tenant: &Name, job: &Name, run: &str) -> Result<Vec<String>, Error> {
    let (tenant, job) = (tenant.as_str(), job.as_str());
    refuse_undecided(tx, tenant, job, None)?;
    let too_old = || Error::TooOld {
        job: job.to_owned(),
        run: run.to_owned(),
        kept: KEPT,
    };
    let then = tx.one(
        "select max(number) from bookmarks where tenant = ?1 and job = ?2 and run = ?3 and rewound = 0",
        row![tenant, job, run],
    )?;
    let then = then.get::<Option<i64>>(0)?.ok_or_else(too_old)?;
    let mut changed = Vec::new();
    for source in sources(tx, tenant, job)? {
        let was = entry_at(tx, tenant, job, &source, then)?;
        if was.is_none() && oldest_position(tx, tenant, job, &source)? > 1 {
            // There was one, but it is not kept any more.
            return Err(too_old());
        }
        let (setter, value) = was.unwrap_or_default();
        let is = entry_at(tx, tenant, job, &source, i64::MAX)?.unwrap_or_default();
        if is.1 != value {
            let entry = Entry {
                source: &source,
                run: setter.as_deref(),
                rewound: true,
                value: value.as_deref(),
            };
            add(tx, tenant, job, &entry)?;
            changed.push(source);
        }
    }
    Ok(changed)
}

/// The run and the value of a bookmark; without a value, it says that there is none.
type Set = (Option<String>, Option<String>);

/// A bookmark to be added. Without a value it says that there is none.
struct Entry<'a> {
    source: &'a str,
    run: Option<&'a str>,
    rewound: bool,
    value: Option<&'a str>,
}

/// Makes a bookmark the current one, and drops the oldest beyond those that are kept.
fn add(tx: &mut Transaction<'_>, tenant: &str, job: &str, entry: &Entry<'_>) -> Result<(), Error> {
    let latest = tx.one(
        "select coalesce(max(position), 0) from bookmarks where tenant = ?1 and job = ?2 and source = ?3",
        row![tenant, job, entry.source],
    )?;
    let (position, now) = (latest.get::<i64>(0)? + 1, tx.now());
    tx.execute(
        "insert into bookmarks (tenant, job, source, position, run, rewound, time, value)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        row![
            tenant,
            job,
            entry.source,
            position,
            entry.run,
            entry.rewound,
            now,
            entry.value
        ],
    )?;
    tx.execute(
        "delete from bookmarks where tenant = ?1 and job = ?2 and source = ?3 and position <= ?4",
        row![tenant, job, entry.source, position - KEPT],
    )?;
    Ok(())
}

fn sources(tx: &mut Transaction<'_>, tenant: &str, job: &str) -> Result<Vec<String>, Error> {
    let rows = tx.query(
        "select distinct source from bookmarks where tenant = ?1 and job = ?2 order by source",
        row![tenant, job],
    )?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

fn bookmark(row: &Row) -> Result<Option<Bookmark>, Error> {
    let Some(value) = json::read_some(row, 1)? else {
        return Ok(None);
    };
    Ok(Some(Bookmark {
        source: row.get(0)?,
        value,
        run: row.get(2)?,
        time: date(row.get(3)?),
        rewound: row.get(4)?,
    }))
}

/// The run and value of the entry that was current when `number` was the latest.
fn entry_at(
    tx: &mut Transaction<'_>,
    tenant: &str,
    job: &str,
    source: &str,
    number: i64,
) -> Result<Option<Set>, Error> {
    let row = tx.first(
        "select run, value from bookmarks where tenant = ?1 and job = ?2 and source = ?3 and number <= ?4
         order by number desc limit 1",
        row![tenant, job, source, number],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn oldest_position(tx: &mut Transaction<'_>, tenant: &str, job: &str, source: &str) -> Result<i64, Error> {
    let row = tx.one(
        "select coalesce(min(position), 1) from bookmarks where tenant = ?1 and job = ?2 and source = ?3",
        row![tenant, job, source],
    )?;
    Ok(row.get(0)?)
}
