//! Rows that a function or a source refuses: counted, and kept with the reason and with who refused them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use tenon_connect::{Part, SinkRejects, Writer};
use tenon_runtime::Rejection;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::job::{Job, MaxRejects};
use crate::progress::Progress;

/// Batches of rejected rows that wait for the writer before the functions do.
const WAITING_BATCHES: usize = 16;

/// Where a step or source of a run leaves the rows that it refuses.
#[derive(Debug, Clone)]
pub(crate) struct RejectedRows {
    limit: Option<u64>,
    /// Rows so far.
    taken: Arc<AtomicU64>,
    /// None where rows are only counted.
    writer: Option<mpsc::Sender<RecordBatch>>,
}

impl RejectedRows {
    /// Rows are counted.
    pub fn counted(limit: Option<u64>) -> Self {
        Self {
            limit,
            taken: Arc::default(),
            writer: None,
        }
    }

    /// Rows are counted and written by the task that is answered with, which ends when all clones are gone.
    pub fn written(limit: Option<u64>, mut writer: Writer) -> (Self, JoinHandle<Result<Part, Error>>) {
        let (sender, mut receiver) = mpsc::channel::<RecordBatch>(WAITING_BATCHES);
        let writing = tokio::spawn(async move {
            let failed = |error| Error::Rejects(Box::new(error));
            while let Some(batch) = receiver.recv().await {
                writer.write(&batch).await.map_err(failed)?;
            }
            writer.finish().await.map_err(failed)
        });
        (
            Self {
                limit,
                taken: Arc::default(),
                writer: Some(sender),
            },
            writing,
        )
    }

    /// Takes rows of `input` that a step or source refuses. `number` tells the number of a row where it came from.
    pub async fn take(
        &self,
        by: &str,
        number: impl Fn(u32) -> u64,
        input: &RecordBatch,
        rejected: &[Rejection],
        progress: &Progress,
    ) -> Result<(), Error> {
        let Some(last) = rejected.last() else { return Ok(()) };
        let rows = rejected.len() as u64;
        let taken = self.taken.fetch_add(rows, Ordering::Relaxed) + rows;
        let so_far = progress.note_rejected(by, taken);
        if let Some(limit) = self.limit.filter(|limit| so_far > *limit) {
            return Err(Error::TooManyRejects {
                limit,
                reason: last.reason.clone(),
            });
        }
        if let Some(writer) = &self.writer {
            let rows = with_reasons(by, number, input, rejected);
            let rows = rows.map_err(|error| Error::Plan(Box::new(error.into())))?;
            // When the writer has failed, its own error ends the run.
            writer.send(rows).await.ok();
        }
        Ok(())
    }
}

/// Rows that the target of a sink refuses, on their way to where they are kept.
pub(crate) struct Refused {
    pub sink: String,
    pub rows: RejectedRows,
    pub progress: Progress,
    /// Rows so far.
    pub count: AtomicU64,
}

#[async_trait]
impl SinkRejects for Refused {
    async fn reject(
        &self,
        rows: &RecordBatch,
        reasons: &[String],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let first = self.count.fetch_add(rows.num_rows() as u64, Ordering::Relaxed);
        let rejected = (0..).zip(reasons).map(|(row, reason)| Rejection {
            row,
            reason: reason.clone(),
        });
        let rejected: Vec<Rejection> = rejected.collect();
        let number = |row: u32| first + u64::from(row);
        let taken = self.rows.take(&self.sink, number, rows, &rejected, &self.progress);
        taken.await.map_err(|error| Box::new(error) as _)
    }
}

/// Columns of rejected rows: those of the input, then who rejected it, the row's number, and the reason. A step's rows
/// are numbered in their partition, from 0; a source's by their line in the file, from 1.
pub(crate) fn schema_of(input: &Schema) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = input.fields().to_vec();
    let added = [
        ("rejected_by", DataType::Utf8),
        ("rejected_row", DataType::UInt64),
        ("rejected_because", DataType::Utf8),
    ];
    for (name, data_type) in added {
        let mut name = name.to_owned();
        while fields.iter().any(|field| *field.name() == name) {
            name.push('_');
        }
        fields.push(Arc::new(Field::new(name, data_type, false)));
    }
    Arc::new(Schema::new(fields))
}

/// The rejected rows of `input` with step, number and reason.
pub(crate) fn with_reasons(
    by: &str,
    number: impl Fn(u32) -> u64,
    input: &RecordBatch,
    rejected: &[Rejection],
) -> Result<RecordBatch, ArrowError> {
    let indices = UInt32Array::from_iter_values(rejected.iter().map(|rejection| rejection.row));
    let rows = take_record_batch(input, &indices)?;
    let steps: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(by, rejected.len())));
    let numbers = rejected.iter().map(|rejection| number(rejection.row));
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(numbers));
    let reasons: ArrayRef = Arc::new(StringArray::from_iter_values(
        rejected.iter().map(|rejection| rejection.reason.as_str()),
    ));
    let mut columns = rows.columns().to_vec();
    columns.extend([steps, numbers, reasons]);
    RecordBatch::try_new(schema_of(&input.schema()), columns)
}

/// Whether few enough of the rows were rejected.
pub(crate) fn within_share(job: &Job, progress: &Progress) -> Result<(), Error> {
    let Some(MaxRejects::Share(limit)) = job.max_rejects else {
        return Ok(());
    };
    let (rows, rejected) = (progress.rows_in(), progress.rows_rejected());
    if rejected as f64 > limit * rows as f64 {
        return Err(Error::TooLargeAShareRejected { rejected, rows, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{Int64Type, UInt64Type};

    use super::*;

    fn input() -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![10, 20, 30]));
        RecordBatch::try_from_iter([("rejected_by", column)]).expect("a batch")
    }

    fn rejection(row: u32) -> Rejection {
        Rejection {
            row,
            reason: format!("reason {row}"),
        }
    }

    #[test]
    fn rows_keep_their_values_and_get_a_reason() {
        let batch = with_reasons(
            "clean",
            |row| 100 + u64::from(row),
            &input(),
            &[rejection(2), rejection(0)],
        )
        .expect("a batch");
        let names: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(
            names,
            ["rejected_by", "rejected_by_", "rejected_row", "rejected_because"]
        );
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[30, 10]);
        assert_eq!(batch.column(1).as_string::<i32>().value(0), "clean");
        assert_eq!(batch.column(2).as_primitive::<UInt64Type>().values(), &[102, 100]);
        assert_eq!(batch.column(3).as_string::<i32>().value(1), "reason 0");
    }

    #[tokio::test]
    async fn the_limit_ends_the_run() {
        let (rejects, progress) = (RejectedRows::counted(Some(2)), Progress::default());
        rejects
            .take("clean", u64::from, &input(), &[rejection(0), rejection(1)], &progress)
            .await
            .expect("within the limit");
        let error = rejects
            .take("clean", u64::from, &input(), &[rejection(2)], &progress)
            .await
            .expect_err("one too many");
        assert!(
            matches!(error, Error::TooManyRejects { limit: 2, ref reason } if reason == "reason 2"),
            "{error}"
        );
        assert_eq!(progress.rows_rejected(), 3);
    }
}
