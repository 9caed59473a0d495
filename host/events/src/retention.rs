//! What is not kept for ever.

use std::time::Duration;

use tenon_metadata::{Error, Transaction, row};

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRetention {
    /// Events that all cursors and targets have passed. Default 7 days.
    pub events: Duration,
    /// Events that a cursor has not passed: then it has lost them. Default 30 days.
    pub unread_events: Duration,
    /// Deliveries that have been made, and attempts. Default 7 days.
    pub deliveries: Duration,
    /// Deliveries that were given up. Default 30 days.
    pub dead_deliveries: Duration,
    /// Rows that are removed in one change, of each sort: others wait as long. Default 500.
    pub batch: u32,
}

impl Default for EventRetention {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            events: Duration::from_secs(7 * DAY),
            unread_events: Duration::from_secs(30 * DAY),
            deliveries: Duration::from_secs(7 * DAY),
            dead_deliveries: Duration::from_secs(30 * DAY),
            batch: 500,
        }
    }
}

/// Removes one batch of what is older than it is kept. Answers with the number of rows; call it again until that is 0.
///
/// # Errors
/// What the database says.
pub fn retain(tx: &mut Transaction<'_>, retention: &EventRetention) -> Result<u64, Error> {
    let before = |age: Duration| back(tx.now(), age);
    let (events, unread) = (before(retention.events), before(retention.unread_events));
    let (finished, dead) = (before(retention.deliveries), before(retention.dead_deliveries));
    let batch = retention.batch;
    // A target whose tenant is quiet has read all there is.
    tx.execute(
        "update event_targets set position = (select position from event_sequence)
         where enabled = 1 and position < (select position from event_sequence) and not exists (
             select 1 from events where events.tenant = event_targets.tenant
                 and events.position > event_targets.position
         )",
        row![],
    )?;
    let passed: Option<i64> = tx
        .one(
            "select min(position) from (
                 select position from event_cursors
                 union all select position from event_targets where enabled = 1
                 union all select position from event_sequence
             ) as readers",
            row![],
        )?
        .get(0)?;
    // The first ones by position are the oldest, or nearly.
    let mut removed = tx.execute(
        "delete from events where number in (
             select number from (
                 select number, position, time from events where position is not null order by position limit ?1
             ) as oldest
             where (position <= ?2 and time < ?3) or time < ?4
         )",
        row![batch, passed.unwrap_or(0), events, unread],
    )?;
    removed += tx.execute(
        "delete from event_attempts where number in (
             select number from event_attempts where time < ?1 order by time limit ?2
         )",
        row![finished, batch],
    )?;
    removed += tx.execute(
        "delete from event_deliveries where number in (
             select number from event_deliveries
             where finished is not null and ((state = 'delivered' and finished < ?1) or (state = 'dead' and finished < ?2))
             order by finished limit ?3
         )",
        row![finished, dead, batch],
    )?;
    Ok(removed + removed_targets(tx, batch)?)
}

/// What belonged to a target that is gone.
fn removed_targets(tx: &mut Transaction<'_>, batch: u32) -> Result<u64, Error> {
    let Some(row) = tx.first("select id from event_targets_removed order by id limit 1", row![])? else {
        return Ok(0);
    };
    let id: String = row.get(0)?;
    let mut removed = 0;
    for table in ["event_deliveries", "event_attempts"] {
        let sql =
            format!("delete from {table} where number in (select number from {table} where target = ?1 limit ?2)");
        removed += tx.execute(&sql, row![id.as_str(), batch])?;
    }
    if removed == 0 {
        removed = tx.execute("delete from event_targets_removed where id = ?1", row![id])?;
    }
    Ok(removed)
}

fn back(now: i64, age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}
