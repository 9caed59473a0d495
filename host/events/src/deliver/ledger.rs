//! Who delivers what, and what became of it.

use std::time::Duration;

use tenon_metadata::{Transaction, row};

use super::send::{Answer, Outcome};
use crate::delivery::DeliveryState;
use crate::{Destination, Error, Recorded};

/// Targets that are looked for at once.
const MOST_TARGETS: u32 = 500;

/// A target that has something due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DueTarget {
    pub tenant: String,
    pub id: String,
}

/// A target that this server may deliver to.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub destination: Destination,
    pub waiting: Option<Waiting>,
}

/// A delivery that is due.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub number: i64,
    pub attempts: i64,
    pub event: Recorded,
}

/// A server that has a lease on a target.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub owner: String,
    pub target: String,
    pub lease: Duration,
}

/// What an attempt came to, and when to go on.
#[derive(Clone, Debug)]
pub(super) struct Attempted {
    pub number: i64,
    pub duration: Duration,
    pub answer: Answer,
    /// Before this delivery is tried again, if it is.
    pub retry: Duration,
    /// Before the target is used again, if all of it failed, by the failures before.
    pub pause: Duration,
    pub give_up: Duration,
    /// Whether another delivery is asked for.
    pub go_on: bool,
}

/// Targets with deliveries that are due, those first that have waited longest for their turn.
pub(super) fn due(tx: &mut Transaction<'_>) -> Result<Vec<DueTarget>, Error> {
    let rows = tx.query(
        "select tenant, id from event_targets
         where enabled = 1 and due <= ?1 and lease_until <= ?1 and exists (
             select 1 from event_deliveries
             where event_deliveries.target = event_targets.id and state = 'pending' and event_deliveries.due <= ?1
         ) order by due limit ?2",
        row![tx.now(), MOST_TARGETS],
    )?;
    let targets = rows.iter().map(|row| {
        Ok(DueTarget {
            tenant: row.get(0)?,
            id: row.get(1)?,
        })
    });
    targets.collect()
}

/// Takes a target, if nobody has it.
pub(super) fn claim(tx: &mut Transaction<'_>, holder: &Holder) -> Result<Option<Claimed>, Error> {
    let (now, id) = (tx.now(), holder.target.as_str());
    let row = tx.first(
        "update event_targets set lease_owner = ?2, lease_until = ?3
         where id = ?1 and enabled = 1 and due <= ?4 and lease_until <= ?4 returning destination, name",
        row![id, holder.owner.as_str(), now + micros(holder.lease), now],
    )?;
    let Some(row) = row else { return Ok(None) };
    let destination = serde_json::from_value(row.get(0)?).map_err(|error| Error::InvalidTarget {
        name: row.get(1).unwrap_or_default(),
        reason: error.to_string(),
    })?;
    Ok(Some(Claimed {
        destination,
        waiting: waiting(tx, holder)?,
    }))
}

/// Writes down what an attempt came to. Answers with the next delivery; without one, the target is free for others.
pub(super) fn record(
    tx: &mut Transaction<'_>,
    holder: &Holder,
    attempted: &Attempted,
) -> Result<Option<Waiting>, Error> {
    let (now, id) = (tx.now(), holder.target.as_str());
    let Some(held) = tx.first(
        "select tenant, lease_owner, failures from event_targets where id = ?1 {for_update}",
        row![id],
    )?
    else {
        return Ok(None);
    };
    let (tenant, owner): (String, Option<String>) = (held.get(0)?, held.get(1)?);
    let answer = &attempted.answer;
    tx.execute(
        "insert into event_attempts (tenant, target, delivery, time, duration, status, error)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row![
            tenant,
            id,
            attempted.number,
            now,
            micros(attempted.duration),
            answer.status.map(i64::from),
            answer.error.as_deref()
        ],
    )?;
    delivery_ended(tx, attempted)?;
    if owner.as_ref() != Some(&holder.owner) {
        // The lease ran out, and the target is another server's now.
        return Ok(None);
    }
    let failures: i64 = held.get(2)?;
    let (failures, due, gone) = match answer.outcome {
        Outcome::Delivered | Outcome::EventFailed => (0, now, false),
        Outcome::TargetFailed(after) => {
            let pause = after.unwrap_or_default().max(attempted.pause);
            (failures + 1, now + micros(pause), false)
        }
        Outcome::Gone => (failures + 1, now, true),
    };
    tx.execute(
        "update event_targets set failures = ?2, due = ?3, lease_until = ?4 where id = ?1",
        row![id, failures, due, now + micros(holder.lease)],
    )?;
    if gone {
        tx.execute(
            "update event_targets set enabled = 0, version = version + 1, changed = ?2, disabled_because = ?3
             where id = ?1",
            row![id, now, answer.error.as_deref()],
        )?;
    }
    let next = if attempted.go_on && due <= now && !gone {
        waiting(tx, holder)?
    } else {
        None
    };
    if next.is_none() {
        release(tx, holder)?;
    }
    Ok(next)
}

/// Gives a target back.
pub(super) fn release(tx: &mut Transaction<'_>, holder: &Holder) -> Result<(), Error> {
    tx.execute(
        "update event_targets set lease_owner = null, lease_until = 0 where id = ?1 and lease_owner = ?2",
        row![holder.target.as_str(), holder.owner.as_str()],
    )?;
    Ok(())
}

/// The failures that a target has had in a row.
pub(super) fn failures(tx: &mut Transaction<'_>, target: &str) -> Result<i64, Error> {
    let row = tx.first("select failures from event_targets where id = ?1", row![target])?;
    Ok(row.map_or(Ok(0), |row| row.get(0))?)
}

fn delivery_ended(tx: &mut Transaction<'_>, attempted: &Attempted) -> Result<(), Error> {
    let now = tx.now();
    let answer = &attempted.answer;
    let created = tx.first(
        "select created from event_deliveries where number = ?1 and state = 'pending' {for_update}",
        row![attempted.number],
    )?;
    let Some(created) = created else { return Ok(()) };
    let again = now + micros(attempted.retry);
    let state = if answer.outcome == Outcome::Delivered {
        DeliveryState::Delivered
    } else if again - created.get::<i64>(0)? > micros(attempted.give_up) {
        DeliveryState::Dead
    } else {
        DeliveryState::Pending
    };
    let finished = (state != DeliveryState::Pending).then_some(now);
    tx.execute(
        "update event_deliveries set state = ?2, attempts = attempts + 1, due = ?3, finished = ?4, error = ?5
         where number = ?1",
        row![
            attempted.number,
            state.as_str(),
            again,
            finished,
            answer.error.as_deref()
        ],
    )?;
    Ok(())
}

/// The first of a target's deliveries that are due.
fn waiting(tx: &mut Transaction<'_>, holder: &Holder) -> Result<Option<Waiting>, Error> {
    let row = tx.first(
        "select number, attempts, body from event_deliveries
         where target = ?1 and state = 'pending' and due <= ?2 order by position limit 1",
        row![holder.target.as_str(), tx.now()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let number: i64 = row.get(0)?;
    let event = serde_json::from_value(row.get(2)?).map_err(|error| Error::InvalidTarget {
        name: holder.target.clone(),
        reason: format!("its delivery {number} cannot be read: {error}"),
    })?;
    Ok(Some(Waiting {
        number,
        attempts: row.get(1)?,
        event,
    }))
}

pub(super) fn micros(duration: Duration) -> i64 {
    // Never near the end of time: it is added to now.
    i64::try_from(duration.as_micros())
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 4)
}
