//! Bookmarks and state change in two phases around the commit of the sinks.
//!
//! [`prepare`] stores what is to change, with the tokens by which the sinks know the commit. Then the sinks commit. Then
//! [`committed`] makes the change. If the server dies in between, the change is [undecided](undecided()): whoever takes
//! the run over asks the sinks by their tokens, and says `committed` or [`aborted`]. A run that [finishes](crate::finish())
//! with SUCCEEDED has committed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenon_metadata::{Name, PageRequest, Row, Transaction, Value, row};

use super::state::{StateChange, apply, stage};
use super::{Entry, add};
use crate::time::date;
use crate::{Error, Lease, change, json};

/// What the guests of a job may keep between runs unless somebody says otherwise, in bytes: 16 MiB.
pub const STATE_BYTES_PER_JOB: u64 = 16 << 20;

const COLUMNS: &str = "p.run, p.tenant, p.job, p.time, p.bookmarks, p.tokens, r.owner";

/// What changes with the commit of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The new bookmarks, by source. Sources that are not named keep theirs.
    pub bookmarks: BTreeMap<String, Json>,
    /// Changes of the state that the job's guests keep between runs.
    pub state: Vec<StateChange>,
    /// By what the sinks know the commit.
    pub tokens: Json,
    /// The job's [version](bookmark_version) when the run read its bookmarks: the commit is refused if another run has
    /// moved them since. `None` overwrites whatever is there.
    pub based_on: Option<i64>,
    /// What the job's guests may keep, in bytes, with 64 for each entry. Default [`STATE_BYTES_PER_JOB`].
    pub state_bytes_per_job: u64,
}

impl Default for Commit {
    fn default() -> Self {
        Self {
            bookmarks: BTreeMap::new(),
            state: Vec::new(),
            tokens: Json::Null,
            based_on: None,
            state_bytes_per_job: STATE_BYTES_PER_JOB,
        }
    }
}

/// A commit between its phases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pending {
    /// Id of the run.
    pub run: String,
    /// Whose run it is.
    pub tenant: Name,
    /// The job.
    pub job: Name,
    /// When it was prepared.
    pub time: DateTime<Utc>,
    /// The bookmarks that it is to set, by source.
    pub bookmarks: BTreeMap<String, Json>,
    /// By what the sinks know the commit.
    pub tokens: Json,
    /// Whether a server is, or may be, still at it; then it is not for others to decide.
    pub running: bool,
}

/// A number that rises whenever a bookmark of the job changes; 0 before the first.
///
/// # Errors
/// What the database says.
pub fn bookmark_version(tx: &mut Transaction<'_>, tenant: &Name, job: &Name) -> Result<i64, Error> {
    version(tx, tenant.as_str(), job.as_str())
}

/// The first phase: stores what is to change. Preparing the same run again replaces what was prepared.
///
/// # Errors
/// [`Error::Fenced`], [`Error::Undecided`] while another run of the job stands between its phases, [`Error::Overtaken`],
/// [`Error::StateFull`].
pub fn prepare(tx: &mut Transaction<'_>, lease: &Lease, commit: &Commit) -> Result<(), Error> {
    let run = change::held(tx, lease)?;
    let (tenant, job) = (run.tenant.as_str(), run.job.as_str());
    // Of one job, one at a time.
    if !tx.is_alone() {
        tx.query(
            "select 1 from run_lanes where tenant = ?1 and job = ?2 {for_update}",
            row![tenant, job],
        )?;
    }
    refuse_undecided(tx, tenant, job, Some(&run.id))?;
    let current = version(tx, tenant, job)?;
    if commit.based_on.is_some_and(|known| known != current) {
        let (job, run) = (run.job, run.id);
        return Err(Error::Overtaken { job, run });
    }
    let now = tx.now();
    tx.execute(
        "insert into pending_commits (run, tenant, job, time, tokens, bookmarks) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (run) do update set time = excluded.time, tokens = excluded.tokens, bookmarks = excluded.bookmarks",
        row![
            &run.id,
            tenant,
            job,
            now,
            &commit.tokens,
            json::write(&commit.bookmarks)?
        ],
    )?;
    stage(tx, &run, &commit.state, commit.state_bytes_per_job)
}

/// The second phase, after all sinks have committed: what was prepared becomes current. Saying so again changes nothing.
///
/// # Errors
/// [`Error::Fenced`], [`Error::NotPrepared`] if nothing was.
pub fn committed(tx: &mut Transaction<'_>, lease: &Lease) -> Result<(), Error> {
    change::held(tx, lease)?;
    make_current(tx, &lease.run)
}

/// The second phase where the sinks did not commit: what was prepared is dropped, if anything was.
///
/// # Errors
/// [`Error::Fenced`].
pub fn aborted(tx: &mut Transaction<'_>, lease: &Lease) -> Result<(), Error> {
    change::held(tx, lease)?;
    forget(tx, &lease.run)
}

/// Decides the commit of a run that no server is at any more: it has ended, or waits, between its phases.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::AtWork`] while a server is at it, [`Error::NotPrepared`].
pub fn resolve(tx: &mut Transaction<'_>, tenant: &Name, run: &str, committed: bool) -> Result<(), Error> {
    let found = change::standing_of(tx, tenant.as_str(), run)?;
    if found.state.is_held() {
        let (run, state) = (found.id, found.state);
        return Err(Error::AtWork { run, state });
    }
    if committed {
        make_current(tx, run)
    } else {
        forget(tx, run)
    }
}

/// Commits between their phases, of a tenant or of all, by run. Those that are not `running` wait for somebody to ask the
/// sinks.
///
/// # Errors
/// What the database says.
pub fn undecided(tx: &mut Transaction<'_>, tenant: Option<&Name>, page: &PageRequest) -> Result<Vec<Pending>, Error> {
    let mut values = vec![
        Value::from(page.after.as_deref().unwrap_or_default()),
        page.look_for().into(),
    ];
    let mut condition = "p.run > ?1".to_owned();
    if let Some(tenant) = tenant {
        values.push(tenant.into());
        condition.push_str(" and p.tenant = ?3");
    }
    let rows = tx.query(
        &format!(
            "select {COLUMNS} from pending_commits p left join runs r on r.id = p.run where {condition}
             order by p.run limit ?2"
        ),
        &values,
    )?;
    rows.iter().map(pending).collect()
}

/// A commit of the job's that one of its other runs has left between its phases, and will not come back to: it has ended.
///
/// # Errors
/// What the database says.
pub fn unfinished(tx: &mut Transaction<'_>, tenant: &Name, job: &Name, run: &str) -> Result<Option<Pending>, Error> {
    let row = tx.first(
        &format!(
            "select {COLUMNS} from pending_commits p left join runs r on r.id = p.run
             where p.tenant = ?1 and p.job = ?2 and p.run <> ?3 and r.owner is null
               and (r.id is null or r.ended is not null)"
        ),
        row![tenant, job, run],
    )?;
    row.as_ref().map(pending).transpose()
}

/// The commit of a run that is between its phases.
pub(crate) fn pending_of(tx: &mut Transaction<'_>, run: &str) -> Result<Option<Pending>, Error> {
    let row = tx.first(
        &format!("select {COLUMNS} from pending_commits p left join runs r on r.id = p.run where p.run = ?1"),
        row![run],
    )?;
    row.as_ref().map(pending).transpose()
}

/// Another run of the job between its phases is in the way.
pub(crate) fn refuse_undecided(
    tx: &mut Transaction<'_>,
    tenant: &str,
    job: &str,
    run: Option<&str>,
) -> Result<(), Error> {
    let other = tx.first(
        "select run from pending_commits where tenant = ?1 and job = ?2 and run <> ?3",
        row![tenant, job, run.unwrap_or_default()],
    )?;
    let Some(other) = other else { return Ok(()) };
    let (job, run) = (job.to_owned(), other.get(0)?);
    Err(Error::Undecided { job, run })
}

/// The second phase of a run that has succeeded, where nobody has said so yet.
pub(crate) fn complete(tx: &mut Transaction<'_>, run: &str) -> Result<(), Error> {
    if pending_of(tx, run)?.is_some() {
        make_current(tx, run)?;
    }
    Ok(())
}

fn make_current(tx: &mut Transaction<'_>, run: &str) -> Result<(), Error> {
    let Some(pending) = pending_of(tx, run)? else {
        let done = tx.first("select 1 from runs where id = ?1 and committed is not null", row![run])?;
        let run = run.to_owned();
        return done.map(drop).ok_or(Error::NotPrepared { run });
    };
    let (tenant, job) = (pending.tenant.as_str(), pending.job.as_str());
    for (source, value) in &pending.bookmarks {
        let entry = Entry {
            source,
            run: Some(run),
            rewound: false,
            value: Some(&value.to_string()),
        };
        add(tx, tenant, job, &entry)?;
    }
    apply(tx, run, tenant, job)?;
    let now = tx.now();
    tx.execute("update runs set committed = ?2 where id = ?1", row![run, now])?;
    forget(tx, run)
}

fn version(tx: &mut Transaction<'_>, tenant: &str, job: &str) -> Result<i64, Error> {
    let row = tx.one(
        "select coalesce(max(number), 0) from bookmarks where tenant = ?1 and job = ?2",
        row![tenant, job],
    )?;
    Ok(row.get(0)?)
}

fn forget(tx: &mut Transaction<'_>, run: &str) -> Result<(), Error> {
    tx.execute("delete from pending_state where run = ?1", row![run])?;
    tx.execute("delete from pending_commits where run = ?1", row![run])?;
    Ok(())
}

fn pending(row: &Row) -> Result<Pending, Error> {
    Ok(Pending {
        run: row.get(0)?,
        tenant: json::name(row, 1)?,
        job: json::name(row, 2)?,
        time: date(row.get(3)?),
        bookmarks: json::read(&row.get::<String>(4)?)?,
        tokens: json::read(&row.get::<String>(5)?)?,
        running: row.get::<Option<String>>(6)?.is_some(),
    })
}
