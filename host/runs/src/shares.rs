//! How much runs at work use of what their tenants have, over all servers that share the database.

use tenon_metadata::{Transaction, row};

use crate::{Error, Lease, change};

/// What runs of a tenant share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Memory, in bytes.
    pub memory: u64,
    /// Sandboxes.
    pub sandboxes: u64,
}

/// Gives a run at work so much of what its tenant has, in place of what it had before, and says whether there was as much
/// left. It has it until its [micro-batch](crate::batch()) or its attempt ends, here or by a [takeover](crate::take_over());
/// then the topic `queue` is told.
///
/// # Errors
/// [`Error::Fenced`].
pub fn take_share(tx: &mut Transaction<'_>, lease: &Lease, wanted: &Share, limit: &Share) -> Result<bool, Error> {
    let run = change::held(tx, lease)?;
    let others = tx.one(
        "select cast(coalesce(sum(memory), 0) as bigint), cast(coalesce(sum(sandboxes), 0) as bigint)
         from run_shares where tenant = ?1 and run <> ?2",
        row![&run.tenant, &run.id],
    )?;
    let (memory, sandboxes) = (others.get::<i64>(0)?, others.get::<i64>(1)?);
    let fits = |taken: i64, wanted: u64, limit: u64| taken.saturating_add(number(wanted)) <= number(limit);
    if !fits(memory, wanted.memory, limit.memory) || !fits(sandboxes, wanted.sandboxes, limit.sandboxes) {
        return Ok(false);
    }
    tx.execute(
        "insert into run_shares (tenant, run, memory, sandboxes) values (?1, ?2, ?3, ?4)
         on conflict (tenant, run) do update set memory = excluded.memory, sandboxes = excluded.sandboxes",
        row![&run.tenant, &run.id, number(wanted.memory), number(wanted.sandboxes)],
    )?;
    Ok(true)
}

/// The run's attempt, or micro-batch, is over. Answers whether it had anything.
pub(crate) fn give_back(tx: &mut Transaction<'_>, tenant: &str, run: &str) -> Result<bool, Error> {
    let removed = tx.execute(
        "delete from run_shares where tenant = ?1 and run = ?2",
        row![tenant, run],
    )?;
    Ok(removed > 0)
}

/// As a column holds it. Nobody has so much that what is cut off could matter.
fn number(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
