//! What a trigger is: what it waits for, and what it starts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenon_metadata::Name;
use tenon_runs::State as RunState;
use tenon_schedule::Schedule;
use utoipa::ToSchema;

/// What a trigger waits for, and what it starts then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What it is for; at most 2048 characters.
    #[serde(default)]
    pub description: String,
    /// What it waits for.
    pub when: When,
    /// What it starts, 1 to 20 of them.
    pub actions: Vec<Action>,
}

/// What a trigger waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// For somebody to start it.
    OnDemand,
    /// For a time.
    Schedule(Schedule),
    /// For something to happen.
    Event(EventRule),
}

/// What has to happen, and how much of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// What has to happen.
    pub source: Source,
    /// Gathers several events for one firing. By default each fires; what one look at objects or rows finds fires once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
}

/// Where events come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An event of the tenant's for which this condition, in CEL, is true: `event.kind == "plugin.promoted"`.
    Condition(String),
    /// Another job's run has ended.
    Job(JobOutcome),
    /// Somebody calls the trigger's address.
    Webhook(Webhook),
    /// There are new objects below a prefix of a storage.
    Objects(Objects),
    /// A query has new rows.
    Rows(Rows),
}

/// How a run of a job has to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOutcome {
    /// The job.
    pub job: Name,
    /// The states in which it may have ended. SUCCEEDED by default.
    #[serde(default = "succeeded")]
    pub states: Vec<RunState>,
}

/// Calls from outside, and how they prove where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Name of the tenant's secret that both sides know; at least 16 bytes. For Standard Webhooks in its form `whsec_...`.
    pub secret: Name,
    /// How calls are signed.
    #[serde(default)]
    pub signature: SignatureScheme,
    /// How far a call's time may be off, in seconds, 1 to 300; where the scheme has a time. 300 by default.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u32,
}

/// How a webhook's calls prove where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureScheme {
    /// Standard Webhooks: HMAC-SHA256 over id, time and body, in `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    #[default]
    Standard,
    /// As GitHub does it: HMAC-SHA256 over the body in `X-Hub-Signature-256`, an id in `X-GitHub-Delivery`. It has no
    /// time, and the id is not signed: who records a call can repeat it.
    Github,
    /// The secret itself in `Authorization: Bearer ...`, for those who cannot sign. Only over TLS.
    Token,
}

/// A prefix of a storage, looked at now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// `s3://bucket/folder/`, within the tenant's storage prefixes; or a path in the tenant's own folder, as in job files:
    /// `inbox/`, `inbox/*.csv`. What is found there is told by such paths too.
    pub url: String,
    /// Name of the tenant's connection by which it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Name>,
    /// Seconds between looks, 5 to 86400. 60 by default.
    #[serde(default = "one_minute")]
    pub interval_seconds: u32,
    /// Whether what is there at the first look counts as new. Not by default.
    #[serde(default)]
    pub existing: bool,
}

/// A query of a database, run now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Name of the tenant's connection.
    pub connection: Name,
    /// A query that only reads; at most 16 KiB.
    pub query: String,
    /// The column by which rows are new: it only grows.
    pub cursor_column: String,
    /// Seconds between looks, 5 to 86400. 60 by default.
    #[serde(default = "one_minute")]
    pub interval_seconds: u32,
    /// Whether what is there at the first look counts as new. Not by default.
    #[serde(default)]
    pub existing: bool,
}

/// How many events make one firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// So many events, 1 to 1000,
    pub size: u32,
    /// or those that came within so many seconds after the first, 1 to 86400. 900 by default.
    #[serde(default = "fifteen_minutes")]
    pub window_seconds: u32,
}

/// A job or a workflow to start; exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Action {
    /// The job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Name>,
    /// The workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Name>,
    /// Values for the job's parameters, or the workflow's run properties; at most 16 KiB as JSON.
    pub arguments: Map<String, Value>,
    /// Whether it is given the events that fired the trigger, as the argument `events`: a list of objects, of at most
    /// 48 KiB as JSON; if some did not fit, the last object is `{"left_out": n}`. Set it to false for a job that has no
    /// such parameter. True by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_events: Option<bool>,
}

impl Action {
    /// A job to start.
    pub fn job(job: Name) -> Self {
        Self {
            job: Some(job),
            ..Self::default()
        }
    }

    /// A workflow to start.
    pub fn workflow(workflow: Name) -> Self {
        Self {
            workflow: Some(workflow),
            ..Self::default()
        }
    }
}

fn succeeded() -> Vec<RunState> {
    vec![RunState::Succeeded]
}

fn one_minute() -> u32 {
    60
}

fn five_minutes() -> u32 {
    300
}

fn fifteen_minutes() -> u32 {
    900
}
