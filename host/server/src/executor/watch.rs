//! Notes how far a run has come, while it is at work.

use std::time::Duration;

use serde_json::{Value, json};
use tenon_engine::{Phase, Progress};
use tenon_metadata::Metadata;
use tenon_runs::Lease;
use tokio::task::JoinHandle;

/// A run that ends sooner is never seen at work: most do, and nobody could have looked.
const FIRST: Duration = Duration::from_millis(100);
const INTERVAL: Duration = Duration::from_secs(1);

/// Ends with the run.
pub(super) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Notes progress now and then, until the answer is dropped.
pub(super) fn follow(metadata: &Metadata, lease: &Lease, progress: &Progress) -> Following {
    let (metadata, lease, progress) = (metadata.clone(), lease.clone(), progress.clone());
    Following(tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        loop {
            let (lease, so_far) = (lease.clone(), so_far(&progress));
            let noted = metadata.write_soon(move |tx| {
                tenon_runs::running(tx, &lease)?;
                tenon_runs::progress(tx, &lease, &so_far)
            });
            if let Err(error) = noted.await {
                tracing::debug!(%error, "the progress of a run is not noted");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }))
}

fn so_far(progress: &Progress) -> Value {
    let phase = match progress.phase() {
        Phase::Planning => "planning",
        Phase::Running => "running",
        Phase::Committing => "committing",
        Phase::Done => "done",
    };
    json!({
        "phase": phase,
        "rows_in": progress.rows_in(),
        "rows_out": progress.rows_out(),
        "rows_rejected": progress.rows_rejected(),
        "sandboxes": progress.sandboxes_in_use(),
        "sources": progress.sources(),
        "steps": progress.steps(),
        "sinks": progress.sinks(),
    })
}
