//! What waits, and what it waits for.
//!
//! Each tenant and each of its jobs, a lane, has a row that says whether something of it could be claimed now. These rows
//! are brought up to date with each change, so that a claim reads only what it takes: it never looks through waiting runs.
//!
//! A tenant with fewer runs at work, for its weight, is served before one with more; of those with as many, the one that
//! was served less. What a tenant did not use while it had nothing to do is not saved up.

use tenon_metadata::{Transaction, Value, row};

use crate::{Error, Quotas};

/// What one run adds to what its tenant was served, for a weight of 1.
pub(crate) const SERVING: i64 = 1_000_000;
/// What a run at work adds to its tenant's share, for a weight of 1.
pub(crate) const HOLDING: i64 = 1_000_000;

pub(crate) const HEAD: &str = "select urgency, number from run_queue
    where tenant = ?1 and job = ?2 and delayed = 0 order by urgency, number limit 1";
pub(crate) const SETTLE_TENANT: &str = "update run_tenants set
        waiting = waiting + ?2,
        running = running + ?3,
        share = (running + ?3) * ?5 / weight,
        served = ?4 + case when ready = 1 then served else
            (select case when floor > served then floor else served end from (select coalesce(
                (select served from run_tenants where ready = 1 order by share, served limit 1),
                (select served from run_tenants order by served desc limit 1)) as floor) as floors) end,
        ready = case when running + ?3 < concurrent_runs
            and exists (select 1 from run_lanes where tenant = ?1 and ready = 1) then 1 else 0 end
    where tenant = ?1";

/// A run that comes into the queue.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub run: &'a str,
    pub tenant: &'a str,
    pub job: &'a str,
    pub priority: i32,
    pub not_before: Option<i64>,
    pub expires: Option<i64>,
}

/// By how much a tenant's numbers change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub waiting: i64,
    pub running: i64,
    pub served: i64,
}

/// Makes the tenant's row, if it has none.
pub(crate) fn know_tenant(tx: &mut Transaction<'_>, tenant: &str) -> Result<(), Error> {
    let quotas = Quotas::default();
    tx.execute(
        "insert into run_tenants (tenant, concurrent_runs, queued_runs, weight, waiting, running, share, served, ready)
         values (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0) on conflict (tenant) do nothing",
        row![tenant, quotas.concurrent_runs, quotas.queued_runs, quotas.weight],
    )?;
    Ok(())
}

/// Locks the tenant's row, as whatever changes its queue does before it changes anything else of it: on PostgreSQL, two
/// that did so in another order would wait for each other until one of them is ended, which takes a second.
pub(crate) fn lock_tenant(tx: &mut Transaction<'_>, tenant: &str) -> Result<(), Error> {
    if tx.is_alone() {
        return Ok(());
    }
    tx.query("select 1 from run_tenants where tenant = ?1 {for_update}", row![tenant])?;
    Ok(())
}

/// Refuses what would be more than the tenant may have in the queue. Locks the tenant's row.
pub(crate) fn refuse_full(tx: &mut Transaction<'_>, tenant: &str) -> Result<(), Error> {
    const SELECT: &str = "select waiting, queued_runs, concurrent_runs from run_tenants where tenant = ?1 {for_update}";
    let mut row = tx.first(SELECT, row![tenant])?;
    if row.is_none() {
        know_tenant(tx, tenant)?;
        row = tx.first(SELECT, row![tenant])?;
    }
    let row = row.ok_or(tenon_metadata::Error::NoRow)?;
    let (queued, limit, concurrent) = (row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?);
    if queued < limit {
        return Ok(());
    }
    // As if each run took a second: a guess, but one that grows with what waits.
    let retry_after = (queued / concurrent.max(1)).clamp(1, 60).unsigned_abs();
    Err(Error::QueueFull {
        tenant: tenant.to_owned(),
        queued,
        limit,
        retry_after,
    })
}

/// Puts a run into the queue.
pub(crate) fn enter(tx: &mut Transaction<'_>, entry: &Entry<'_>) -> Result<(), Error> {
    let now = tx.now();
    let delayed = entry.not_before.is_some_and(|time| time > now);
    let urgency = -i64::from(entry.priority);
    let inserted = tx.one(
        "insert into run_queue (run, tenant, job, urgency, delayed, not_before, expires)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) returning number",
        row![
            entry.run,
            entry.tenant,
            entry.job,
            urgency,
            delayed,
            entry.not_before,
            entry.expires
        ],
    )?;
    if !delayed {
        tx.execute(
            "update run_lanes set
                 head = case when head is null or urgency > ?3 then ?4 else head end,
                 urgency = case when head is null or urgency > ?3 then ?3 else urgency end,
                 ready = case when running < max_concurrent then 1 else 0 end
             where tenant = ?1 and job = ?2",
            row![entry.tenant, entry.job, urgency, inserted.get::<i64>(0)?],
        )?;
        tx.notify("queue", "");
    }
    Ok(())
}

/// Takes a run out of the queue. Its lane and its tenant have to be settled after it.
pub(crate) fn leave(tx: &mut Transaction<'_>, run: &str) -> Result<(), Error> {
    tx.execute("delete from run_queue where run = ?1", row![run])?;
    Ok(())
}

/// Makes a job's lane, or says how many of its runs may be at work.
pub(crate) fn set_lane(tx: &mut Transaction<'_>, tenant: &str, job: &str, max_concurrent: u32) -> Result<(), Error> {
    know_tenant(tx, tenant)?;
    lock_tenant(tx, tenant)?;
    tx.execute(
        "insert into run_lanes (tenant, job, max_concurrent, running, ready, kept) values (?1, ?2, ?3, 0, 0, 0)
         on conflict (tenant, job) do update set max_concurrent = excluded.max_concurrent",
        row![tenant, job, max_concurrent],
    )?;
    settle_lane(tx, tenant, job, 0)?;
    settle_tenant(tx, tenant, &Change::default())
}

/// Brings a lane up to date after runs have left the queue or may leave it now.
pub(crate) fn settle_lane(tx: &mut Transaction<'_>, tenant: &str, job: &str, running: i64) -> Result<(), Error> {
    let head = tx.first(HEAD, row![tenant, job])?;
    let (urgency, number) = match &head {
        Some(row) => (Some(row.get::<i64>(0)?), Some(row.get::<i64>(1)?)),
        None => (None, None),
    };
    tx.execute(
        "update run_lanes set running = running + ?3, urgency = ?4, head = ?5,
             ready = case when running + ?3 < max_concurrent then cast(?6 as bigint) else 0 end
         where tenant = ?1 and job = ?2",
        row![tenant, job, running, urgency, number, head.is_some()],
    )?;
    Ok(())
}

/// Gives up a run's place at work, and says whether it is now among those that are kept as ended.
pub(crate) fn release(tx: &mut Transaction<'_>, tenant: &str, job: &str, ended: bool) -> Result<(), Error> {
    tx.execute(
        "update run_lanes set running = running - 1, kept = kept + ?3,
             ready = case when head is not null and running - 1 < max_concurrent then 1 else 0 end
         where tenant = ?1 and job = ?2",
        row![tenant, job, ended],
    )?;
    Ok(())
}

/// Changes how many ended runs of a job are kept.
pub(crate) fn keep(tx: &mut Transaction<'_>, tenant: &str, job: &str, by: i64) -> Result<(), Error> {
    tx.execute(
        "update run_lanes set kept = kept + ?3 where tenant = ?1 and job = ?2",
        row![tenant, job, by],
    )?;
    Ok(())
}

/// Brings a tenant up to date, after its lanes.
pub(crate) fn settle_tenant(tx: &mut Transaction<'_>, tenant: &str, change: &Change) -> Result<(), Error> {
    let parameters: [Value; 5] = [
        tenant.into(),
        change.waiting.into(),
        change.running.into(),
        change.served.into(),
        HOLDING.into(),
    ];
    tx.execute(SETTLE_TENANT, &parameters)?;
    Ok(())
}

/// Runs of a job that wait or are at work.
pub(crate) fn under_way(tx: &mut Transaction<'_>, tenant: &str, job: &str) -> Result<i64, Error> {
    let waiting = tx.one(
        "select count(*) from run_queue where tenant = ?1 and job = ?2",
        row![tenant, job],
    )?;
    let running = tx.first(
        "select running from run_lanes where tenant = ?1 and job = ?2 {for_update}",
        row![tenant, job],
    )?;
    let running: i64 = running.map_or(Ok(0), |row| row.get(0))?;
    Ok(waiting.get::<i64>(0)? + running)
}
