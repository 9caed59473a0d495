//! Rows with values that the database can't hold, found before they are sent.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use parking_lot::Mutex;

use crate::{Error, LoadRequest, OnError, RejectedRows};

/// Bytes of rows that are kept at most. Where there are more, it is not some rows that are wrong.
const MOST: usize = 64 << 20;

/// The rows that no writer of a load could send. They are handed over with those that constraints refuse.
#[derive(Debug, Clone, Default)]
pub(crate) struct Misfits(Option<Arc<Mutex<Kept>>>);

#[derive(Debug, Default)]
struct Kept {
    rows: Vec<RecordBatch>,
    reasons: Vec<String>,
    bytes: usize,
}

impl Misfits {
    /// Keeps rows if the request has bad ones rejected.
    pub fn of(request: &LoadRequest) -> Self {
        Self((request.config.on_error == OnError::Reject).then(Arc::default))
    }

    /// Keeps a row of a batch, or gives the reason back where it ends the run.
    pub fn keep(&self, batch: &RecordBatch, row: usize, reason: Error) -> Result<(), Error> {
        let Some(kept) = &self.0 else {
            return Err(reason);
        };
        let mut kept = kept.lock();
        // A copy: a slice would keep the whole batch.
        let Ok(copy) = take_record_batch(batch, &UInt32Array::from(vec![row as u32])) else {
            return Err(reason);
        };
        kept.bytes += copy.get_array_memory_size();
        if kept.bytes > MOST {
            return Err(Error::Config {
                subject: "`on_error`".to_owned(),
                reason: format!(
                    "rows that the database cannot hold are more than {} MiB, and too many to be rejected; the last: \
                     {reason}",
                    MOST >> 20
                ),
            });
        }
        kept.rows.push(copy);
        kept.reasons.push(reason.to_string());
        Ok(())
    }

    /// Hands them to whoever takes rejected rows.
    pub async fn hand_over(&self, rejected: &dyn RejectedRows) -> Result<(), Error> {
        let Some(kept) = &self.0 else {
            return Ok(());
        };
        let kept = std::mem::take(&mut *kept.lock());
        let Some(first) = kept.rows.first() else {
            return Ok(());
        };
        let rows = concat_batches(&first.schema(), &kept.rows).map_err(|error| Error::Config {
            subject: "`on_error`".to_owned(),
            reason: format!("rejected rows cannot be put together: {error}"),
        })?;
        rejected.reject(&rows, &kept.reasons).await
    }
}
