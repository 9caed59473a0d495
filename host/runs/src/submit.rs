//! Runs come into the queue.

use serde_json::{Map, Value};
use tenon_metadata::{Transaction, row};

use crate::change::{self, Standing};
use crate::time::seconds;
use crate::{Error, Request, State, Submitted, jobs, json, keys, queue, settings};

/// The longest chain of runs that cause one another by their events.
pub const DEEPEST: u32 = 16;
/// The longest arguments, as JSON, in bytes.
const LONGEST_ARGUMENTS: usize = 64 << 10;

/// Puts a run into the queue.
///
/// # Errors
/// [`Error::UnknownJob`], [`Error::Invalid`], [`Error::KeyTaken`], [`Error::QueueFull`], [`Error::TooDeep`], and what the
/// database says.
pub fn submit(tx: &mut Transaction<'_>, request: &Request) -> Result<Submitted, Error> {
    enter(tx, request, None)
}

/// Runs once more what has ended: a new run of the job as it is now, with the same arguments.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::UnknownJob`], [`Error::NotEnded`], and as [`submit`].
pub fn rerun(
    tx: &mut Transaction<'_>,
    tenant: &tenon_metadata::Name,
    run: &str,
    idempotency_key: Option<String>,
) -> Result<Submitted, Error> {
    let before = crate::runs::get(tx, tenant, run)?;
    if !before.state.is_final() {
        let (run, state) = (before.id, before.state);
        return Err(Error::NotEnded { run, state });
    }
    let request = Request {
        arguments: before.arguments,
        idempotency_key,
        ..Request::new(before.tenant, before.job)
    };
    enter(tx, &request, Some(&before.id))
}

/// Brings a run that did not succeed back into the queue: the same run, of the job as it is now, with all its retries.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::UnknownJob`], [`Error::Transition`], [`Error::QueueFull`].
pub fn resume(tx: &mut Transaction<'_>, tenant: &tenon_metadata::Name, run: &str) -> Result<(), Error> {
    let before = change::standing_of(tx, tenant.as_str(), run)?;
    if !before.state.is_final() || !before.state.can_become(State::Waiting) {
        let (run, state, next) = (before.id, before.state, State::Waiting);
        return Err(Error::Transition { run, state, next });
    }
    queue::refuse_full(tx, &before.tenant)?;
    let (version, settings) = jobs::current(tx, &before.tenant, &before.job)?;
    let now = tx.now();
    let after = Standing {
        attempt: before.attempt + 1,
        ..before
    };
    change::become_next(
        tx,
        &after,
        State::Waiting,
        None,
        "job_version = ?3, attempt = ?4, first_attempt = ?4, queued = ?5, timeout = ?6, not_before = null, ended = null, report = null,
         batches = 0, stop_reason = null, progress = null",
        row![version, after.attempt, now, seconds(settings.timeout())],
    )?;
    let expires = expires(now, None, settings.max_queue_seconds);
    queue::keep(tx, &after.tenant, &after.job, -1)?;
    let entry = queue::Entry {
        run: &after.id,
        tenant: &after.tenant,
        job: &after.job,
        priority: settings.priority,
        not_before: None,
        expires,
    };
    queue::enter(tx, &entry)?;
    waits_one_more(tx, &after.tenant)
}

/// When a run has waited too long.
pub(crate) fn expires(now: i64, not_before: Option<i64>, longest_seconds: u64) -> Option<i64> {
    let from = not_before.map_or(now, |time| time.max(now));
    (longest_seconds > 0).then(|| from.saturating_add(seconds(longest_seconds)))
}

/// Counts a run that has come into the queue.
pub(crate) fn waits_one_more(tx: &mut Transaction<'_>, tenant: &str) -> Result<(), Error> {
    let change = queue::Change {
        waiting: 1,
        ..queue::Change::default()
    };
    queue::settle_tenant(tx, tenant, &change)
}

fn enter(tx: &mut Transaction<'_>, request: &Request, rerun_of: Option<&str>) -> Result<Submitted, Error> {
    let arguments = check(request)?;
    let (tenant, job) = (request.tenant.as_str(), request.job.as_str());
    if let Some(id) = keys::earlier(tx, request, rerun_of)? {
        return Ok(Submitted { id, fresh: false });
    }
    // Locked before the job is looked at, in the order in which everybody locks.
    queue::refuse_full(tx, tenant)?;
    let (version, settings) = jobs::current(tx, tenant, job)?;
    let id = tenon_metadata::id("run");
    keys::remember(tx, request, rerun_of, &id)?;
    let now = tx.now();
    tx.execute(
        "insert into runs (id, tenant, job, job_version, state, attempt, first_attempt, arguments, trigger_name,
             workflow_run, node, depth, rerun_of, created, queued, not_before, timeout, epoch, recovering, log_lines,
             log_bytes, log_dropped)
         values (?1, ?2, ?3, ?4, ?5, 1, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14, 0, 0, 0, 0, 0)",
        row![
            &id,
            tenant,
            job,
            version,
            State::Waiting.as_str(),
            arguments,
            request.trigger.as_deref(),
            request.workflow_run.as_deref(),
            request.node.as_deref(),
            request.depth,
            rerun_of,
            now,
            request.not_before,
            seconds(settings.timeout()),
        ],
    )?;
    let entry = queue::Entry {
        run: &id,
        tenant,
        job,
        priority: settings.priority,
        not_before: request.not_before,
        expires: expires(now, request.not_before, settings.max_queue_seconds),
    };
    queue::enter(tx, &entry)?;
    waits_one_more(tx, tenant)?;
    change::tell(tx, &new(request, &id, version), State::Waiting, None)?;
    Ok(Submitted { id, fresh: true })
}

fn new(request: &Request, id: &str, version: i64) -> Standing {
    Standing {
        id: id.to_owned(),
        tenant: request.tenant.to_string(),
        job: request.job.to_string(),
        job_version: version,
        state: State::Waiting,
        attempt: 1,
        first_attempt: 1,
        trigger: request.trigger.clone(),
        workflow_run: request.workflow_run.clone(),
        node: request.node.clone(),
        depth: request.depth,
        owner: None,
        epoch: 0,
        recovering: false,
        usage: None,
        batches: 0,
    }
}

/// Checks a request; answers with its arguments as JSON.
fn check(request: &Request) -> Result<String, Error> {
    let names = [
        ("trigger", &request.trigger),
        ("workflow_run", &request.workflow_run),
        ("node", &request.node),
    ];
    for (field, text) in names {
        text.as_deref().map_or(Ok(()), |text| settings::name(field, text))?;
    }
    if request.depth > DEEPEST {
        let (depth, limit) = (request.depth, DEEPEST);
        return Err(Error::TooDeep { depth, limit });
    }
    arguments_text(&request.arguments)
}

fn arguments_text(arguments: &Map<String, Value>) -> Result<String, Error> {
    let text = json::write(arguments)?;
    let invalid = |reason| Error::Invalid {
        field: "arguments",
        reason,
    };
    if text.len() > LONGEST_ARGUMENTS {
        let reason = format!("they have {} bytes, and may have {LONGEST_ARGUMENTS}", text.len());
        return Err(invalid(reason));
    }
    if text.contains("\\u0000") {
        return Err(invalid("they have a zero character".to_owned()));
    }
    Ok(text)
}
