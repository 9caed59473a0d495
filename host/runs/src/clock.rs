//! The clock was set while runs wait: what they wait for is a length of time, and not what the clock says.

use tenon_metadata::{Transaction, Value, row};

use crate::Error;

/// Has runs wait for as long as they were to although this server's clock was set `by` so many microseconds, ahead or back:
/// the pause before the next attempt, and how long a run may wait in the queue. What is to begin at a time that somebody has
/// named goes by the clock on the wall.
///
/// Where several servers share the queue, only the pauses that this one has noted are moved: the other times were taken from
/// clocks of which nobody says that they were set.
///
/// # Errors
/// What the database says.
pub fn clock_set(tx: &mut Transaction<'_>, server: &str, by: i64) -> Result<(), Error> {
    let others = tx.one(
        "select count(*) from run_servers where lost = 0 and id <> ?1",
        row![server],
    )?;
    let now = tx.now();
    // What has come into the queue since is by the clock as it is now.
    let before = if by > 0 { now.saturating_sub(by) } else { i64::MAX };
    let mut values = vec![Value::from(by), Value::from(before)];
    let mut moved = "r.queued <= ?2".to_owned();
    if others.get::<i64>(0)? > 0 {
        moved.push_str(
            " and exists (select 1 from run_attempts a
                 where a.run = r.id and a.attempt = r.attempt - 1 and a.server = ?3)",
        );
        values.push(Value::from(server));
    }
    // A first attempt that waits for its time waits for one that somebody has named.
    let pauses = "r.attempt > 1";
    tx.execute(
        &format!(
            "update runs set not_before = not_before + ?1 where id in (
                 select r.id from run_queue q join runs r on r.id = q.run where q.delayed = 1 and {pauses} and {moved})"
        ),
        &values,
    )?;
    tx.execute(
        &format!(
            "update run_queue set not_before = not_before + ?1 where delayed = 1
                 and exists (select 1 from runs r where r.id = run_queue.run and {pauses} and {moved})"
        ),
        &values,
    )?;
    // What would have waited too long by that came into the queue after the clock was put back.
    tx.execute(
        &format!(
            "update run_queue set expires = expires + ?1 where expires is not null and expires + ?1 > {now}
                 and exists (select 1 from runs r
                     where r.id = run_queue.run and (run_queue.delayed = 0 or {pauses}) and {moved})"
        ),
        &values,
    )?;
    // They came into the queue at what is that time by the clock as it is now, for whoever sets it next.
    tx.execute(
        &format!(
            "update runs set queued = queued + ?1 where id in (
                 select r.id from run_queue q join runs r on r.id = q.run where (q.delayed = 0 or {pauses}) and {moved})"
        ),
        &values,
    )?;
    Ok(())
}
