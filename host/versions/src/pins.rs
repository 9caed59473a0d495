//! What runs have taken stays until they end.

use tenon_metadata::{Name, Transaction, row};

use crate::{Digest, Error};

/// Has a run keep components, and no others than these: they are not removed before the run lets go of them. Between the
/// look into the catalog and this they may have gone, which this tells.
///
/// # Errors
/// [`Error::Gone`] if one is not there, is about to be removed, or is another tenant's.
pub fn pin(tx: &mut Transaction<'_>, tenant: &Name, run: &str, digests: &[Digest]) -> Result<(), Error> {
    unpin(tx, tenant, run)?;
    let now = tx.now();
    for digest in digests {
        let is_there = tx.first(
            "select 1 from plugin_blobs where digest = ?2 and removing is null
                 and exists (select 1 from plugin_versions where tenant = ?1 and digest = ?2)",
            row![tenant, digest.as_str()],
        )?;
        if is_there.is_none() {
            let digest = digest.clone();
            return Err(Error::Gone { digest });
        }
        tx.execute(
            "insert into plugin_pins (run, digest, tenant, pinned_at) values (?1, ?2, ?3, ?4)
             on conflict (run, digest) do nothing",
            row![run, digest.as_str(), tenant, now],
        )?;
    }
    Ok(())
}

/// Those of these components that a version which can be used has, or that a run keeps.
///
/// # Errors
/// What the database says.
pub fn needed(tx: &mut Transaction<'_>, digests: &[Digest]) -> Result<Vec<Digest>, Error> {
    let mut needed = Vec::new();
    for digest in digests {
        let found = tx.first(
            "select 1 from plugin_versions where digest = ?1 and state in ('uploaded', 'checking', 'ready')
             union all select 1 from plugin_pins where digest = ?1 limit 1",
            row![digest.as_str()],
        )?;
        if found.is_some() {
            needed.push(digest.clone());
        }
    }
    Ok(needed)
}

/// A run has ended.
///
/// # Errors
/// What the database says.
pub fn unpin(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<(), Error> {
    tx.execute(
        "delete from plugin_pins where run = ?1 and tenant = ?2",
        row![run, tenant],
    )?;
    Ok(())
}

/// Runs that keep something since before a time (microseconds since 1970, UTC), at most `most`, with their tenants: those
/// that have ended without a word can be [let go of](unpin).
///
/// # Errors
/// What the database says.
pub fn pinned_before(tx: &mut Transaction<'_>, time: i64, most: u32) -> Result<Vec<(String, String)>, Error> {
    let rows = tx.query(
        "select distinct tenant, run from plugin_pins where pinned_at < ?1 order by tenant, run limit ?2",
        row![time, most],
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
