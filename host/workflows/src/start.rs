//! Runs of workflows begin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Transaction, row};

use crate::advance::Board;
use crate::record::{NodeRecord, Record};
use crate::{Error, RunState, ending, properties, workflows};

/// An idempotency key, in bytes.
const LONGEST_KEY: usize = 255;

/// A run of a workflow that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// Whose run it is.
    pub tenant: Name,
    /// The workflow.
    pub workflow: Name,
    /// Run properties, over those that the workflow begins with.
    #[serde(default)]
    pub properties: BTreeMap<Name, String>,
    /// Name of the trigger that wants it.
    #[serde(default)]
    pub trigger: Option<String>,
    /// Asking again with the same key answers with the same run; at most 255 bytes.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// How many runs caused this one, one after the other, by their events; its jobs' runs have the same.
    #[serde(default)]
    pub depth: u32,
}

/// A run of a workflow that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Started {
    /// Its id.
    pub id: String,
    /// Whether it is new; otherwise an earlier request with the same idempotency key started it.
    pub fresh: bool,
}

impl StartRequest {
    /// A run with the workflow's own properties.
    pub fn new(tenant: Name, workflow: Name) -> Self {
        Self {
            tenant,
            workflow,
            properties: BTreeMap::new(),
            trigger: None,
            idempotency_key: None,
            depth: 0,
        }
    }
}

/// Starts a run of a workflow's latest version: the nodes that wait for nothing are in the queue once this is committed.
///
/// # Errors
/// [`Error::UnknownWorkflow`], [`Error::TooManyRuns`], [`Error::KeyTaken`], [`Error::Field`].
pub fn start(tx: &mut Transaction<'_>, request: &StartRequest) -> Result<Started, Error> {
    let (tenant, workflow) = (&request.tenant, &request.workflow);
    // Holds the workflow's row, so that keys and counts of runs stay as they are.
    if workflows::current(tx, tenant, workflow)?.is_none() {
        return Err(workflows::unknown(tx, tenant, workflow)?);
    }
    let given = serde_json::to_string(&request.properties).map_err(|error| Error::Field {
        field: "properties".to_owned(),
        reason: error.to_string(),
    })?;
    if let Some(key) = &request.idempotency_key
        && let Some(id) = earlier(tx, request, key, &given)?
    {
        return Ok(Started { id, fresh: false });
    }
    let kept = workflows::get(tx, tenant, workflow, None)?;
    if let Some(limit) = kept.definition.max_concurrent_runs {
        let runs = workflows::under_way(tx, tenant, workflow)?;
        if runs >= i64::from(limit) {
            let workflow = workflow.to_string();
            return Err(Error::TooManyRuns { workflow, runs, limit });
        }
    }
    let mut shared = kept.definition.properties.clone();
    shared.extend(request.properties.clone());
    properties::checked(&shared)?;

    let record = Record {
        id: tenon_metadata::id("wfr"),
        tenant: tenant.clone(),
        workflow: workflow.clone(),
        version: kept.version,
        state: RunState::Running,
        attempt: 1,
        cause: request.trigger.clone(),
        depth: request.depth,
        given,
        error: None,
        started: tx.now(),
        ended: None,
        due: None,
    };
    record.insert(tx, request.idempotency_key.as_deref())?;
    record.insert_attempt(tx, &[])?;
    for (name, value) in &shared {
        properties::write(tx, &record.id, name, value)?;
    }
    let nodes = vec![NodeRecord::WAITING; kept.definition.nodes.len()];
    for (name, node) in kept.definition.nodes.keys().zip(&nodes) {
        node.put(tx, &record.id, name)?;
    }
    let mut board = Board::new(record, kept.definition, nodes)?;
    ending::emit(tx, &board, "workflow.started")?;
    board.settle(tx)?;
    let id = board.record.id;
    Ok(Started { id, fresh: true })
}

/// The run that an earlier request with this key started.
fn earlier(tx: &mut Transaction<'_>, request: &StartRequest, key: &str, given: &str) -> Result<Option<String>, Error> {
    if key.is_empty() || key.len() > LONGEST_KEY || key.contains('\0') {
        return Err(Error::Field {
            field: "idempotency_key".to_owned(),
            reason: format!("it needs 1 to {LONGEST_KEY} bytes, none of them 0"),
        });
    }
    let found = tx.first(
        "select id, given from workflow_runs where tenant = ?1 and workflow = ?2 and idempotency_key = ?3",
        row![&request.tenant, &request.workflow, key],
    )?;
    let Some(found) = found else { return Ok(None) };
    let run: String = found.get(0)?;
    if found.get::<String>(1)? != given {
        let key = key.to_owned();
        return Err(Error::KeyTaken { key, run });
    }
    Ok(Some(run))
}
