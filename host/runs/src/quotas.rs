//! What a tenant may have in the queue and at work, and keep of what its runs have logged.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Transaction, row};

use crate::{Error, queue};

/// Bytes of logs that a tenant may keep of which nobody has said anything else.
pub(crate) const LOG_BYTES: u64 = 1 << 30;

/// What a tenant may have in the queue and at work, and keep of what its runs have logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Runs at work at the same time; with 0 its runs wait. Default 10.
    pub concurrent_runs: u32,
    /// Runs in the queue. Default 1000.
    pub queued_runs: u32,
    /// Its part of a server that has too much to do, in relation to others, 1 to 1000. Default 1.
    pub weight: u32,
    /// Logs of all runs together, as they are charged, in bytes. Default 1 GiB.
    pub log_bytes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            concurrent_runs: 10,
            queued_runs: 1000,
            weight: 1,
            log_bytes: LOG_BYTES,
        }
    }
}

/// Sets what a tenant may have. The queue has its own copy, so that looking for work needs to look nowhere else: call it
/// whenever the tenant's quotas change. A suspended tenant gets `concurrent_runs` 0.
///
/// # Errors
/// What the database says.
pub fn set_quotas(tx: &mut Transaction<'_>, tenant: &Name, quotas: &Quotas) -> Result<(), Error> {
    queue::know_tenant(tx, tenant.as_str())?;
    let weight = quotas.weight.clamp(1, 1000);
    tx.execute(
        "update run_tenants set concurrent_runs = ?2, queued_runs = ?3, weight = ?4 where tenant = ?1",
        row![tenant, quotas.concurrent_runs, quotas.queued_runs, weight],
    )?;
    // Apart from the queue, which changes all the time: a run that logs need not wait for it. Whether another quota is used
    // up is found out next time.
    tx.execute(
        "insert into run_log_quotas (tenant, bytes) values (?1, ?2)
         on conflict (tenant) do update set bytes = excluded.bytes, used_up = 0",
        row![tenant, quotas.log_bytes],
    )?;
    queue::settle_tenant(tx, tenant.as_str(), &queue::Change::default())?;
    tx.notify("queue", "");
    Ok(())
}

/// What a tenant may have; the defaults if nobody has said anything else.
///
/// # Errors
/// What the database says.
pub fn quotas(tx: &mut Transaction<'_>, tenant: &Name) -> Result<Quotas, Error> {
    let row = tx.first(
        "select concurrent_runs, queued_runs, weight from run_tenants where tenant = ?1",
        row![tenant],
    )?;
    row.map_or(Ok(Quotas::default()), |row| {
        Ok(Quotas {
            concurrent_runs: row.get(0)?,
            queued_runs: row.get(1)?,
            weight: row.get(2)?,
            log_bytes: log_bytes(tx, tenant)?,
        })
    })
}

/// Has runs of a tenant log no more, or again.
pub(crate) fn set_logs_used_up(tx: &mut Transaction<'_>, tenant: &Name, is_used_up: bool) -> Result<(), Error> {
    if is_used_up {
        tx.execute(
            "insert into run_log_quotas (tenant, bytes, used_up) values (?1, ?2, 1)
             on conflict (tenant) do update set used_up = 1 where run_log_quotas.used_up = 0",
            row![tenant, LOG_BYTES],
        )?;
    } else {
        // Of a tenant that has been removed nothing is to come back.
        tx.execute(
            "update run_log_quotas set used_up = 0 where tenant = ?1 and used_up = 1",
            row![tenant],
        )?;
    }
    Ok(())
}

/// What the logs of a tenant's runs may be charged, in bytes.
pub(crate) fn log_bytes(tx: &mut Transaction<'_>, tenant: &Name) -> Result<u64, Error> {
    let row = tx.first("select bytes from run_log_quotas where tenant = ?1", row![tenant])?;
    row.map_or(Ok(LOG_BYTES), |row| Ok(row.get(0)?))
}
