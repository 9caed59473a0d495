//! Runs that go on in micro-batches: each commits by itself, and the run stays at work.

use serde_json::Value as Json;
use tenon_metadata::{Transaction, row};

use crate::change::{self, Standing};
use crate::{Error, Lease, PluginUsed, State, Usage, finish, jobs, json, ledger, shares};

/// What a micro-batch has done that went well.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which of the run's, from 1, over all its attempts.
    pub number: u64,
    /// What it used.
    pub usage: Usage,
    /// The plugins that it used.
    pub plugins: Vec<PluginUsed>,
    /// What the run's micro-batches have done so far; left out if it is longer than 1 MiB.
    pub report: Json,
}

/// What has become of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNoted {
    /// Its state: RUNNING, or STOPPING if it is to stop.
    pub state: State,
    /// Whether the micro-batch was noted by this call, and not by an earlier one whose answer was lost.
    pub changed: bool,
}

/// An attempt goes on in micro-batches: it is at work from now on, and has all the time that there is unless its job's
/// settings say how long it may take.
///
/// # Errors
/// [`Error::Fenced`].
pub fn stream(tx: &mut Transaction<'_>, lease: &Lease) -> Result<(), Error> {
    finish::running(tx, lease)?;
    let run = change::held(tx, lease)?;
    let settings = jobs::settings(tx, &run.tenant, &run.job, run.job_version)?;
    if settings.timeout_seconds.is_none() {
        tx.execute("update runs set timeout_at = null where id = ?1", row![&run.id])?;
    }
    Ok(())
}

/// Notes a micro-batch all of whose sinks have committed: what was [prepared](crate::prepare) for it becomes current, what it
/// used is added to what the run has used, and the attempts that are left are counted anew. What it [shared](crate::take_share)
/// is others' until the next one takes it anew. Saying so again changes nothing.
///
/// # Errors
/// [`Error::Fenced`].
pub fn batch(tx: &mut Transaction<'_>, lease: &Lease, batch: &Batch) -> Result<BatchNoted, Error> {
    let run = change::held(tx, lease)?;
    if run.batches >= batch.number {
        let (state, changed) = (run.state, false);
        return Ok(BatchNoted { state, changed });
    }
    ledger::complete(tx, &run.id)?;
    let of_run: Usage = run.usage.as_deref().map(json::read).transpose()?.unwrap_or_default();
    let of_attempt = noted_of_attempt(tx, &run)?;
    tx.execute(
        "update runs set batches = ?2, first_attempt = attempt, error = null, usage = ?3, plugins = coalesce(?4, plugins),
             report = coalesce(?5, report) where id = ?1",
        row![
            &run.id,
            batch.number,
            json::write(&of_run.and(&batch.usage))?,
            finish::plugins(&batch.plugins)?,
            finish::report(&batch.report)
        ],
    )?;
    tx.execute(
        "update run_attempts set usage = ?3 where run = ?1 and attempt = ?2",
        row![&run.id, run.attempt, json::write(&of_attempt.and(&batch.usage))?],
    )?;
    if shares::give_back(tx, &run.tenant, &run.id)? {
        // Others of the tenant may begin now.
        tx.notify("queue", "");
    }
    tx.notify("progress", &run.id);
    let (state, changed) = (run.state, true);
    Ok(BatchNoted { state, changed })
}

/// What the micro-batches of the attempt that a run is at have used.
pub(crate) fn noted_of_attempt(tx: &mut Transaction<'_>, run: &Standing) -> Result<Usage, Error> {
    let row = tx.first(
        "select usage from run_attempts where run = ?1 and attempt = ?2",
        row![&run.id, run.attempt],
    )?;
    let noted = row.map(|row| json::read_some(&row, 0)).transpose()?;
    Ok(noted.flatten().unwrap_or_default())
}
