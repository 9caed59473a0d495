//! How a run gets from one state to the next. Every change of a state goes through here.

use serde_json::json;
use tenon_events::{Event, emit};
use tenon_metadata::{Row, Transaction, Value, row};

use crate::{Error, Failure, Lease, State, json};

/// The columns of a [`Standing`].
pub(crate) const STANDING: &str = "r.id, r.tenant, r.job, r.job_version, r.state, r.attempt, r.first_attempt, r.trigger_name, \
     r.workflow_run, r.node, r.depth, r.owner, r.epoch, r.recovering, r.usage, r.batches";

/// Where a run stands, with what is needed to change that.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub id: String,
    pub tenant: String,
    pub job: String,
    pub job_version: i64,
    pub state: State,
    pub attempt: i64,
    pub first_attempt: i64,
    pub trigger: Option<String>,
    pub workflow_run: Option<String>,
    pub node: Option<String>,
    pub depth: u32,
    pub owner: Option<String>,
    pub epoch: i64,
    pub recovering: bool,
    pub usage: Option<String>,
    /// Micro-batches that went well.
    pub batches: u64,
}

/// Where a run stands; its row is locked until the end of the transaction.
pub(crate) fn standing(tx: &mut Transaction<'_>, run: &str) -> Result<Option<Standing>, Error> {
    let row = tx.first(
        &format!("select {STANDING} from runs r where r.id = ?1 {{for_update}}"),
        row![run],
    )?;
    row.as_ref().map(read).transpose()
}

/// Where a tenant's run stands.
pub(crate) fn standing_of(tx: &mut Transaction<'_>, tenant: &str, run: &str) -> Result<Standing, Error> {
    let found = standing(tx, run)?.filter(|found| found.tenant == tenant);
    found.ok_or_else(|| Error::UnknownRun { run: run.to_owned() })
}

/// Where a run stands, for the one who holds it.
pub(crate) fn held(tx: &mut Transaction<'_>, lease: &Lease) -> Result<Standing, Error> {
    let found = standing(tx, &lease.run)?.filter(|found| holds(lease, found) && found.state.is_held());
    found.ok_or_else(|| fenced(lease))
}

/// Whether nobody has taken the run since.
pub(crate) fn holds(lease: &Lease, run: &Standing) -> bool {
    run.owner.as_ref() == Some(&lease.server) && run.epoch == lease.epoch
}

pub(crate) fn fenced(lease: &Lease) -> Error {
    Error::Fenced {
        run: lease.run.clone(),
        server: lease.server.clone(),
    }
}

pub(crate) fn read(row: &Row) -> Result<Standing, Error> {
    Ok(Standing {
        id: row.get(0)?,
        tenant: row.get(1)?,
        job: row.get(2)?,
        job_version: row.get(3)?,
        state: state(row, 4)?,
        attempt: row.get(5)?,
        first_attempt: row.get(6)?,
        trigger: row.get(7)?,
        workflow_run: row.get(8)?,
        node: row.get(9)?,
        depth: row.get(10)?,
        owner: row.get(11)?,
        epoch: row.get(12)?,
        recovering: row.get(13)?,
        usage: row.get(14)?,
        batches: row.get(15)?,
    })
}

/// A state in a column.
pub(crate) fn state(row: &Row, column: usize) -> Result<State, Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|reason| Error::Unreadable { reason })
}

/// Brings a run to its next state, and tells everybody. `set` is what else changes in its row: assignments whose
/// parameters begin at `?3`.
pub(crate) fn become_next(
    tx: &mut Transaction<'_>,
    run: &Standing,
    next: State,
    failure: Option<&Failure>,
    set: &str,
    values: &[Value],
) -> Result<(), Error> {
    if !run.state.can_become(next) {
        let (run, state) = (run.id.clone(), run.state);
        return Err(Error::Transition { run, state, next });
    }
    let mut parameters = vec![Value::from(&run.id), Value::from(next.as_str())];
    parameters.extend_from_slice(values);
    tx.execute(&format!("update runs set state = ?2, {set} where id = ?1"), &parameters)?;
    if next.is_final() {
        tx.execute(
            "insert into run_totals (tenant, state, total) values (?1, ?2, 1)
             on conflict (tenant, state) do update set total = run_totals.total + 1",
            row![&run.tenant, next.as_str()],
        )?;
    }
    tell(tx, run, next, failure)
}

/// Tells everybody where a run is.
pub(crate) fn tell(
    tx: &mut Transaction<'_>,
    run: &Standing,
    state: State,
    failure: Option<&Failure>,
) -> Result<(), Error> {
    let data = json!({
        "job": run.job,
        "run": run.id,
        "attempt": run.attempt,
        "state": state,
        "trigger": run.trigger,
        "workflow_run": run.workflow_run,
        "node": run.node,
        "depth": run.depth,
        "error": failure.map(|failure| &failure.sentence),
        "error_kind": failure.map(|failure| &failure.kind),
    });
    let event = Event::new(state.event())
        .tenant(&run.tenant)
        .subject(&run.id)
        .data(data);
    emit(tx, &event)?;
    tx.notify("runs", &run.id);
    Ok(())
}

/// A failure for a column.
pub(crate) fn failure_text(failure: Option<&Failure>) -> Result<Option<String>, Error> {
    failure.map(json::write).transpose()
}
