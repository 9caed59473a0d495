//! What a run has done.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_runtime::Run;

use crate::job::Job;
use crate::metrics;
use crate::plan::{OpenedSource, PlannedStep};
use crate::progress::Flow;

/// What a run has done.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Id of the run.
    pub run: String,
    /// Name of the job.
    pub job: String,
    /// How it ended.
    pub status: Status,
    /// Tries that it took.
    pub attempts: u64,
    /// The plugins that ran, by step.
    pub plugins: Vec<PluginUsed>,
    /// Rows read from all sources.
    pub rows_in: u64,
    /// Rows written to all sinks, without rejected ones.
    pub rows_out: u64,
    /// Rows that functions rejected.
    pub rows_rejected: u64,
    /// Rows by source.
    pub sources: Vec<Flow>,
    /// Rows by step, each after those that it reads.
    pub steps: Vec<Flow>,
    /// What was written, by sink; nothing to sinks that were skipped.
    pub sinks: Vec<SinkReport>,
    /// The targets of these sinks, as the job says them.
    #[serde(skip)]
    pub written: Vec<SinkConfig>,
    /// What a script has read, as it has said it. What other jobs read, they say before.
    #[serde(skip)]
    pub read: Vec<SourceConfig>,
    /// Files that were read.
    pub files_read: usize,
    /// Their size in bytes, as stored.
    pub bytes_read: u64,
    /// Files that were written, without those of rejected rows.
    pub files_written: Vec<String>,
    /// Their size in bytes.
    pub bytes_written: u64,
    /// Files of rejected rows.
    pub reject_files: Vec<String>,
    /// Partitions that ran side by side.
    pub partitions: usize,
    /// Sandboxes that were used.
    pub sandboxes: u64,
    /// Rows read per second, over the whole run.
    pub rows_per_second: f64,
    /// Where the time went.
    pub seconds: Timings,
    /// Largest linear memory of one sandbox, in bytes.
    pub sandbox_peak_memory: u64,
    /// Largest memory of the process so far, in bytes, where the system tells and
    /// [somebody asks](Self::of_whole_process): no figure of the run where others share the process.
    pub peak_memory: Option<u64>,
    /// What plugins counted.
    pub counters: BTreeMap<String, f64>,
    /// What a person should know of columns that are not quite what they are in their source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A plugin that ran in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginUsed {
    /// Name of the step.
    pub step: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's file.
    pub file: PathBuf,
    /// SHA-256 of the plugin's file.
    pub digest: String,
    /// The function that ran.
    pub function: String,
}

/// What was written to one sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkReport {
    /// Name of the sink.
    pub name: String,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Files written.
    pub files: Vec<String>,
    /// Table written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Rows that the target has refused, where the sink rejects such rows.
    pub rows_rejected: u64,
    /// Whether these are rejected rows.
    pub rejected: bool,
}

impl PluginUsed {
    pub(crate) fn by(step: &PlannedStep) -> Self {
        Self {
            step: step.name.clone(),
            plugin: step.plugin.clone(),
            file: step.file.clone(),
            digest: step.digest.clone(),
            function: step.function.clone(),
        }
    }
}

fn notes(source: &OpenedSource) -> Vec<String> {
    let remarks = source.source.remarks().into_iter();
    let noted = remarks.map(|(column, remark)| format!("{}, column `{column}`: {remark}", source.name));
    noted.collect()
}

impl Report {
    /// What is known before a run has done anything, with every count at zero.
    pub(crate) fn begun(job: &Job, run: &Run, sources: &[OpenedSource], steps: &[PlannedStep]) -> Self {
        Self {
            run: run.id().to_owned(),
            job: job.name.clone(),
            status: Status::Succeeded,
            attempts: 1,
            plugins: steps.iter().map(PluginUsed::by).collect(),
            rows_in: 0,
            rows_out: 0,
            rows_rejected: 0,
            sources: Vec::new(),
            steps: Vec::new(),
            sinks: Vec::new(),
            written: Vec::new(),
            read: Vec::new(),
            files_read: sources.iter().map(|source| source.source.files().len()).sum(),
            bytes_read: sources.iter().map(|source| source.source.bytes()).sum(),
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
            notes: sources.iter().flat_map(notes).collect(),
        }
    }

    /// The same, with the memory of a process that did nothing else.
    #[must_use]
    pub fn of_whole_process(self) -> Self {
        let peak_memory = metrics::peak_memory();
        Self { peak_memory, ..self }
    }

    /// Notes what a sink has committed.
    pub(crate) fn committed(
        &mut self,
        name: String,
        rejected: bool,
        rows_rejected: u64,
        committed: tenon_connect::Committed,
    ) {
        let tenon_connect::Committed {
            files,
            table,
            rows,
            bytes,
        } = committed;
        if rejected {
            self.reject_files.extend(files.iter().cloned());
        } else {
            self.files_written.extend(files.iter().cloned());
            self.rows_out += rows;
            self.bytes_written += bytes;
        }
        self.sinks.push(SinkReport {
            name,
            rows,
            bytes,
            files,
            table,
            rows_rejected,
            rejected,
        });
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Everything was written.
    Succeeded,
    /// Every target held data, and the mode was to leave it.
    Skipped,
    /// The incremental sources hold nothing that earlier runs have not read, or, in micro-batches, no row.
    NothingNew,
}

/// Where the time went, in seconds. What partitions do side by side is added up, so the parts may exceed the total.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Timings {
    /// From start to end.
    pub total: f64,
    /// Loading plugins, finding files and inferring columns; elapsed.
    pub planning: f64,
    /// Reading, decompressing and parsing; work of all partitions.
    pub source: f64,
    /// The code of plugins; work of all partitions.
    pub sandbox: f64,
    /// What ran natively in between: SQL, ready-made steps, and kernels that plugins called; work of all partitions.
    pub kernels: f64,
    /// Encoding, compressing and writing; work of all partitions.
    pub sink: f64,
    /// Making files durable and visible; elapsed.
    pub commit: f64,
}
