//! Removing old runs, a little at a time.

use std::time::Duration;

use tenon_metadata::{Name, Transaction, row};

use crate::time::micros;
use crate::{Error, json, keys, queue, quotas};

/// Jobs with too many runs that are looked at together.
const JOBS: i64 = 16;

/// What to remove. Bookmarks and state stay, and so do runs that have not ended or whose commit is undecided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Remove runs that ended longer ago than this.
    pub runs_older_than: Option<Duration>,
    /// Keep so many ended runs of each job, the latest, and remove the rest.
    pub runs_per_job: Option<u32>,
    /// Remove the logs of runs that ended longer ago than this.
    pub logs_older_than: Option<Duration>,
}

impl Retention {
    /// What is kept when nobody says otherwise: runs for 90 days, a thousand of each job, and logs for 30 days.
    pub const STANDARD: Self = Self {
        runs_older_than: Some(Duration::from_secs(90 * 24 * 3600)),
        runs_per_job: Some(1_000),
        logs_older_than: Some(Duration::from_secs(30 * 24 * 3600)),
    };
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Runs.
    pub runs: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// There may be more: call it again.
    pub more: bool,
}

/// Removes old runs, logs and idempotency keys, about `most` rows of each, so that others need not wait long for their
/// turn.
///
/// # Errors
/// What the database says.
pub fn remove_old(tx: &mut Transaction<'_>, retention: &Retention, most: u32) -> Result<Removed, Error> {
    let now = tx.now();
    let mut sweep = Sweep {
        left: i64::from(most.max(1)),
        removed: Removed::default(),
    };
    sweep.removed.keys = tx.execute(
        "delete from run_keys where (tenant, name) in
             (select tenant, name from run_keys where created <= ?1 order by created limit ?2)",
        row![now - keys::KEPT, most.max(1)],
    )?;
    sweep.removed.more = sweep.removed.keys >= u64::from(most.max(1));
    if let Some(age) = retention.runs_older_than {
        sweep.runs_before(tx, now.saturating_sub(micros(age)))?;
    }
    if let Some(kept) = retention.runs_per_job {
        sweep.runs_beyond(tx, i64::from(kept))?;
    }
    if let Some(age) = retention.logs_older_than {
        sweep.logs_before(tx, now.saturating_sub(micros(age)))?;
    }
    sweep.removed.more |= sweep.left <= 0;
    Ok(sweep.removed)
}

/// What was removed so that a tenant keeps to its quota of logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogsRemoved {
    /// What the logs of all its runs were charged, in bytes.
    pub kept: u64,
    /// What they may be charged, in bytes.
    pub quota: u64,
    /// Runs of which no line is left.
    pub runs: u64,
    /// Lines.
    pub log_lines: u64,
    /// That is not enough, or not as fast as more comes: what its runs log now is not kept.
    pub is_used_up: bool,
    /// There may be more: call it again.
    pub more: bool,
}

/// The tenants whose runs have logged more than they may keep, or had when this was looked at last. It reads as much as there
/// are runs with logs, so let it change nothing in the same transaction.
///
/// # Errors
/// What the database says.
pub fn over_log_quota(tx: &mut Transaction<'_>) -> Result<Vec<Name>, Error> {
    let rows = tx.query(
        "select kept.tenant as tenant from
             (select tenant, cast(sum(log_bytes) as bigint) as bytes from runs where log_lines > 0 group by tenant) kept
             left join run_log_quotas q on q.tenant = kept.tenant
         where kept.bytes > coalesce(q.bytes, ?1)
         union select tenant from run_log_quotas where used_up = 1
         order by tenant",
        row![quotas::LOG_BYTES],
    )?;
    rows.iter().map(|row| json::name(row, 0)).collect()
}

/// Removes logs of a tenant's runs that have ended, of those that ended first, until it keeps to its quota: about `most`
/// lines. The runs stay, and say so. Where there are too many lines of runs at work, or so many that come meanwhile, the logs
/// of runs at work are cut until there is room.
///
/// # Errors
/// What the database says.
pub fn keep_to_log_quota(tx: &mut Transaction<'_>, tenant: &Name, most: u32) -> Result<LogsRemoved, Error> {
    let quota = quotas::log_bytes(tx, tenant)?;
    let kept = tx.one(
        "select cast(coalesce(sum(log_bytes), 0) as bigint) from runs where tenant = ?1 and log_lines > 0",
        row![tenant],
    )?;
    let kept: u64 = kept.get(0)?;
    let mut sweep = Sweep {
        left: i64::from(most.max(1)),
        removed: Removed::default(),
    };
    let (mut over, mut runs) = (kept.saturating_sub(quota), 0);
    let ended = tx.query(
        "select number, log_bytes from runs where tenant = ?1 and ended is not null and log_lines > 0
         order by ended limit ?2",
        row![tenant, sweep.left],
    )?;
    for row in ended {
        if over == 0 {
            break;
        }
        let (number, bytes): (i64, u64) = (row.get(0)?, row.get(1)?);
        // Also of one that is too long for one time.
        tx.execute("update runs set log_removed = 1 where number = ?1", row![number])?;
        if !sweep.remove_log(tx, number)? {
            break;
        }
        over = over.saturating_sub(bytes);
        runs += 1;
    }
    let more = over > 0 && sweep.left <= 0;
    // While there is something to remove, as much again as the quota may be too much.
    let is_used_up = over > if more { quota } else { 0 };
    quotas::set_logs_used_up(tx, tenant, is_used_up)?;
    Ok(LogsRemoved {
        kept,
        quota,
        runs,
        log_lines: sweep.removed.log_lines,
        is_used_up,
        more,
    })
}

struct Sweep {
    /// Rows that may still be removed.
    left: i64,
    removed: Removed,
}

impl Sweep {
    fn runs_before(&mut self, tx: &mut Transaction<'_>, time: i64) -> Result<(), Error> {
        let rows = tx.query(
            "select number, id, tenant, job from runs where ended is not null and ended < ?1
                 and not exists (select 1 from pending_commits p where p.run = runs.id)
             order by ended limit ?2",
            row![time, self.left],
        )?;
        for row in rows {
            self.remove(
                tx,
                row.get(0)?,
                &row.get::<String>(1)?,
                &row.get::<String>(2)?,
                &row.get::<String>(3)?,
            )?;
        }
        Ok(())
    }

    fn runs_beyond(&mut self, tx: &mut Transaction<'_>, kept: i64) -> Result<(), Error> {
        let lanes = tx.query(
            "select tenant, job, kept from run_lanes where kept > ?1 order by kept desc limit ?2",
            row![kept, JOBS],
        )?;
        self.removed.more |= lanes.len() as i64 == JOBS;
        for lane in lanes {
            let (tenant, job): (String, String) = (lane.get(0)?, lane.get(1)?);
            let beyond = (lane.get::<i64>(2)? - kept).min(self.left.max(0));
            let rows = tx.query(
                "select number, id from runs where tenant = ?1 and job = ?2 and ended is not null
                     and not exists (select 1 from pending_commits p where p.run = runs.id)
                 order by id limit ?3",
                row![&tenant, &job, beyond],
            )?;
            for row in rows {
                self.remove(tx, row.get(0)?, &row.get::<String>(1)?, &tenant, &job)?;
            }
        }
        Ok(())
    }

    fn logs_before(&mut self, tx: &mut Transaction<'_>, time: i64) -> Result<(), Error> {
        let rows = tx.query(
            "select number from runs where ended is not null and log_lines > 0 and ended < ?1 order by ended limit ?2",
            row![time, self.left.max(0)],
        )?;
        for row in rows {
            self.remove_log(tx, row.get(0)?)?;
        }
        Ok(())
    }

    /// Removes a run, unless its log is too long for one time.
    fn remove(
        &mut self,
        tx: &mut Transaction<'_>,
        number: i64,
        run: &str,
        tenant: &str,
        job: &str,
    ) -> Result<(), Error> {
        if !self.remove_lines(tx, number)? {
            return Ok(());
        }
        tx.execute("delete from run_attempts where run = ?1", row![run])?;
        tx.execute("delete from runs where number = ?1", row![number])?;
        queue::keep(tx, tenant, job, -1)?;
        self.removed.runs += 1;
        self.left -= 1;
        Ok(())
    }

    /// Removes the log of a run that stays; answers whether none of it is left.
    fn remove_log(&mut self, tx: &mut Transaction<'_>, number: i64) -> Result<bool, Error> {
        let all = self.remove_lines(tx, number)?;
        if all {
            tx.execute(
                "update runs set log_lines = 0, log_bytes = 0 where number = ?1",
                row![number],
            )?;
        }
        Ok(all)
    }

    /// Removes lines of a log; answers whether none is left.
    fn remove_lines(&mut self, tx: &mut Transaction<'_>, number: i64) -> Result<bool, Error> {
        if self.left <= 0 {
            return Ok(false);
        }
        let lines = tx.execute(
            "delete from run_log where run = ?1 and number in
                 (select number from run_log where run = ?1 order by number limit ?2)",
            row![number, self.left],
        )?;
        self.removed.log_lines += lines;
        self.left -= lines as i64;
        Ok(self.left > 0)
    }
}
