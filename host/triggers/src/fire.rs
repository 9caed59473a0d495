//! A trigger fires: everything it starts, and the record of it, in one transaction.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tenon_events::Event;
use tenon_metadata::{Name, Transaction, row};
use tenon_runs::{DEEPEST, Request};
use tenon_tenants::{quotas, tenants};
use utoipa::ToSchema;

use crate::arguments::arguments;
use crate::definition::Action;
use crate::error::Error;
use crate::history;
use crate::trigger::Trigger;
use crate::workflows::{WorkflowError, WorkflowStart, Workflows};

/// What a trigger started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Started {
    /// The job, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Name>,
    /// The workflow, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Name>,
    /// The id of its run.
    pub run: String,
}

/// Why a trigger fires.
#[derive(Debug, Clone)]
pub(crate) struct Cause<'a> {
    /// Unlike that of any other firing of this trigger.
    pub key: String,
    /// When it was to fire.
    pub due: i64,
    /// When it fires.
    pub now: i64,
    /// What happened.
    pub events: &'a [Value],
    /// Runs that led to this, one after the other.
    pub depth: u32,
    /// Arguments of whoever starts it by hand.
    pub given: Map<String, Value>,
}

/// How a firing went.
#[derive(Debug, Clone)]
pub(crate) enum Fired {
    /// All of its actions were started, or refused for good, which is on record.
    Done {
        started: Vec<Started>,
        refused: Option<String>,
    },
    /// The queue is full, and nothing has been written.
    Full { reason: String, retry_after: u64 },
}

/// Why one action was not started.
enum Unstarted {
    Failed(Error),
    Full { reason: String, retry_after: u64 },
    Refused(String),
}

/// Starts all actions. If the queue is found full after some of them have been started, the error undoes them.
pub(crate) fn fire(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    trigger: &Trigger,
    cause: &Cause<'_>,
) -> Result<Fired, Error> {
    if cause.depth > DEEPEST {
        return stop_loop(tx, trigger, cause);
    }
    let (mut started, mut refused) = (Vec::new(), Vec::new());
    let actions = match tenants::get_active(tx, &trigger.tenant) {
        Ok(_) => trigger.definition.actions.as_slice(),
        Err(tenon_tenants::Error::Metadata(error)) => return Err(error.into()),
        Err(inactive) => {
            refused.push(inactive.to_string());
            &[]
        }
    };
    for (number, action) in actions.iter().enumerate() {
        let key = format!("{}:{}:{number}", trigger.id, cause.key);
        match start(tx, workflows, trigger, action, cause, key) {
            Ok(run) => started.push(Started {
                job: action.job.clone(),
                workflow: action.workflow.clone(),
                run,
            }),
            Err(Unstarted::Refused(reason)) => refused.push(reason),
            Err(Unstarted::Failed(error)) => return Err(error),
            Err(Unstarted::Full { reason, retry_after }) if started.is_empty() => {
                quotas::tell_reached(tx, &trigger.tenant, "queued_runs", &reason)?;
                return Ok(Fired::Full { reason, retry_after });
            }
            Err(Unstarted::Full { reason, retry_after }) => {
                let (trigger, tenant) = (trigger.name.to_string(), trigger.tenant.to_string());
                return Err(Error::Full {
                    trigger,
                    tenant,
                    reason,
                    retry_after,
                });
            }
        }
    }
    let refused = (!refused.is_empty()).then(|| refused.join("; "));
    history::fired(tx, trigger, cause, &started, refused.as_deref())?;
    tx.execute(
        "update triggers set last_fired = ?2, last_error = ?3 where id = ?1",
        row![&trigger.id, cause.now, refused.as_deref()],
    )?;
    let kind = if started.is_empty() {
        "trigger.failed"
    } else {
        "trigger.fired"
    };
    let data = json!({
        "trigger": &trigger.name, "due": cause.due, "started": &started, "refused": &refused, "depth": cause.depth,
    });
    emit(tx, trigger, kind, data)?;
    let result = if started.is_empty() { "failed" } else { "fired" };
    metrics::counter!("tenon_triggers_fired_total", "result" => result).increment(1);
    Ok(Fired::Done { started, refused })
}

/// Tells the tenant.
pub(crate) fn emit(tx: &mut Transaction<'_>, trigger: &Trigger, kind: &str, data: Value) -> Result<(), Error> {
    let event = Event::new(kind)
        .tenant(trigger.tenant.as_str())
        .subject(trigger.name.as_str())
        .data(data);
    tenon_events::emit(tx, &event)?;
    Ok(())
}

fn start(
    tx: &mut Transaction<'_>,
    workflows: &dyn Workflows,
    trigger: &Trigger,
    action: &Action,
    cause: &Cause<'_>,
    key: String,
) -> Result<String, Unstarted> {
    let arguments = arguments(action, &cause.given, cause.events);
    if let Some(workflow) = &action.workflow {
        let start = WorkflowStart {
            tenant: trigger.tenant.clone(),
            workflow: workflow.clone(),
            arguments,
            trigger: trigger.name.to_string(),
            idempotency_key: key,
            depth: cause.depth,
        };
        return workflows.start(tx, &start).map_err(|error| match error {
            WorkflowError::Database(error) => Unstarted::Failed(error.into()),
            WorkflowError::Full { reason, retry_after } => Unstarted::Full { reason, retry_after },
            WorkflowError::Refused(reason) => Unstarted::Refused(reason),
        });
    }
    let Some(job) = &action.job else {
        return Err(Unstarted::Refused(
            "an action names neither a job nor a workflow".to_owned(),
        ));
    };
    let mut request = Request::new(trigger.tenant.clone(), job.clone());
    request.arguments = arguments;
    request.trigger = Some(trigger.name.to_string());
    request.idempotency_key = Some(key);
    request.depth = cause.depth;
    tenon_runs::submit(tx, &request)
        .map(|submitted| submitted.id)
        .map_err(|error| match error {
            tenon_runs::Error::Database(error) => Unstarted::Failed(error.into()),
            tenon_runs::Error::QueueFull { retry_after, .. } => Unstarted::Full {
                reason: error.to_string(),
                retry_after: retry_after.clamp(1, 3600),
            },
            refused => Unstarted::Refused(format!("the job `{job}`: {refused}")),
        })
}

/// Runs cause one another without end: this one is the end.
fn stop_loop(tx: &mut Transaction<'_>, trigger: &Trigger, cause: &Cause<'_>) -> Result<Fired, Error> {
    let reason = format!(
        "it would start number {} in a chain of runs that cause one another by their events, and {DEEPEST} may \
         be: change its condition, so that it is not true for what it causes itself",
        cause.depth
    );
    history::fired(tx, trigger, cause, &[], Some(&reason))?;
    tx.execute(
        "update triggers set last_error = ?2 where id = ?1",
        row![&trigger.id, reason.as_str()],
    )?;
    let data = json!({ "trigger": &trigger.name, "reason": reason, "depth": cause.depth });
    emit(tx, trigger, "trigger.loop_stopped", data)?;
    Ok(Fired::Done {
        started: Vec::new(),
        refused: Some(reason),
    })
}
