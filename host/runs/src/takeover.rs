//! What becomes of the runs of servers that have died.

use std::collections::BTreeSet;

use tenon_metadata::{Transaction, row};

use crate::change::{self, STANDING, Standing};
use crate::finish::{self, Outcome};
use crate::ledger::{Pending, pending_of};
use crate::{Error, Failure, Lease, State, queue};

/// Runs that are taken over in one transaction.
const AT_ONCE: usize = 256;

pub(crate) const DEAD: &str = "select id, name from run_servers
    where id <> ?1 and (lost = 1 or lease_until < ?2 or lease_until > ?2 + 2 * lease) {skip_locked}";

/// A run whose commit was under way when its server died. Ask the sinks by the tokens, say
/// [`committed`](crate::committed) or [`aborted`](crate::aborted), then [`finish`](crate::finish()) it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovery {
    /// By what the server that has taken over holds the run.
    pub lease: Lease,
    /// The commit.
    pub pending: Pending,
}

/// What became of runs of servers that have died.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TakenOver {
    /// Runs that wait for their next attempt.
    pub waiting: Vec<String>,
    /// Runs that have ended, since no attempt was left or they were being stopped.
    pub ended: Vec<String>,
    /// Runs that are in the middle of a commit, which is to be decided by the caller, who holds them now.
    pub recover: Vec<Recovery>,
    /// There may be more: call it again.
    pub more: bool,
}

/// Takes over the runs of servers whose leases have run out, or that have ended. From then on, what those servers still
/// say about them is refused. A lease that reaches further than any that could be given now, since the clock was turned
/// back, has run out too. `server` is the one that does it, which is not looked at itself.
///
/// # Errors
/// [`Error::ServerLost`].
pub fn take_over(tx: &mut Transaction<'_>, server: &str) -> Result<TakenOver, Error> {
    crate::servers::refuse_lost(tx, server)?;
    let mut taken = TakenOver::default();
    let mut left = AT_ONCE;
    for row in tx.query(DEAD, row![server, tx.now()])? {
        let (dead, name): (String, String) = (row.get(0)?, row.get(1)?);
        // From here on it cannot come back.
        tx.execute("update run_servers set lost = 1 where id = ?1", row![&dead])?;
        let runs = tx.query(
            &format!("select {STANDING} from runs r where r.owner = ?1 limit ?2"),
            row![&dead, left],
        )?;
        let runs = runs.iter().map(change::read).collect::<Result<Vec<_>, _>>()?;
        let tenants: BTreeSet<&String> = runs.iter().map(|run| &run.tenant).collect();
        for tenant in tenants {
            queue::lock_tenant(tx, tenant)?;
        }
        for run in &runs {
            take_over_run(tx, server, run, &name, &mut taken)?;
        }
        left -= runs.len();
        if left == 0 {
            taken.more = true;
            break;
        }
        tx.execute("delete from run_servers where id = ?1", row![&dead])?;
    }
    Ok(taken)
}

fn take_over_run(
    tx: &mut Transaction<'_>,
    server: &str,
    run: &Standing,
    dead: &str,
    taken: &mut TakenOver,
) -> Result<(), Error> {
    let epoch = run.epoch + 1;
    if let Some(pending) = pending_of(tx, &run.id)? {
        tx.execute(
            "update runs set owner = ?2, epoch = ?3, recovering = 1 where id = ?1",
            row![&run.id, server, epoch],
        )?;
        let (run, server) = (run.id.clone(), server.to_owned());
        let lease = Lease { run, server, epoch };
        taken.recover.push(Recovery { lease, pending });
        return Ok(());
    }
    tx.execute("update runs set epoch = ?2 where id = ?1", row![&run.id, epoch])?;
    let outcome = if run.state == State::Stopping {
        Outcome::new(State::Stopped)
    } else {
        Outcome::new(State::Error).error(Failure {
            likely_cause: Some(
                "it was killed, lost its power or its connection to the database, or ran out of memory".to_owned(),
            ),
            may_pass: Some(true),
            ..Failure::new(
                "server_lost",
                format!("the server `{dead}` that the run was on has gone"),
            )
        })
    };
    let finished = finish::end(tx, run, &outcome)?;
    if finished.state == State::Waiting {
        taken.waiting.push(run.id.clone());
    } else {
        taken.ended.push(run.id.clone());
    }
    Ok(())
}
