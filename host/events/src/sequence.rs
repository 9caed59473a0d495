//! The order of events.
//!
//! Numbers are taken when an event is written, and seen by others when its transaction commits: with several connections
//! to PostgreSQL, or several servers, number 7 may appear after number 8 has been read. So readers go by another figure,
//! the position, which an event gets after its commit, from one transaction at a time: [`sequence`] locks the only row
//! of `event_sequence`, and gives the next positions to the events that it sees and that have none. Whoever sees a
//! position therefore sees all smaller ones, and whatever commits later gets a larger one.
//!
//! With SQLite one transaction writes at a time, and events get their positions as they are written.

use tenon_metadata::{Error, Transaction, row};

/// Events that get their positions in one transaction.
const TOGETHER: i64 = 2000;

/// What changes of this topic tell: there are events in order.
pub(crate) const READY: &str = "events.ready";

/// The next position, for an event that is being written where nobody else writes; none elsewhere.
pub(crate) fn at_once(tx: &mut Transaction<'_>) -> Result<Option<i64>, Error> {
    if !tx.is_alone() {
        return Ok(None);
    }
    let next = tx.one(
        "update event_sequence set position = position + 1 where one = 1 returning position",
        row![],
    )?;
    tx.notify(READY, "");
    next.get(0).map(Some)
}

/// Gives positions to committed events that have none, in the order of their numbers; at most 2000 of them. Answers how
/// many. Readers that change something do it themselves; [`Deliverer`](crate::Deliverer) does it for those that only
/// look.
///
/// # Errors
/// What the database says; also if the transaction can only read.
pub fn sequence(tx: &mut Transaction<'_>) -> Result<u64, Error> {
    if !waiting(tx)? {
        return Ok(0);
    }
    // Locks the row, so that this is the only transaction that gives positions until it has ended.
    let position: i64 = tx
        .one(
            "update event_sequence set position = position where one = 1 returning position",
            row![],
        )?
        .get(0)?;
    let sequenced = tx.execute(
        "update events set position = ordered.position from (
             select number, ?1 + row_number() over (order by number) as position
             from events where position is null order by number limit ?2
         ) as ordered where events.number = ordered.number",
        row![position, TOGETHER],
    )?;
    if sequenced > 0 {
        tx.execute(
            "update event_sequence set position = ?1 where one = 1",
            row![position + sequenced as i64],
        )?;
        tx.notify(READY, "");
    }
    Ok(sequenced)
}

/// Whether there are events without a position.
pub(crate) fn waiting(tx: &mut Transaction<'_>) -> Result<bool, Error> {
    let first = tx.first("select number from events where position is null limit 1", row![])?;
    Ok(first.is_some())
}

/// The position of the last event that has one.
///
/// # Errors
/// What the database says.
pub fn last_position(tx: &mut Transaction<'_>) -> Result<i64, Error> {
    tx.one("select position from event_sequence where one = 1", row![])?
        .get(0)
}
