//! The jobs' runs that nodes have: all that this crate does with them.

use serde_json::{Map, Value};
use tenon_metadata::{Name, Transaction, row};
use tenon_runs::{Request, Run, State};

use crate::Error;
use crate::record::Record;

/// How a submission went.
pub(crate) enum Submission {
    /// The run's id.
    Queued(String),
    /// Not now, but after so many microseconds.
    Later(i64, String),
    /// Never.
    Refused(String),
}

/// Puts the run of a node into the queue.
pub(crate) fn submit(
    tx: &mut Transaction<'_>,
    record: &Record,
    node: &Name,
    job: &Name,
    arguments: Map<String, Value>,
) -> Result<Submission, Error> {
    let mut request = Request::new(record.tenant.clone(), job.clone());
    request.arguments = arguments;
    request.trigger.clone_from(&record.cause);
    request.workflow_run = Some(record.id.clone());
    request.node = Some(node.to_string());
    request.depth = record.depth;
    match tenon_runs::submit(tx, &request) {
        Ok(submitted) => Ok(Submission::Queued(submitted.id)),
        Err(tenon_runs::Error::Database(error)) => Err(error.into()),
        Err(error) => Ok(match error.retry_after() {
            Some(seconds) => Submission::Later(seconds.clamp(1, 3600) as i64 * 1_000_000, error.to_string()),
            None => Submission::Refused(error.to_string()),
        }),
    }
}

/// The runs of nodes that have ended without being accounted for, as (node, run).
pub(crate) fn ended(tx: &mut Transaction<'_>, workflow_run: &str) -> Result<Vec<(String, String)>, Error> {
    let rows = tx.query(
        "select n.node, n.run from workflow_node_runs n cross join runs r
         where r.id = n.run and n.workflow_run = ?1 and n.ended is null and r.ended is not null",
        row![workflow_run],
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The runs of workflows that have such nodes, or are due: those after one, in the order of their ids. The nodes come first
/// (a cross join says so to SQLite), since far fewer of them than of all runs are open; and the times come before the ids
/// (an id made longer by nothing is in no index).
pub(crate) fn to_advance(tx: &mut Transaction<'_>, after: &str, most: usize) -> Result<Vec<String>, Error> {
    let now = tx.now();
    let rows = tx.query(
        "select n.workflow_run from workflow_node_runs n cross join runs r
             where r.id = n.run and n.workflow_run > ?1 and n.ended is null and r.ended is not null
         union select id from workflow_runs where due is not null and due <= ?2 and id || '' > ?1
         order by 1 limit ?3",
        row![after, now, most],
    )?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// A run of a node.
pub(crate) fn look(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<Run, Error> {
    Ok(tenon_runs::runs::get(tx, tenant, run)?)
}

/// Asks a run to stop; one that has ended stays as it is.
pub(crate) fn stop(tx: &mut Transaction<'_>, tenant: &Name, run: &str, reason: &str) -> Result<(), Error> {
    match tenon_runs::request_stop(tx, tenant, run, reason) {
        Ok(_) | Err(tenon_runs::Error::Transition { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What `${node:NAME.FIELD}` stands for: something of the run itself, a field of its report, or what it used.
pub(crate) fn field(run: &Run, field: &str) -> Option<Value> {
    match field {
        "run_id" => return Some(run.id.clone().into()),
        "state" => return Some(run.state.as_str().into()),
        "job" => return Some(run.job.as_str().into()),
        _ => {}
    }
    let pointer = format!("/{}", field.replace('~', "~0").replace('.', "/"));
    let reported = run.report.as_ref().and_then(|report| report.pointer(&pointer).cloned());
    reported.or_else(|| serde_json::to_value(run.usage).ok()?.pointer(&pointer).cloned())
}

/// Whether an event of this kind tells that a run has ended.
pub(crate) fn is_end(kind: &str) -> bool {
    State::ALL
        .into_iter()
        .any(|state| state.is_final() && state.event() == kind)
}
