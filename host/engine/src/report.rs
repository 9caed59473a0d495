//! What a run has done.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use tenon_connect::file::Source;
use tenon_runtime::{Function, Plugin, Run};

/// What a run has done.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Id of the run.
    pub run: String,
    /// Name of the job.
    pub job: String,
    /// How it ended.
    pub status: Status,
    /// The plugin's name.
    pub plugin: String,
    /// SHA-256 of the plugin's file.
    pub plugin_digest: String,
    /// The function that ran.
    pub function: String,
    /// Rows that the function took.
    pub rows_in: u64,
    /// Rows written to the sink.
    pub rows_out: u64,
    /// Rows that the function rejected.
    pub rows_rejected: u64,
    /// Files that were read.
    pub files_read: usize,
    /// Their size in bytes, as stored.
    pub bytes_read: u64,
    /// Files that were written to the sink.
    pub files_written: Vec<PathBuf>,
    /// Their size in bytes.
    pub bytes_written: u64,
    /// Files of rejected rows.
    pub reject_files: Vec<PathBuf>,
    /// Partitions that ran side by side.
    pub partitions: usize,
    /// Sandboxes that were used.
    pub sandboxes: u64,
    /// Rows taken per second, over the whole run.
    pub rows_per_second: f64,
    /// Where the time went.
    pub seconds: Timings,
    /// Largest linear memory of one sandbox, in bytes.
    pub sandbox_peak_memory: u64,
    /// Largest memory of this process so far, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// What the plugin counted.
    pub counters: BTreeMap<String, f64>,
}

impl Report {
    /// What is known before a run has done anything, with every count at zero.
    pub(crate) fn begun(name: String, plugin: &Plugin, function: &Function, run: &Run, source: &Source) -> Self {
        Self {
            run: run.id().to_owned(),
            job: name,
            status: Status::Succeeded,
            plugin: plugin.name().to_owned(),
            plugin_digest: plugin.digest().to_owned(),
            function: function.name.clone(),
            rows_in: 0,
            rows_out: 0,
            rows_rejected: 0,
            files_read: source.files().len(),
            bytes_read: source.bytes(),
            files_written: Vec::new(),
            bytes_written: 0,
            reject_files: Vec::new(),
            partitions: 0,
            sandboxes: 0,
            rows_per_second: 0.0,
            seconds: Timings::default(),
            sandbox_peak_memory: 0,
            peak_memory: None,
            counters: BTreeMap::new(),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Everything was written.
    Succeeded,
    /// The target held data, and the mode was to leave it.
    Skipped,
}

/// Where the time went, in seconds. What partitions do side by side is added up, so the parts may exceed the total.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Timings {
    /// From start to end.
    pub total: f64,
    /// Loading the plugin, finding files and inferring columns; elapsed.
    pub planning: f64,
    /// Reading, decompressing and parsing; work of all partitions.
    pub source: f64,
    /// Calls into sandboxes; work of all partitions.
    pub sandbox: f64,
    /// Encoding, compressing and writing; work of all partitions.
    pub sink: f64,
    /// Making files durable and visible; elapsed.
    pub commit: f64,
}
