//! What is recorded of a run.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenon_metadata::Name;

use crate::State;

/// Why a run, or an attempt of it, did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Failure {
    /// What went wrong, as a sentence.
    pub sentence: String,
    /// What sort of failure it is, for programs: "refused", "limit".
    pub kind: String,
    /// What caused it, from the outside in.
    #[serde(default)]
    pub chain: Vec<String>,
    /// What probably lies behind it, and what to do: which limit, which step.
    #[serde(default)]
    pub likely_cause: Option<String>,
    /// Whether another attempt may succeed: false for a job that is refused, true for a server that does not answer;
    /// none if nobody knows.
    #[serde(default)]
    pub may_pass: Option<bool>,
}

/// Longest text of a failure, in bytes.
const LONGEST_TEXT: usize = 4 << 10;
/// Most causes of a failure.
const MOST_CAUSES: usize = 32;

impl Failure {
    /// A failure.
    pub fn new(kind: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            sentence: sentence.into(),
            ..Self::default()
        }
    }

    /// With texts of a length that can be kept: some of them come from guests.
    pub(crate) fn clipped(&self) -> Self {
        let chain = self.chain.iter().take(MOST_CAUSES);
        Self {
            sentence: clip(&self.sentence, LONGEST_TEXT),
            kind: clip(&self.kind, LONGEST_TEXT),
            chain: chain.map(|cause| clip(cause, LONGEST_TEXT)).collect(),
            likely_cause: self.likely_cause.as_deref().map(|cause| clip(cause, LONGEST_TEXT)),
            may_pass: self.may_pass,
        }
    }
}

/// A text that can be kept: not too long, and without the zero characters that PostgreSQL refuses.
pub(crate) fn clip(text: &str, longest: usize) -> String {
    let text = text.replace('\0', "\u{fffd}");
    if text.len() <= longest {
        return text;
    }
    let end = text.floor_char_boundary(longest);
    format!("{} ... and {} bytes more", &text[..end], text.len() - end)
}

/// A plugin that a run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginUsed {
    /// Its name, as the job gives it.
    pub name: String,
    /// SHA-256 of its file.
    pub digest: String,
}

/// What a run has used so far, over all its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Usage {
    /// Time at work in sandboxes, in CPU seconds.
    pub sandbox_seconds: f64,
    /// Time at work in kernels, in CPU seconds.
    pub kernel_seconds: f64,
    /// Most memory at one time, in bytes.
    pub peak_memory: u64,
    /// Rows read from sources.
    pub rows_in: u64,
    /// Rows written to sinks.
    pub rows_out: u64,
    /// Bytes read from sources.
    pub bytes_in: u64,
    /// Bytes written to sinks.
    pub bytes_out: u64,
}

impl Usage {
    /// Both together.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            sandbox_seconds: self.sandbox_seconds + other.sandbox_seconds,
            kernel_seconds: self.kernel_seconds + other.kernel_seconds,
            peak_memory: self.peak_memory.max(other.peak_memory),
            rows_in: self.rows_in.saturating_add(other.rows_in),
            rows_out: self.rows_out.saturating_add(other.rows_out),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
        }
    }
}

/// How much a run logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogSummary {
    /// Lines that are kept.
    pub lines: u64,
    /// What they are charged, in bytes.
    pub bytes: u64,
    /// Lines that are not kept, since the log was full or they came too fast.
    pub dropped: u64,
    /// Whether its lines were removed since the tenant's runs together had logged more than its quota `log_bytes`.
    pub removed: bool,
}

/// One attempt of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attempt {
    /// Which, from 1.
    pub attempt: u32,
    /// The version of the job that it ran.
    pub job_version: i64,
    /// The server that it ran on.
    pub server: String,
    /// How it ended; RUNNING if it has not.
    pub state: State,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Why it did not succeed.
    pub error: Option<Failure>,
    /// What it used.
    pub usage: Usage,
}

/// A run, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub tenant: Name,
    /// The job.
    pub job: Name,
    /// The version of the job that it runs.
    pub job_version: i64,
    /// Where it stands.
    pub state: State,
    /// Which attempt it is at or waits for, from 1.
    pub attempt: u32,
    /// What overrides the job's parameters.
    pub arguments: Map<String, Value>,
    /// Name of the trigger that wanted it.
    pub trigger: Option<String>,
    /// Id of the workflow's run that it is part of.
    pub workflow_run: Option<String>,
    /// Which node of the workflow it is.
    pub node: Option<String>,
    /// How many runs caused this one by their events.
    pub depth: u32,
    /// The run that it repeats.
    pub rerun_of: Option<String>,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// When it last came into the queue.
    pub queued: DateTime<Utc>,
    /// Not before this time it leaves the queue.
    pub not_before: Option<DateTime<Utc>>,
    /// When its latest attempt began.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// When its latest attempt will have taken too long.
    pub timeout_at: Option<DateTime<Utc>>,
    /// When its bookmarks and state became current, if they did.
    pub committed: Option<DateTime<Utc>>,
    /// Why it was asked to stop.
    pub stop_reason: Option<String>,
    /// The server that is at it.
    pub server: Option<String>,
    /// How far its latest attempt came.
    pub progress: Option<Value>,
    /// Why it, or the attempt before, did not succeed.
    pub error: Option<Failure>,
    /// Its report, once it has ended; of one in micro-batches what they have done so far.
    pub report: Option<Value>,
    /// Micro-batches that went well, of a run that is carried out in such.
    pub batches: u64,
    /// What it used.
    pub usage: Usage,
    /// The plugins that it used.
    pub plugins: Vec<PluginUsed>,
    /// How much it logged.
    pub log: LogSummary,
}
