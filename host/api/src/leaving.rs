//! A tenant that goes leaves nothing behind for one of the same name.

use tenon_metadata::{Name, Transaction, row};

use crate::error::Error;

/// What belongs to something of a tenant, before what it belongs to.
const PARTS: [(&str, &str); 8] = [
    ("run_log", "run in (select number from runs where tenant = ?1)"),
    ("run_attempts", "run in (select id from runs where tenant = ?1)"),
    (
        "pending_state",
        "run in (select run from pending_commits where tenant = ?1)",
    ),
    (
        "workflow_attempts",
        "workflow_run in (select id from workflow_runs where tenant = ?1)",
    ),
    (
        "workflow_properties",
        "workflow_run in (select id from workflow_runs where tenant = ?1)",
    ),
    (
        "workflow_node_runs",
        "workflow_run in (select id from workflow_runs where tenant = ?1)",
    ),
    (
        "workflow_nodes",
        "workflow_run in (select id from workflow_runs where tenant = ?1)",
    ),
    ("trigger_firings", "tenant = ?1"),
];

/// What has the tenant's name on it.
const WHOLES: [&str; 21] = [
    "runs",
    "run_queue",
    "run_shares",
    "run_lanes",
    "run_tenants",
    "run_log_quotas",
    "run_keys",
    "run_totals",
    "job_versions",
    "jobs",
    "bookmarks",
    "pending_commits",
    "job_state",
    "workflow_runs",
    "workflow_versions",
    "workflows",
    "plugin_aliases",
    "plugin_moves",
    "plugin_pins",
    "event_attempts",
    "event_deliveries",
];

/// Nothing of the tenant may be at work.
pub(crate) fn check(tx: &mut Transaction<'_>, tenant: &Name) -> Result<(), Error> {
    let at_work = tx.one(
        "select count(*) from runs where tenant = ?1 and state in ('STARTING', 'RUNNING', 'STOPPING')",
        row![tenant],
    )?;
    let at_work: i64 = at_work.get(0)?;
    if at_work == 0 {
        return Ok(());
    }
    Err(Error::AtWork {
        tenant: tenant.to_string(),
        runs: at_work,
    })
}

/// Removes what is left.
pub(crate) fn clear(tx: &mut Transaction<'_>, tenant: &Name) -> Result<(), Error> {
    for (table, which) in PARTS {
        tx.execute(&format!("delete from {table} where {which}"), row![tenant])?;
    }
    for table in WHOLES {
        tx.execute(&format!("delete from {table} where tenant = ?1"), row![tenant])?;
    }
    tx.execute("delete from events where tenant = ?1", row![tenant])?;
    Ok(())
}
