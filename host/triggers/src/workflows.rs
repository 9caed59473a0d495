//! Starting workflows, which this crate knows nothing of.

use serde_json::{Map, Value};
use tenon_metadata::{Name, Transaction};

/// Starts workflows. The server gives one to whatever fires triggers.
pub trait Workflows: Send + Sync + 'static {
    /// Starts a workflow within the transaction; answers with the id of its run.
    ///
    /// # Errors
    /// As [`WorkflowError`] says. Nothing may have been written then.
    fn start(&self, tx: &mut Transaction<'_>, start: &WorkflowStart) -> Result<String, WorkflowError>;
}

/// A workflow that is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowStart {
    /// Whose it is.
    pub tenant: Name,
    /// The workflow.
    pub workflow: Name,
    /// Its run properties.
    pub arguments: Map<String, Value>,
    /// Name of the trigger that starts it.
    pub trigger: String,
    /// Asking again with the same key answers with the same run.
    pub idempotency_key: String,
    /// How many runs caused this one, one after the other, by their events.
    pub depth: u32,
}

/// Why a workflow is not started.
#[derive(Debug)]
pub enum WorkflowError {
    /// The database does not do it.
    Database(tenon_metadata::Error),
    /// There is no room now.
    Full {
        /// Why.
        reason: String,
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// It is not there, or not startable.
    Refused(String),
}

/// For those who have no workflows.
#[derive(Debug, Clone, Copy)]
pub struct NoWorkflows;

impl Workflows for NoWorkflows {
    fn start(&self, _: &mut Transaction<'_>, start: &WorkflowStart) -> Result<String, WorkflowError> {
        Err(WorkflowError::Refused(format!(
            "there is no workflow `{}`",
            start.workflow
        )))
    }
}
