//! The latest firings of each trigger.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest, Row, Transaction, row};
use utoipa::ToSchema;

use crate::error::Error;
use crate::fire::{Cause, Started};
use crate::trigger::{Trigger, date};

/// Firings that are kept of each trigger.
const KEPT: i64 = 100;

/// What came of a due time or of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FiringOutcome {
    /// All actions were started.
    Fired,
    /// At least one action was refused.
    Failed,
    /// Nothing was to be started: due times were missed.
    Skipped,
}

/// A time that a trigger fired, or didn't though it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Firing {
    /// Its number; later ones are greater.
    pub number: i64,
    /// When it was due: by the schedule, or when the event came.
    pub due: DateTime<Utc>,
    /// When it was seen to.
    pub fired: DateTime<Utc>,
    /// What came of it.
    pub outcome: FiringOutcome,
    /// How many events it was given.
    pub events: u32,
    /// What it started.
    pub started: Vec<Started>,
    /// Why something was not started.
    pub reason: Option<String>,
}

/// The latest firings of a trigger, newest first.
///
/// # Errors
/// [`Error::UnknownTrigger`], or what the database says.
pub fn firings(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<Firing>, Error> {
    let id = crate::triggers::get(tx, tenant, name)?.id;
    let before = match &page.after {
        None => i64::MAX,
        Some(after) => after
            .parse()
            .map_err(|_| Error::invalid("after", "it is not what a page calls `next`"))?,
    };
    let rows = tx.query(
        "select number, due, fired, outcome, events, started, reason from trigger_firings
         where trigger_id = ?1 and tenant = ?2 and number < ?3 order by number desc limit ?4",
        row![id, tenant, before, page.look_for()],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(page.page(found, |firing| firing.number.to_string()))
}

pub(crate) fn fired(
    tx: &mut Transaction<'_>,
    trigger: &Trigger,
    cause: &Cause<'_>,
    started: &[Started],
    refused: Option<&str>,
) -> Result<(), Error> {
    let outcome = if refused.is_some() { "failed" } else { "fired" };
    let started = serde_json::to_string(started).map_err(|error| Error::invalid("started", error))?;
    note(
        tx,
        trigger,
        (cause.due, cause.now),
        outcome,
        cause.events.len(),
        &started,
        refused,
    )
}

/// Due times for which nothing is started.
pub(crate) fn skipped(tx: &mut Transaction<'_>, trigger: &Trigger, due: i64, now: i64, why: &str) -> Result<(), Error> {
    note(tx, trigger, (due, now), "skipped", 0, "[]", Some(why))
}

fn note(
    tx: &mut Transaction<'_>,
    trigger: &Trigger,
    (due, now): (i64, i64),
    outcome: &str,
    events: usize,
    started: &str,
    reason: Option<&str>,
) -> Result<(), Error> {
    tx.execute(
        "insert into trigger_firings (tenant, trigger_id, due, fired, outcome, events, started, reason)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        row![&trigger.tenant, &trigger.id, due, now, outcome, events, started, reason],
    )?;
    tx.execute(
        "delete from trigger_firings where trigger_id = ?1 and number <= (
             select number from trigger_firings where trigger_id = ?1 order by number desc limit 1 offset ?2)",
        row![&trigger.id, KEPT],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<Firing, Error> {
    let started: String = row.get(5)?;
    Ok(Firing {
        number: row.get(0)?,
        due: date(row.get(1)?),
        fired: date(row.get(2)?),
        outcome: match row.get::<String>(3)?.as_str() {
            "fired" => FiringOutcome::Fired,
            "skipped" => FiringOutcome::Skipped,
            _ => FiringOutcome::Failed,
        },
        events: row.get(4)?,
        started: serde_json::from_str(&started).map_err(|error| Error::invalid("what the database holds", error))?,
        reason: row.get(6)?,
    })
}
