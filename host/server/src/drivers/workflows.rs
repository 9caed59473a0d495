//! Triggers start workflows.

use std::collections::BTreeMap;

use serde_json::Value;
use tenon_metadata::{ErrorKind, Name, Transaction};
use tenon_triggers::{WorkflowError, WorkflowStart, Workflows};
use tenon_workflows::StartRequest;

/// Starts a workflow with the trigger's arguments as its run properties.
pub(crate) struct StartedByTriggers;

impl Workflows for StartedByTriggers {
    fn start(&self, tx: &mut Transaction<'_>, start: &WorkflowStart) -> Result<String, WorkflowError> {
        let request = StartRequest {
            properties: properties(start)?,
            trigger: Some(start.trigger.clone()),
            idempotency_key: Some(start.idempotency_key.clone()),
            depth: start.depth,
            ..StartRequest::new(start.tenant.clone(), start.workflow.clone())
        };
        let started = tenon_workflows::start(tx, &request).map_err(|error| match error {
            tenon_workflows::Error::Database(error) => WorkflowError::Database(error),
            error if error.kind() == ErrorKind::Limit => WorkflowError::Full {
                reason: error.to_string(),
                retry_after: 1,
            },
            error => WorkflowError::Refused(error.to_string()),
        })?;
        Ok(started.id)
    }
}

/// Run properties are texts; what is none is written as JSON.
fn properties(start: &WorkflowStart) -> Result<BTreeMap<Name, String>, WorkflowError> {
    let property = |(name, value): (&String, &Value)| {
        let name = Name::new(name.as_str()).map_err(|error| WorkflowError::Refused(error.to_string()))?;
        let text = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        Ok((name, text))
    };
    start.arguments.iter().map(property).collect()
}
