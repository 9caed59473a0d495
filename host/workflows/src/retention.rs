//! Removing old runs of workflows.

use tenon_metadata::{Transaction, row};

use crate::Error;

/// Removes runs of all tenants that ended before `before`, in microseconds since 1970, at most `most` of them, the oldest
/// first; answers with how many. The jobs' runs that their nodes had stay, and have a retention of their own.
///
/// # Errors
/// What the database says.
pub fn remove_runs(tx: &mut Transaction<'_>, before: i64, most: u32) -> Result<u64, Error> {
    let runs = tx.query(
        "select id from workflow_runs where ended is not null and ended < ?1 order by ended limit ?2",
        row![before, most],
    )?;
    for run in &runs {
        let id: String = run.get(0)?;
        for table in [
            "workflow_attempts",
            "workflow_properties",
            "workflow_nodes",
            "workflow_node_runs",
        ] {
            tx.execute(&format!("delete from {table} where workflow_run = ?1"), row![&id])?;
        }
        tx.execute("delete from workflow_runs where id = ?1", row![&id])?;
    }
    Ok(runs.len() as u64)
}
