//! Servers take runs out of the queue.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::LazyLock;

use serde_json::{Map, Value};
use tenon_metadata::{Name, Row, Transaction, row};

use crate::change::{self, STANDING, Standing};
use crate::ledger::{Pending, pending_of};
use crate::{Error, Failure, State, jobs, json, queue, servers};

/// Most tenants that are looked at together.
const TENANTS: usize = 256;
/// Runs whose time has come, and runs that have waited too long, that a claim deals with at most.
const AT_ONCE: i64 = 256;

pub(crate) const READY_TENANTS: &str = "select tenant, share, served, running, concurrent_runs, weight from run_tenants
    where ready = 1 order by share, served, tenant limit ?1 {skip_locked}";
pub(crate) const READY_LANE: &str =
    "select job from run_lanes where tenant = ?1 and ready = 1 order by urgency, head limit 1";
pub(crate) static FIRST_RUN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {STANDING}, r.arguments, r.created, r.queued, r.timeout from run_queue q join runs r on r.id = q.run
         where q.tenant = ?1 and q.job = ?2 and q.delayed = 0 order by q.urgency, q.number limit 1"
    )
});
pub(crate) const DUE: &str = "select number, tenant, job from run_queue
    where delayed = 1 and not_before <= ?1 order by not_before limit ?2 {skip_locked}";
pub(crate) const EXPIRED: &str =
    "select run from run_queue where expires is not null and expires <= ?1 order by expires limit ?2 {skip_locked}";

/// What a server has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Runs.
    pub runs: usize,
}

/// By what a server holds a run. Whatever it does to the run is refused once another one has taken it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The run.
    pub run: String,
    /// The server.
    pub server: String,
    /// How often the run was taken.
    pub epoch: i64,
}

/// A run that a server has taken. Its state is STARTING.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// By what it is held.
    pub lease: Lease,
    /// Whose it is.
    pub tenant: Name,
    /// The job.
    pub job: Name,
    /// The version of the job, see [`jobs::version`].
    pub job_version: i64,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What overrides the job's parameters.
    pub arguments: Map<String, Value>,
    /// Name of the trigger that wanted it.
    pub trigger: Option<String>,
    /// Id of the workflow's run that it is part of.
    pub workflow_run: Option<String>,
    /// Which node of the workflow it is.
    pub node: Option<String>,
    /// How many runs caused this one by their events.
    pub depth: u32,
    /// When it was asked for, in microseconds since 1970, UTC.
    pub created: i64,
    /// When it came into the queue, in microseconds since 1970, UTC.
    pub queued: i64,
    /// When it will have taken too long, in microseconds since 1970, UTC.
    pub timeout_at: Option<i64>,
    /// A commit that an earlier attempt has left between its phases: it has to be decided before anything else.
    pub pending: Option<Pending>,
}

/// Takes runs for a server, at most as many as it has room for: fairly between tenants, by priority within one.
/// Fewer, or none, may also mean that another server is at the tenants whose turn it is: if that one leaves anything, it
/// says so in the topic `queue` when it is done.
///
/// # Errors
/// [`Error::ServerLost`].
pub fn claim(tx: &mut Transaction<'_>, server: &str, capacity: &Capacity) -> Result<Vec<Claimed>, Error> {
    claim_due(tx, server, capacity, i64::MAX)
}

/// As [`claim`], where nothing is due, nor has waited too long, by what is after `until`, in microseconds since 1970, UTC: by
/// then the clock may have been set, and nobody has [said so](crate::clock_set) yet.
///
/// # Errors
/// [`Error::ServerLost`].
pub fn claim_due(
    tx: &mut Transaction<'_>,
    server: &str,
    capacity: &Capacity,
    until: i64,
) -> Result<Vec<Claimed>, Error> {
    servers::refuse_lost(tx, server)?;
    let now = tx.now().min(until);
    come_due(tx, now)?;
    expire(tx, now)?;
    let mut claimed = Vec::new();
    while claimed.len() < capacity.runs {
        let before = claimed.len();
        let all_seen = claim_some(tx, server, capacity.runs, &mut claimed)?;
        // Nothing: somebody else is at it.
        if all_seen || claimed.len() == before {
            break;
        }
    }
    // Others did not wait for the tenants that were locked here, and see only now what is left of them.
    if !claimed.is_empty() && claimed.len() == capacity.runs {
        tx.notify("queue", "");
    }
    Ok(claimed)
}

/// A tenant of which something can be claimed. The order of the fields is the order of being served.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    share: i64,
    served: i64,
    tenant: String,
    running: i64,
    concurrent: i64,
    weight: i64,
    taken: i64,
}

/// Takes runs of the tenants whose turn it is. Answers whether there is nothing more to be had.
fn claim_some(tx: &mut Transaction<'_>, server: &str, most: usize, claimed: &mut Vec<Claimed>) -> Result<bool, Error> {
    let tenants = (most - claimed.len()).min(TENANTS);
    let rows = tx.query(READY_TENANTS, row![tenants])?;
    let turns = rows.iter().map(turn).collect::<Result<Vec<_>, _>>()?;
    // Beyond the last one there may be others who come before a second run of these.
    let last = turns.last().filter(|_| turns.len() == tenants);
    let last = last.map(|turn| (turn.share, turn.served));
    let mut turns: BinaryHeap<Reverse<Turn>> = turns.into_iter().map(Reverse).collect();
    let mut served = Vec::new();
    let mut all_seen = last.is_none();
    while claimed.len() < most {
        let Some(Reverse(mut turn)) = turns.pop() else { break };
        if last.is_some_and(|last| (turn.share, turn.served) > last) {
            all_seen = false;
            served.push(turn);
            break;
        }
        let run = if turn.running < turn.concurrent {
            claim_one(tx, server, &turn.tenant)?
        } else {
            None
        };
        let Some(run) = run else {
            served.push(turn);
            continue;
        };
        claimed.push(run);
        turn.taken += 1;
        turn.running += 1;
        turn.share = turn.running * queue::HOLDING / turn.weight;
        turn.served += queue::SERVING / turn.weight;
        turns.push(Reverse(turn));
    }
    for turn in served.into_iter().chain(turns.into_iter().map(|Reverse(turn)| turn)) {
        let change = queue::Change {
            waiting: -turn.taken,
            running: turn.taken,
            served: turn.taken * (queue::SERVING / turn.weight),
        };
        // Also those of which there was nothing to be had: they are not ready.
        queue::settle_tenant(tx, &turn.tenant, &change)?;
    }
    Ok(all_seen)
}

fn turn(row: &Row) -> Result<Turn, Error> {
    Ok(Turn {
        tenant: row.get(0)?,
        share: row.get(1)?,
        served: row.get(2)?,
        running: row.get(3)?,
        concurrent: row.get(4)?,
        weight: row.get::<i64>(5)?.max(1),
        taken: 0,
    })
}

fn claim_one(tx: &mut Transaction<'_>, server: &str, tenant: &str) -> Result<Option<Claimed>, Error> {
    let Some(lane) = tx.first(READY_LANE, row![tenant])? else {
        return Ok(None);
    };
    let job: String = lane.get(0)?;
    let Some(found) = tx.first(&FIRST_RUN, row![tenant, &job])? else {
        queue::settle_lane(tx, tenant, &job, 0)?;
        return Ok(None);
    };
    let run = change::read(&found)?;
    let claimed = take(tx, server, &run, &found)?;
    queue::settle_lane(tx, tenant, &job, 1)?;
    Ok(Some(claimed))
}

/// Takes a run: its next attempt begins.
fn take(tx: &mut Transaction<'_>, server: &str, run: &Standing, found: &Row) -> Result<Claimed, Error> {
    queue::leave(tx, &run.id)?;
    let (now, epoch) = (tx.now(), run.epoch + 1);
    let columns = STANDING.split(',').count();
    let timeout: i64 = found.get(columns + 3)?;
    let timeout_at = (timeout > 0).then(|| now.saturating_add(timeout));
    change::become_next(
        tx,
        run,
        State::Starting,
        None,
        "owner = ?3, epoch = ?4, started = ?5, timeout_at = ?6, progress = null, stop_reason = null",
        row![server, epoch, now, timeout_at],
    )?;
    tx.execute(
        "insert into run_attempts (run, attempt, job_version, server, state, started) values (?1, ?2, ?3, ?4, ?5, ?6)",
        row![
            &run.id,
            run.attempt,
            run.job_version,
            server,
            State::Running.as_str(),
            now
        ],
    )?;
    let pending = if run.attempt > 1 {
        pending_of(tx, &run.id)?
    } else {
        None
    };
    Ok(Claimed {
        lease: Lease {
            run: run.id.clone(),
            server: server.to_owned(),
            epoch,
        },
        tenant: json::name(found, 1)?,
        job: json::name(found, 2)?,
        job_version: run.job_version,
        attempt: u32::try_from(run.attempt).unwrap_or(u32::MAX),
        arguments: json::read(&found.get::<String>(columns)?)?,
        trigger: run.trigger.clone(),
        workflow_run: run.workflow_run.clone(),
        node: run.node.clone(),
        depth: run.depth,
        created: found.get(columns + 1)?,
        queued: found.get(columns + 2)?,
        timeout_at,
        pending,
    })
}

/// Runs whose time has come take their places in their lanes.
fn come_due(tx: &mut Transaction<'_>, now: i64) -> Result<(), Error> {
    let due = tx.query(DUE, row![now, AT_ONCE])?;
    let mut lanes: BTreeSet<(String, String)> = BTreeSet::new();
    for row in &due {
        lanes.insert((row.get(1)?, row.get(2)?));
    }
    let tenants: BTreeSet<&String> = lanes.iter().map(|(tenant, _)| tenant).collect();
    for tenant in &tenants {
        queue::lock_tenant(tx, tenant)?;
    }
    for row in &due {
        let number: i64 = row.get(0)?;
        tx.execute("update run_queue set delayed = 0 where number = ?1", row![number])?;
    }
    for (tenant, job) in &lanes {
        queue::settle_lane(tx, tenant, job, 0)?;
    }
    for tenant in tenants {
        queue::settle_tenant(tx, tenant, &queue::Change::default())?;
    }
    Ok(())
}

/// Runs that have waited too long end.
fn expire(tx: &mut Transaction<'_>, now: i64) -> Result<(), Error> {
    for row in tx.query(EXPIRED, row![now, AT_ONCE])? {
        let Some(run) = change::standing(tx, &row.get::<String>(0)?)? else {
            continue;
        };
        let longest = jobs::settings(tx, &run.tenant, &run.job, run.job_version)?.max_queue_seconds;
        let failure = Failure {
            sentence: format!("the run waited for longer than the {longest} s of its job's `max_queue_seconds`"),
            kind: "queue_time".to_owned(),
            likely_cause: Some(
                "other runs of the job or of the tenant take all that `max_concurrent_runs` and the quota of concurrent \
                 runs allow, or the server is overloaded"
                    .to_owned(),
            ),
            ..Failure::default()
        };
        end_in_queue(tx, &run, State::Error, Some(&failure))?;
    }
    Ok(())
}

/// Ends a run that waits.
pub(crate) fn end_in_queue(
    tx: &mut Transaction<'_>,
    run: &Standing,
    state: State,
    failure: Option<&Failure>,
) -> Result<(), Error> {
    queue::lock_tenant(tx, &run.tenant)?;
    let (now, error) = (tx.now(), change::failure_text(failure)?);
    change::become_next(
        tx,
        run,
        state,
        failure,
        "ended = ?3, error = coalesce(?4, error)",
        row![now, error],
    )?;
    queue::leave(tx, &run.id)?;
    queue::keep(tx, &run.tenant, &run.job, 1)?;
    queue::settle_lane(tx, &run.tenant, &run.job, 0)?;
    let change = queue::Change {
        waiting: -1,
        ..queue::Change::default()
    };
    queue::settle_tenant(tx, &run.tenant, &change)
}
