//! Runs a plugin's function once more, on one batch and without a job around it.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use tenon_runtime::Rejection;

use crate::error::Error;
use crate::job::Job;
use crate::plan::{build_run, choose, load_one, run_id};
use crate::run::Engine;

/// One batch, and the function that it goes through.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Name of the step, for messages.
    pub step: String,
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The function; may be left out where the plugin has only one.
    pub function: Option<String>,
    /// The function's configuration.
    pub config: serde_json::Value,
    /// The rows.
    pub batch: RecordBatch,
}

impl Replay {
    /// The rows of an Arrow IPC stream that holds one batch, as [`FailedBatch`](crate::FailedBatch) has it.
    ///
    /// # Errors
    /// [`Error::BadBatch`].
    pub fn read_batch(arrow_ipc: &[u8]) -> Result<RecordBatch, Error> {
        let batch = StreamReader::try_new(arrow_ipc, None).and_then(|mut batches| batches.next().transpose());
        match batch {
            Ok(Some(batch)) => Ok(batch),
            Ok(None) => Err(Error::BadBatch {
                reason: "it holds no rows".to_owned(),
            }),
            Err(error) => Err(Error::BadBatch {
                reason: error.to_string(),
            }),
        }
    }
}

/// What a function made of a batch.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// SHA-256 of the plugin's file.
    pub plugin_digest: String,
    /// The function that ran.
    pub function: String,
    /// Its rows: those that it answered with, then those that it had kept back until the end.
    pub batches: Vec<RecordBatch>,
    /// The rows of the batch that it rejected.
    pub rejected: Vec<Rejection>,
}

impl Engine {
    /// Runs a function on one batch, with the parameters, secrets, grants and limits of `job`. Nothing is written.
    ///
    /// # Errors
    /// What a run of the job would end with.
    pub async fn replay(&self, job: &Job, replay: &Replay) -> Result<Replayed, Error> {
        let run = build_run(job, &run_id());
        let plugin = load_one(self.runtime(), &replay.plugin).await?;
        let named = replay.plugin.display().to_string();
        let function = choose(&named, &plugin, replay.function.as_deref())?.name.clone();
        let cannot_start = |source| Error::Open {
            step: replay.step.clone(),
            source: Box::new(source),
        };
        let failed = |rows: usize| {
            move |source| Error::Step {
                step: replay.step.clone(),
                partition: 0,
                rows: rows as u64,
                batch: None,
                source: Box::new(source),
            }
        };
        let mut sandbox = plugin.checkout(&run).await.map_err(cannot_start)?;
        sandbox.work_for(&replay.step);
        let output = sandbox
            .open(&function, &replay.config.to_string(), &replay.batch.schema())
            .await
            .map_err(cannot_start)?;
        let answered = sandbox.process(replay.batch.clone()).await.map_err(failed(0))?;
        let rest = sandbox.finish().await.map_err(failed(replay.batch.num_rows()))?;
        let mut batches = answered.batches;
        batches.extend(rest.batches);
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(output));
        }
        Ok(Replayed {
            plugin_digest: plugin.digest().to_owned(),
            function,
            batches,
            rejected: answered.rejected,
        })
    }
}
