//! How attempts end, and what comes after them.

use serde_json::{Value as Json, json};
use tenon_metadata::{Transaction, row};

use crate::change::{self, Standing};
use crate::{
    Error, Failure, JobSettings, Lease, PluginUsed, RetryWhen, State, Usage, backoff, batch, jobs, json, ledger, queue,
    shares, submit,
};

/// The longest report, as JSON, in bytes.
const LONGEST_REPORT: usize = 1 << 20;
/// The longest progress, as JSON, in bytes.
const LONGEST_PROGRESS: usize = 64 << 10;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// A final state.
    pub state: State,
    /// Why it did not succeed.
    pub error: Option<Failure>,
    /// The run's report; left out if it is longer than 1 MiB.
    pub report: Json,
    /// What the attempt used.
    pub usage: Usage,
    /// The plugins that it used.
    pub plugins: Vec<PluginUsed>,
}

impl Outcome {
    /// An end without error and report.
    pub fn new(state: State) -> Self {
        Self {
            state,
            error: None,
            report: Json::Null,
            usage: Usage::default(),
            plugins: Vec::new(),
        }
    }

    /// Adds why it did not succeed.
    #[must_use]
    pub fn error(mut self, error: Failure) -> Self {
        self.error = Some(error);
        self
    }
}

/// What has become of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its state: final, or WAITING for the next attempt.
    pub state: State,
    /// When the next attempt may begin, in microseconds since 1970, UTC.
    pub again_at: Option<i64>,
    /// Whether that is so by this call, and not by an earlier one whose answer was lost.
    pub changed: bool,
}

/// A run is at work now.
///
/// # Errors
/// [`Error::Fenced`].
pub fn running(tx: &mut Transaction<'_>, lease: &Lease) -> Result<State, Error> {
    let run = change::held(tx, lease)?;
    if run.state == State::Starting {
        change::become_next(tx, &run, State::Running, None, "recovering = ?3", row![run.recovering])?;
        return Ok(State::Running);
    }
    Ok(run.state)
}

/// Records how far a run has come; at most 64 KiB as JSON. Answers with its state: STOPPING if it is to stop.
///
/// # Errors
/// [`Error::Fenced`], [`Error::Invalid`].
pub fn progress(tx: &mut Transaction<'_>, lease: &Lease, progress: &Json) -> Result<State, Error> {
    let run = change::held(tx, lease)?;
    let text = zero_free(progress);
    if text.len() > LONGEST_PROGRESS {
        return Err(Error::Invalid {
            field: "progress",
            reason: format!("it has {} bytes, and may have {LONGEST_PROGRESS}", text.len()),
        });
    }
    tx.execute("update runs set progress = ?2 where id = ?1", row![&run.id, text])?;
    tx.notify("progress", &run.id);
    Ok(run.state)
}

/// Ends an attempt. If it failed, another one may succeed and is allowed, the run waits for that. Saying so again changes
/// nothing.
///
/// A run has SUCCEEDED once all its sinks have committed. So what was [prepared](crate::prepare) and neither
/// [committed](crate::committed) nor [aborted](crate::aborted) becomes current with that, in the same transaction; after
/// another end it stays undecided, for the next attempt or for [`resolve`](crate::resolve).
///
/// # Errors
/// [`Error::Fenced`], [`Error::NotFinal`], [`Error::Transition`].
pub fn finish(tx: &mut Transaction<'_>, lease: &Lease, outcome: &Outcome) -> Result<Finished, Error> {
    if !outcome.state.is_final() {
        let (run, state) = (lease.run.clone(), outcome.state);
        return Err(Error::NotFinal { run, state });
    }
    let run = change::standing(tx, &lease.run)?.ok_or_else(|| change::fenced(lease))?;
    if run.owner.is_none() && run.epoch == lease.epoch && ended_by(tx, &run, lease)? {
        let not_before = tx.one("select not_before from runs where id = ?1", row![&run.id])?;
        let again_at = (run.state == State::Waiting).then(|| not_before.get(0)).transpose()?;
        return Ok(Finished {
            state: run.state,
            again_at,
            changed: false,
        });
    }
    if !change::holds(lease, &run) || !run.state.is_held() {
        return Err(change::fenced(lease));
    }
    end(tx, &run, outcome)
}

/// Whether this lease was the last to hold the run.
fn ended_by(tx: &mut Transaction<'_>, run: &Standing, lease: &Lease) -> Result<bool, Error> {
    let row = tx.first(
        "select server from run_attempts where run = ?1 order by attempt desc limit 1",
        row![&run.id],
    )?;
    let server = row.map(|row| row.get::<String>(0)).transpose()?;
    Ok(server.as_ref() == Some(&lease.server))
}

/// Gives a run back that was not finished, as when its server ends: another attempt begins at once, and is not counted as
/// a retry. One that was to be stopped is stopped.
///
/// # Errors
/// [`Error::Fenced`].
pub fn give_back(tx: &mut Transaction<'_>, lease: &Lease, usage: &Usage) -> Result<Finished, Error> {
    let run = change::held(tx, lease)?;
    let outcome = Outcome {
        usage: *usage,
        ..Outcome::new(State::Stopped)
    };
    if run.state == State::Stopping {
        return end(tx, &run, &outcome);
    }
    let settings = jobs::settings(tx, &run.tenant, &run.job, run.job_version)?;
    let now = tx.now();
    // The series of attempts begins one later, so that there are as many left as before.
    wait(tx, &run, &outcome, &settings, now, run.first_attempt + 1)
}

/// Ends the attempt of a run that is held.
pub(crate) fn end(tx: &mut Transaction<'_>, run: &Standing, outcome: &Outcome) -> Result<Finished, Error> {
    if run.state != State::Stopping && matches!(outcome.state, State::Failed | State::Error) {
        let settings = jobs::settings(tx, &run.tenant, &run.job, run.job_version)?;
        let nth = run.attempt - run.first_attempt + 1;
        let may_pass = outcome.error.as_ref().and_then(|error| error.may_pass);
        let hopeful = match settings.retry_when {
            RetryWhen::Possible => may_pass != Some(false),
            RetryWhen::Transient => may_pass == Some(true),
        };
        if hopeful && nth <= i64::from(settings.max_retries) {
            let pause = backoff::pause(&settings, &run.id, run.attempt, nth);
            let again_at = tx.now().saturating_add(pause);
            return wait(tx, run, outcome, &settings, again_at, run.first_attempt);
        }
    }
    queue::lock_tenant(tx, &run.tenant)?;
    if outcome.state == State::Succeeded {
        ledger::complete(tx, &run.id)?;
    }
    let error = outcome.error.as_ref().map(Failure::clipped);
    let now = tx.now();
    let usage = end_attempt(tx, run, outcome, error.as_ref())?;
    let set = "ended = ?3, owner = null, recovering = 0, timeout_at = null, error = ?4, report = coalesce(?5, report),
               usage = ?6, plugins = coalesce(?7, plugins)";
    let values = row![
        now,
        change::failure_text(error.as_ref())?,
        report(&outcome.report),
        usage,
        plugins(&outcome.plugins)?
    ];
    change::become_next(tx, run, outcome.state, error.as_ref(), set, values)?;
    release(tx, run, true, 0)?;
    Ok(Finished {
        state: outcome.state,
        again_at: None,
        changed: true,
    })
}

/// The run waits for its next attempt.
fn wait(
    tx: &mut Transaction<'_>,
    run: &Standing,
    outcome: &Outcome,
    settings: &JobSettings,
    again_at: i64,
    first_attempt: i64,
) -> Result<Finished, Error> {
    queue::lock_tenant(tx, &run.tenant)?;
    let error = outcome.error.as_ref().map(Failure::clipped);
    let usage = end_attempt(tx, run, outcome, error.as_ref())?;
    let next = Standing {
        attempt: run.attempt + 1,
        ..run.clone()
    };
    let now = tx.now();
    let set = "attempt = ?3, first_attempt = ?4, queued = ?5, not_before = ?6, owner = null, recovering = 0,
               timeout_at = null, error = ?7, usage = ?8, plugins = coalesce(?9, plugins)";
    let values = row![
        next.attempt,
        first_attempt,
        now,
        again_at,
        change::failure_text(error.as_ref())?,
        usage,
        plugins(&outcome.plugins)?,
    ];
    change::become_next(tx, &next, State::Waiting, error.as_ref(), set, values)?;
    let entry = queue::Entry {
        run: &run.id,
        tenant: &run.tenant,
        job: &run.job,
        priority: settings.priority,
        not_before: Some(again_at),
        expires: submit::expires(now, Some(again_at), settings.max_queue_seconds),
    };
    queue::enter(tx, &entry)?;
    release(tx, run, false, 1)?;
    Ok(Finished {
        state: State::Waiting,
        again_at: Some(again_at),
        changed: true,
    })
}

fn release(tx: &mut Transaction<'_>, run: &Standing, ended: bool, waiting: i64) -> Result<(), Error> {
    shares::give_back(tx, &run.tenant, &run.id)?;
    queue::release(tx, &run.tenant, &run.job, ended)?;
    let change = queue::Change {
        waiting,
        running: -1,
        served: 0,
    };
    queue::settle_tenant(tx, &run.tenant, &change)?;
    // Others of the job or the tenant may go now.
    tx.notify("queue", "");
    Ok(())
}

/// Records how the attempt ended; answers with what the run used, as JSON.
fn end_attempt(
    tx: &mut Transaction<'_>,
    run: &Standing,
    outcome: &Outcome,
    error: Option<&Failure>,
) -> Result<String, Error> {
    let (now, error) = (tx.now(), change::failure_text(error)?);
    let mut of_attempt = outcome.usage;
    if run.batches > 0 {
        of_attempt = batch::noted_of_attempt(tx, run)?.and(&of_attempt);
    }
    tx.execute(
        "update run_attempts set state = ?3, ended = ?4, error = ?5, usage = ?6 where run = ?1 and attempt = ?2",
        row![
            &run.id,
            run.attempt,
            outcome.state.as_str(),
            now,
            error,
            json::write(&of_attempt)?
        ],
    )?;
    let before: Usage = run.usage.as_deref().map(json::read).transpose()?.unwrap_or_default();
    json::write(&before.and(&outcome.usage))
}

pub(crate) fn plugins(plugins: &[PluginUsed]) -> Result<Option<String>, Error> {
    (!plugins.is_empty()).then(|| json::write(&plugins)).transpose()
}

pub(crate) fn report(report: &Json) -> Option<String> {
    if report.is_null() {
        return None;
    }
    let text = zero_free(report);
    if text.len() <= LONGEST_REPORT {
        return Some(text);
    }
    Some(json!({ "left_out": "the report is longer than 1 MiB", "bytes": text.len() }).to_string())
}

/// JSON without zero characters, which stay escaped in a text column but not in what reads it as JSON.
fn zero_free(value: &Json) -> String {
    let text = value.to_string();
    if text.contains("\\u0000") {
        text.replace("\\u0000", "\\ufffd")
    } else {
        text
    }
}
