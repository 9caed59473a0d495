//! What is due: schedules, and events whose batch is.

use chrono::TimeDelta;
use serde_json::{Map, json};
use tenon_metadata::{Row, Transaction, row};
use tenon_schedule::{MissedPolicy, Schedule};

use crate::definition::When;
use crate::error::Error;
use crate::fire::{Cause, Fired, emit, fire};
use crate::history;
use crate::pending::{Deferred, settle};
use crate::trigger::{Stored, date, micros};
use crate::workflows::Workflows;

/// A due time that is no longer ago than this is on time, and no policy for missed ones applies to it.
pub(crate) const GRACE: TimeDelta = TimeDelta::minutes(1);
/// After a fault of its own, a trigger is looked at again after so many seconds.
const FAULTY: u64 = 60;

/// What is looked for by when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Schedules.
    Schedules,
    /// Events that wait.
    Batches,
    /// Looks at objects or rows.
    Looks,
}

impl Queue {
    fn column(self) -> &'static str {
        match self {
            Self::Schedules => "next_fire",
            Self::Batches => "batch_due",
            Self::Looks => "look_due",
        }
    }

    /// The ids of what is due, the longest overdue first; what another server is at is left out.
    pub(crate) fn due(self, tx: &mut Transaction<'_>, now: i64, limit: u32) -> Result<Vec<String>, Error> {
        let column = self.column();
        let sql = format!("select id from triggers where {column} <= ?1 order by {column} limit ?2 {{skip_locked}}");
        let ids = tx.query(&sql, row![now, limit])?;
        Ok(ids.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
    }

    /// When the next one is due.
    pub(crate) fn next(self, tx: &mut Transaction<'_>) -> Result<Option<i64>, Error> {
        let column = self.column();
        let sql = format!("select {column} from triggers where {column} is not null order by {column} limit 1");
        Ok(tx
            .first(&sql, row![])?
            .as_ref()
            .map(|row: &Row| row.get(0))
            .transpose()?)
    }

    /// Puts off what cannot be seen to, so that it doesn't hold up the others.
    pub(crate) fn put_off(self, tx: &mut Transaction<'_>, id: &str, why: &str, now: i64) -> Result<(), Error> {
        let column = self.column();
        // A due time that is put off was not missed.
        let postponed = if self == Self::Schedules { ", postponed = 1" } else { "" };
        let sql = format!("update triggers set {column} = ?2, last_error = ?3{postponed} where id = ?1");
        tx.execute(&sql, row![id, now + micros(FAULTY), why])?;
        Ok(())
    }
}

/// Sees to what is due in a queue; answers how many there were.
pub(crate) fn see_to(
    tx: &mut Transaction<'_>,
    queue: Queue,
    workflows: &dyn Workflows,
    now: i64,
    limit: u32,
    deferred: &Deferred,
) -> Result<usize, Error> {
    let ids = queue.due(tx, now, limit)?;
    for id in &ids {
        let Some(stored) = Stored::by_id(tx, id)? else { continue };
        match queue {
            Queue::Schedules => fire_schedule(tx, workflows, &stored, now, deferred)?,
            Queue::Batches => match deferred.get(stored.trigger.tenant.as_str()) {
                Some(retry) => {
                    let until = now + micros(*retry);
                    tx.execute("update triggers set batch_due = ?2 where id = ?1", row![id, until])?;
                }
                None => settle(tx, workflows, &stored.trigger, now)?,
            },
            Queue::Looks => {}
        }
    }
    Ok(ids.len())
}

fn fire_schedule(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    stored: &Stored,
    now: i64,
    deferred: &Deferred,
) -> Result<(), Error> {
    let trigger = &stored.trigger;
    let (When::Schedule(schedule), Some(due), true) = (&trigger.definition.when, stored.next_due, stored.is_active())
    else {
        return set_next(tx, &trigger.id, None, None, false);
    };
    if let Some(retry) = deferred.get(trigger.tenant.as_str()) {
        return set_next(tx, &trigger.id, Some(due), Some(now + micros(*retry)), true);
    }
    let plan = Plan::new(schedule, &trigger.id, due, stored.postponed, now);
    for due in plan.run {
        let cause = Cause {
            key: format!("due:{due}"),
            due,
            now,
            events: &[],
            depth: 0,
            given: Map::new(),
        };
        if let Fired::Full { reason, retry_after } = fire(tx, workflows, trigger, &cause)? {
            tx.execute(
                "update triggers set last_error = ?2 where id = ?1",
                row![&trigger.id, reason.as_str()],
            )?;
            return set_next(tx, &trigger.id, Some(due), Some(now + micros(retry_after)), true);
        }
    }
    if plan.skipped > 0 {
        let policy = match schedule.missed {
            MissedPolicy::Skip => "missed ones are skipped".to_owned(),
            MissedPolicy::RunOnce => "missed ones are made up for by one run".to_owned(),
            MissedPolicy::RunAll(limit) => format!("at most {limit} missed ones are made up for"),
        };
        let reason = format!(
            "{} due times from {} on were missed, and {policy}",
            plan.skipped,
            date(due).to_rfc3339()
        );
        history::skipped(tx, trigger, due, now, &reason)?;
        let data = json!({ "trigger": &trigger.name, "skipped": plan.skipped, "since": due, "reason": reason });
        emit(tx, trigger, "trigger.missed", data)?;
    }
    set_next(
        tx,
        &trigger.id,
        plan.next,
        plan.next.map(|next| next + plan.jitter),
        false,
    )
}

/// What to run for; times in microseconds.
struct Plan {
    run: Vec<i64>,
    skipped: usize,
    next: Option<i64>,
    jitter: i64,
}

impl Plan {
    fn new(schedule: &Schedule, id: &str, due: i64, postponed: bool, now: i64) -> Self {
        let jitter = schedule.jitter(id);
        let reached = date(now) - jitter;
        // One that was postponed was not missed: the queue was full.
        let first = if postponed {
            schedule.next_after(date(due))
        } else {
            Some(date(due))
        };
        let mut run = if postponed { vec![due] } else { Vec::new() };
        let ahead = first.filter(|first| *first > reached);
        let (skipped, next) = match first {
            Some(first) if ahead.is_none() => {
                let caught = schedule.catch_up(first, reached, GRACE);
                run.extend(caught.run.iter().map(chrono::DateTime::timestamp_micros));
                (caught.skipped, caught.next)
            }
            _ => (0, ahead),
        };
        let next = next.map(|next| next.timestamp_micros());
        Self {
            run,
            skipped,
            next,
            jitter: jitter.num_microseconds().unwrap_or(0),
        }
    }
}

fn set_next(
    tx: &mut Transaction<'_>,
    id: &str,
    due: Option<i64>,
    fire: Option<i64>,
    postponed: bool,
) -> Result<(), Error> {
    tx.execute(
        "update triggers set next_due = ?2, next_fire = ?3, postponed = ?4 where id = ?1",
        row![id, due, fire, postponed],
    )?;
    Ok(())
}
