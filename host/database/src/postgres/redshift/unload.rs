//! Reading through files: the cluster unloads a query to S3 as Parquet, and its parts share the files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use futures::{StreamExt, TryStreamExt, stream};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use tokio::sync::OnceCell;

use super::super::cursor::parsed;
use super::super::scan::Plan;
use super::super::wire::{Reading, Wire};
use super::super::{Postgres, PostgresDialect};
use super::bucket::Bucket;
use super::file_reader::FileReader;
use super::unloaded::{File, Unloaded, run};
use crate::sql::Dialect;
use crate::{Batches, Error, ScanRequest};

/// How a scan's rows come through files.
pub(in super::super) struct Unload {
    bucket: Bucket,
    /// The statement that reads the rows, as the table has them, to be checked against what was expected of them.
    pub select: String,
    /// The one that is unloaded.
    query: String,
    parts: usize,
    /// What was unloaded, once the first part has had it done.
    state: OnceCell<Arc<Unloaded>>,
    /// Parts that have not ended.
    left: AtomicUsize,
    rows: AtomicU64,
}

/// The statements of a scan that goes through files, one for each part; those that there are where it does not.
pub(in super::super) fn unload(
    database: &Postgres,
    request: &ScanRequest,
    readings: &[Reading],
    statements: Vec<String>,
) -> Result<(Vec<String>, Option<Unload>), Error> {
    // Rows of a limit are few, and rows without columns are counted.
    let has_few = request.limit.is_some() || readings.is_empty();
    let bucket = match database.driver() {
        crate::Driver::Redshift if !has_few => Bucket::of(&database.target.options)?,
        _ => None,
    };
    let (Some(bucket), Some(select)) = (bucket, statements.first().cloned()) else {
        return Ok((statements, None));
    };
    let columns = request.schema.fields().iter().zip(readings).enumerate();
    let columns: Vec<String> = columns
        .map(|(index, (field, reading))| {
            let name = PostgresDialect.quote(field.name());
            format!("{} as c{index}", unloaded_column(&name, &reading.wire))
        })
        .collect();
    let query = format!("select {} from ({select}) as tenon_rows", columns.join(", "));
    let parts = request.parts.max(1);
    let unload = Unload {
        bucket,
        select,
        query,
        parts,
        state: OnceCell::new(),
        left: AtomicUsize::new(parts),
        rows: AtomicU64::new(0),
    };
    Ok((vec![unload.shown(); parts], Some(unload)))
}

/// A column as it is unloaded. Parquet files of Redshift have no times of day, and no zones.
fn unloaded_column(name: &str, wire: &Wire) -> String {
    match wire {
        Wire::Time => format!("({name})::varchar(32)"),
        Wire::Instant => format!("({name} at time zone 'utc')"),
        Wire::Oid => format!("({name})::bigint"),
        _ => name.to_owned(),
    }
}

impl Unload {
    /// The statement, for people to see.
    fn shown(&self) -> String {
        format!(
            "unload ({}) to '{}/...' ... format as parquet",
            literal(&self.query),
            self.bucket.url(&self.bucket.folder(""))
        )
    }

    /// Where it goes.
    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The statement. Holds secrets.
    pub fn statement(&self, to: &str) -> String {
        let region = self.bucket.region.as_ref().map(|region| format!(" region '{region}'"));
        format!(
            "unload ({}) to '{to}' {} format as parquet manifest maxfilesize 128 mb{}",
            literal(&self.query),
            self.bucket.authorization(),
            region.unwrap_or_default()
        )
    }
}

/// A statement within a statement, in which backslashes escape.
fn literal(statement: &str) -> String {
    format!("'{}'", statement.replace('\\', "\\\\").replace('\'', "''"))
}

/// The batches of a part.
pub(in super::super) fn read(plan: Arc<Plan>, part: usize) -> Batches {
    let first = async move {
        let Some(unload) = &plan.unload else {
            return Ok(stream::empty().boxed());
        };
        let unloaded = unload.state.get_or_try_init(|| run(&plan, unload)).await?;
        let reader = Reader {
            files: unloaded
                .files
                .iter()
                .skip(part)
                .step_by(unload.parts)
                .cloned()
                .collect(),
            unloaded: Arc::clone(unloaded),
            plan: Arc::clone(&plan),
            stream: None,
            has_ended: false,
        };
        Ok(stream::try_unfold(reader, Reader::next).boxed())
    };
    stream::once(first).try_flatten().boxed()
}

/// The files of one part.
struct Reader {
    files: std::collections::VecDeque<File>,
    stream: Option<ParquetRecordBatchStream<FileReader>>,
    unloaded: Arc<Unloaded>,
    plan: Arc<Plan>,
    has_ended: bool,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>, Error> {
        loop {
            if let Some(stream) = &mut self.stream
                && let Some(batch) = stream.next().await
            {
                let batch = batch.map_err(|error| self.failed(&error.to_string()))?;
                if let Some(unload) = &self.plan.unload {
                    unload.rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                }
                return Ok(Some((self.converted(&batch)?, self)));
            }
            self.stream = None;
            let Some(file) = self.files.pop_front() else {
                self.end().await?;
                return Ok(None);
            };
            self.stream = Some(open(&self.plan, &self.unloaded, file).await?);
        }
    }

    /// After the last file: the last part removes them all, and sees that every row has come.
    async fn end(&mut self) -> Result<(), Error> {
        self.has_ended = true;
        let Some(unload) = &self.plan.unload else { return Ok(()) };
        if unload.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        self.unloaded.remove().await;
        let (read, unloaded) = (unload.rows.load(Ordering::Relaxed), self.unloaded.rows);
        if read != unloaded {
            return Err(self.failed(&format!("{unloaded} rows were unloaded, and the files have {read}")));
        }
        Ok(())
    }

    fn converted(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let fields = self.plan.schema.fields();
        if batch.num_columns() != fields.len() {
            return Err(self.failed(&format!(
                "{} columns were expected, and there are {}",
                fields.len(),
                batch.num_columns()
            )));
        }
        let columns = fields.iter().zip(batch.columns()).map(|(field, column)| {
            converted(column, field.data_type()).map_err(|error| Error::Value {
                relation: self.plan.relation.clone(),
                column: field.name().clone(),
                reason: error.to_string(),
            })
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, Error>>()?;
        RecordBatch::try_new(Arc::clone(&self.plan.schema), columns).map_err(|error| Error::Mismatch {
            table: self.plan.relation.clone(),
            reason: error.to_string(),
        })
    }

    fn failed(&self, reason: &str) -> Error {
        failed(&self.plan, &self.unloaded, reason)
    }
}

/// The rows of a file.
async fn open(plan: &Plan, unloaded: &Unloaded, file: File) -> Result<ParquetRecordBatchStream<FileReader>, Error> {
    let mut reader = FileReader {
        store: Arc::clone(&unloaded.bucket.store),
        path: file.path,
        bytes: file.bytes,
    };
    let opened = async {
        let metadata = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await?;
        let metadata = in_microseconds(metadata)?;
        ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_batch_size(plan.batch_rows)
            .build()
    };
    let opened: Result<_, ParquetError> = opened.await;
    opened.map_err(|error| failed(plan, unloaded, &error.to_string()))
}

fn failed(plan: &Plan, unloaded: &Unloaded, reason: &str) -> Error {
    Error::Lost {
        database: plan.database.name().to_owned(),
        doing: format!("reading {} through {}", plan.relation, unloaded.place()),
        reason: reason.to_owned(),
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // The last of the parts removes the files, also where it was not read to its end.
        if !self.has_ended
            && let Some(unload) = &self.plan.unload
            && unload.left.fetch_sub(1, Ordering::AcqRel) == 1
        {
            self.unloaded.discard();
        }
    }
}

/// Old timestamps have nanoseconds, which reach to the year 2262 only.
fn in_microseconds(metadata: ArrowReaderMetadata) -> Result<ArrowReaderMetadata, ParquetError> {
    let columns = metadata.metadata().file_metadata().schema_descr().columns();
    if !columns
        .iter()
        .any(|column| column.physical_type() == PhysicalType::INT96)
    {
        return Ok(metadata);
    }
    let fields = metadata.schema().fields().iter().zip(columns).map(|(field, column)| {
        if column.physical_type() == PhysicalType::INT96 {
            field
                .as_ref()
                .clone()
                .with_data_type(DataType::Timestamp(TimeUnit::Microsecond, None))
        } else {
            field.as_ref().clone()
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    ArrowReaderMetadata::try_new(
        Arc::clone(metadata.metadata()),
        ArrowReaderOptions::new().with_schema(schema),
    )
}

/// A column of a file as the table's column was described.
fn converted(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let column = match column.data_type() {
        DataType::Timestamp(_, _) => {
            let moments = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            if let DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) = data_type {
                let moments = moments.as_primitive::<TimestampMicrosecondType>().clone();
                return Ok(Arc::new(moments.with_timezone(Arc::clone(zone))));
            }
            moments
        }
        // How texts are marked is the writer's choice.
        DataType::Binary | DataType::LargeUtf8 | DataType::Utf8View | DataType::BinaryView
            if matches!(data_type, DataType::Utf8 | DataType::Binary | DataType::Time64(_)) =>
        {
            cast(column, &DataType::Utf8)?
        }
        _ => Arc::clone(column),
    };
    parsed(&column, data_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_query_ends_its_quotes() {
        assert_eq!(literal(r"select 'it''s \n'"), r"'select ''it''''s \\n'''");
    }
}
