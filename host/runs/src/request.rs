//! What is asked for when a run is wanted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenon_metadata::Name;

/// A run that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Whose run it is.
    pub tenant: Name,
    /// The job.
    pub job: Name,
    /// Values that override the job's parameters; at most 64 KiB as JSON.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// Name of the trigger that wants it.
    #[serde(default)]
    pub trigger: Option<String>,
    /// Id of the workflow's run that it is part of.
    #[serde(default)]
    pub workflow_run: Option<String>,
    /// Which node of the workflow it is.
    #[serde(default)]
    pub node: Option<String>,
    /// Asking again with the same key within 24 hours answers with the same run.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// How many runs caused this one, one after the other, by their events; at most 16.
    #[serde(default)]
    pub depth: u32,
    /// Not before this time, in microseconds since 1970, UTC.
    #[serde(default)]
    pub not_before: Option<i64>,
}

impl Request {
    /// A run of a job, as soon as possible.
    pub fn new(tenant: Name, job: Name) -> Self {
        Self {
            tenant,
            job,
            arguments: Map::new(),
            trigger: None,
            workflow_run: None,
            node: None,
            idempotency_key: None,
            depth: 0,
            not_before: None,
        }
    }
}

/// A run that is in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Submitted {
    /// Its id.
    pub id: String,
    /// Whether it is new; otherwise an earlier request with the same idempotency key made it.
    pub fresh: bool,
}
