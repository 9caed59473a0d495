//! Writing rows to Parquet files in S3.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::kind::converted;
use super::load::{File, Shared};
use super::plan::{Plan, Source, Staged};
use crate::{Error, Part, TableName, TableWriter};

/// Bytes of a file, about: it is in memory until it is whole, and a cluster loads many at the same time.
const FILE_BYTES: usize = 32 << 20;

/// Rows as the staging table has them.
pub(super) struct Stage {
    pub schema: SchemaRef,
    target: TableName,
    staged: Vec<Staged>,
}

impl Stage {
    pub fn new(target: &TableName, plan: &Plan) -> Self {
        let fields = plan
            .staged
            .iter()
            .map(|column| Field::new(&column.name, column.kind.sent.clone(), true));
        Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            target: target.clone(),
            staged: plan.staged.clone(),
        }
    }

    /// The rows of a batch.
    pub fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let columns = self.staged.iter().map(|column| {
            values(column, batch).map_err(|reason| Error::Value {
                relation: self.target.to_string(),
                column: column.name.clone(),
                reason,
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| Error::Mismatch {
            table: self.target.to_string(),
            reason: error.to_string(),
        })
    }
}

fn values(column: &Staged, batch: &RecordBatch) -> Result<ArrayRef, String> {
    match column.source {
        Source::Column(index) => converted(batch.column(index), &column.kind.sent),
        Source::Deleted(index) => deleted(batch.column(index)),
        Source::Order(position, sequence) => {
            let places = |index: usize| {
                let texts = cast(batch.column(index), &DataType::Utf8).map_err(|error| error.to_string())?;
                Ok::<_, String>(texts.as_string::<i32>().clone())
            };
            let positions = places(position)?;
            let sequences = sequence.map(places).transpose()?;
            let order = (0..batch.num_rows()).map(|row| {
                let sequence = sequences
                    .as_ref()
                    .filter(|values| values.is_valid(row))
                    .map_or("", |values| values.value(row));
                let position = if positions.is_valid(row) {
                    positions.value(row)
                } else {
                    ""
                };
                format!("{}/{}", padded(position), padded(sequence))
            });
            Ok(Arc::new(StringArray::from_iter_values(order)))
        }
    }
}

/// Whether rows are marked as deleted.
fn deleted(array: &ArrayRef) -> Result<ArrayRef, String> {
    let marks: BooleanArray = if *array.data_type() == DataType::Boolean {
        array.as_boolean().iter().map(|mark| Some(mark == Some(true))).collect()
    } else {
        let texts = cast(array, &DataType::Utf8).map_err(|error| error.to_string())?;
        texts
            .as_string::<i32>()
            .iter()
            .map(|text| Some(text == Some("delete")))
            .collect()
    };
    Ok(Arc::new(marks))
}

/// A place such that the order of texts is that of places: the parts of `16/B374D848` and numbers get one length.
fn padded(place: &str) -> String {
    let parts: Vec<String> = place
        .split('/')
        .map(|part| format!("{:0>20}", part.to_uppercase()))
        .collect();
    parts.join("/")
}

/// Writes the rows of one partition, to one file after the other.
pub(super) struct FileWriter {
    shared: Arc<Shared>,
    stage: Stage,
    partition: usize,
    files: usize,
    open: Option<ArrowWriter<Vec<u8>>>,
    open_rows: u64,
    rows: u64,
    bytes: u64,
}

impl FileWriter {
    pub fn new(shared: Arc<Shared>, partition: usize) -> Self {
        Self {
            stage: Stage::new(&shared.target, &shared.plan),
            shared,
            partition,
            files: 0,
            open: None,
            open_rows: 0,
            rows: 0,
            bytes: 0,
        }
    }

    fn writer(&mut self) -> Result<&mut ArrowWriter<Vec<u8>>, Error> {
        if self.open.is_none() {
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&self.stage.schema), Some(properties));
            self.open = Some(writer.map_err(|error| self.failed(&error))?);
        }
        self.open.as_mut().ok_or_else(|| Error::Mismatch {
            table: self.stage.target.to_string(),
            reason: "no file is open".to_owned(),
        })
    }

    /// Ends the file that is open, and puts it into the bucket.
    async fn end_file(&mut self) -> Result<(), Error> {
        let Some(writer) = self.open.take() else {
            return Ok(());
        };
        let content = writer.into_inner().map_err(|error| self.failed(&error))?;
        let bytes = content.len() as u64;
        let name = format!("{}-{}.parquet", self.partition, self.files);
        self.files += 1;
        let path = self.shared.put(&name, content).await?;
        self.shared.add(File {
            path,
            bytes,
            rows: self.open_rows,
        });
        self.bytes += bytes;
        self.open_rows = 0;
        Ok(())
    }

    fn failed(&self, error: &parquet::errors::ParquetError) -> Error {
        Error::Mismatch {
            table: self.stage.target.to_string(),
            reason: format!("its rows cannot be written as Parquet: {error}"),
        }
    }
}

#[async_trait]
impl TableWriter for FileWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let rows = self.stage.rows(batch)?;
        let writer = self.writer()?;
        let written = writer.write(&rows);
        let size = writer.bytes_written() + writer.in_progress_size();
        written.map_err(|error| self.failed(&error))?;
        self.rows += rows.num_rows() as u64;
        self.open_rows += rows.num_rows() as u64;
        if size >= FILE_BYTES {
            self.end_file().await?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<Part, Error> {
        self.end_file().await?;
        Ok(Part {
            rows: self.rows,
            bytes: self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_ordered_as_texts() {
        assert!(padded("0/9") < padded("0/10") && padded("0/FFFFFFFF") < padded("1/0") && padded("9") < padded("10"));
    }
}
