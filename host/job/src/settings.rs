//! How a job runs, whatever it does.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Size, Threshold, Timespan};

/// How a job runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Memory of the whole run: queries, and the sandboxes. What needs more goes to disk. Default: the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// What the run's sandboxes may use.
    pub limits: Limits,
    /// How many parts the run works on at a time, each with a sandbox of its own. Default: the number of cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<NonZeroU32>,
    /// How long a run may take, retries included, and of a job with `stream` all of its micro-batches. Default: as long as
    /// it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timespan>,
    /// What happens after a failure that may pass.
    pub retries: Retries,
    /// What happens to a row that a source can't read; a source may say otherwise. Default: fail.
    pub on_error: OnError,
    /// How many rows may be rejected before the run fails: a count, or a share of the rows that were read. Default: any
    /// number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rejects: Option<Threshold>,
    /// Hosts with ports that plugins may reach over HTTP: `["api.example.com:443"]`. Default: none.
    pub http: Vec<String>,
    /// Names of secrets that plugins may ask for. Default: none.
    pub secrets: Vec<String>,
    /// Whether sources are read from where the last committed run ended. A source may say otherwise. Default: false, and
    /// true of a job with `stream`.
    pub bookmark: bool,
    /// Has a run go on until it is stopped, in micro-batches: each is a run of the job on what is new since the one before,
    /// committed with its bookmarks. Default: a run ends when it has read what there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// The component that drives the job by its own `job` interface. The job has neither steps nor sinks then; its sources
    /// are what the script may read by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
}

/// How a run goes on in micro-batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stream {
    /// The window: from the beginning of a micro-batch to that of the next, which begins at once where the first took
    /// longer. 100ms to 1d. Default: 100s.
    pub every: Timespan,
}

impl Stream {
    /// The shortest window.
    pub(crate) const SHORTEST: Duration = Duration::from_millis(100);
    /// The longest window.
    pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

impl Default for Stream {
    fn default() -> Self {
        Stream {
            every: Timespan(Duration::from_secs(100)),
        }
    }
}

/// A component that drives a job, and what it may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The component: a .wasm file, the folder of a project, or on a server the name of a plugin.
    pub component: String,
    /// Folders and URLs below which it may read and write: `["out/", "s3://lake/orders/"]`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Names of connections that it may use. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<String>,
    /// Plugins whose functions it may apply, by the name that it uses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, String>,
}

/// The keys of [`Settings`].
pub(crate) const SETTINGS: [&str; 12] = [
    "memory",
    "limits",
    "partitions",
    "timeout",
    "retries",
    "on_error",
    "max_rejects",
    "http",
    "secrets",
    "bookmark",
    "stream",
    "script",
];

/// What the run's sandboxes may use. Defaults: the host's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of one sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// Elements, summed over all tables of a sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_elements: Option<u64>,
    /// CPU time of one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_per_call: Option<Timespan>,
    /// CPU time of all sandboxes together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_per_run: Option<Timespan>,
    /// Elapsed time of one call, for plugins that can wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_per_call: Option<Timespan>,
    /// Handles to batches and programs that a sandbox holds at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handles: Option<u64>,
    /// Host memory behind the batches that a sandbox holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_bytes: Option<Size>,
    /// What one call may pass to the host, or a kernel may produce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_bytes: Option<Size>,
    /// Batches that all sandboxes together may build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_bytes: Option<Size>,
    /// Log messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Size>,
    /// State, keys and values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_bytes: Option<Size>,
    /// Keeps the batch that a plugin's function failed on, for `tenon replay`, unless it takes more than this. It holds
    /// data as they were read. Default: none is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_failed: Option<Size>,
}

/// What happens after a failure that may pass, such as a connection that broke. A retry writes nothing twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// How often it is tried again. Default: 3.
    pub max: u32,
    /// The wait before the first retry, shortened at random by up to a half. Default: 1s.
    pub initial: Timespan,
    /// What each wait is multiplied by for the next; at least 1. Default: 2.
    #[schemars(range(min = 1.0))]
    pub factor: f64,
    /// The longest wait. Default: 1m.
    pub max_delay: Timespan,
}

impl Default for Retries {
    fn default() -> Self {
        Retries {
            max: 3,
            initial: Timespan(Duration::from_secs(1)),
            factor: 2.0,
            max_delay: Timespan(Duration::from_secs(60)),
        }
    }
}

/// What happens to a row that a source can't read: one with a value that doesn't fit its type, or too few of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// It ends the run.
    #[default]
    Fail,
    /// It is rejected: counted, and kept where a sink has `rejects_of`.
    Reject,
}
