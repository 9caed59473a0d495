//! Formats whose files declare their columns and hold batches: Avro, Arrow IPC and ORC.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow_avro::reader::ReaderBuilder as AvroReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::ChunkReader;
use orc_rust::{ArrowReaderBuilder, TimestampPrecision};
use parking_lot::Mutex;

use super::format::Format;
use super::store::Store;
use super::stored::{Input, StoredFile};
use crate::Error;

/// Bytes that are read ahead of a decoder.
const BUFFER_BYTES: usize = 256 << 10;

/// First bytes of an Arrow IPC file; a stream has others.
const ARROW_FILE: &[u8] = b"ARROW1";

/// The batches of one file.
pub(super) struct Container {
    schema: SchemaRef,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>,
    file: StoredFile,
    rows: u64,
}

impl Container {
    /// Opens a file to read the columns of these names, in the file's order; all where there are none. Blocks.
    pub fn open(
        store: &Arc<Store>,
        file: &StoredFile,
        format: Format,
        names: Option<&[String]>,
        batch_rows: usize,
    ) -> Result<Self, Error> {
        let input = file.open(store)?;
        let opened = match format {
            Format::Avro => avro(input, names, batch_rows),
            Format::Orc => orc(input, file.meta.size, names, batch_rows),
            _ => ipc(input, names),
        };
        let (schema, batches) = opened.map_err(|error| damaged(file, "at its start or end".to_owned(), error))?;
        Ok(Self {
            schema,
            batches,
            file: file.clone(),
            rows: 0,
        })
    }

    /// The columns that are read.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows, with the number of rows before them. Blocks.
    pub fn next(&mut self) -> Result<Option<(RecordBatch, u64)>, Error> {
        match self.batches.next() {
            None => Ok(None),
            Some(Ok(batch)) => {
                let before = self.rows;
                self.rows += batch.num_rows() as u64;
                Ok(Some((batch, before)))
            }
            Some(Err(error)) => Err(damaged(&self.file, format!("behind row {}", self.rows), error)),
        }
    }
}

type Opened = (
    SchemaRef,
    Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>,
);

fn avro(input: Input, names: Option<&[String]>, batch_rows: usize) -> Result<Opened, ArrowError> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let builder = || AvroReaderBuilder::new().with_batch_size(batch_rows);
    let reader = match names {
        None => builder().build(input)?,
        Some(names) => {
            let schema = builder().build(&mut input)?.schema();
            input.seek(SeekFrom::Start(0))?;
            match indices(&schema, names) {
                Some(indices) => builder().with_projection(indices).build(input)?,
                None => builder().build(input)?,
            }
        }
    };
    Ok((reader.schema(), Box::new(reader)))
}

fn ipc(mut input: Input, names: Option<&[String]>) -> Result<Opened, ArrowError> {
    let mut start = Vec::new();
    (&mut input).take(ARROW_FILE.len() as u64).read_to_end(&mut start)?;
    let is_file = start == ARROW_FILE;
    input.seek(SeekFrom::Start(0))?;
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let projection = match names {
        None => None,
        Some(names) => {
            let schema = if is_file {
                FileReader::try_new(&mut input, None)?.schema()
            } else {
                StreamReader::try_new(&mut input, None)?.schema()
            };
            input.seek(SeekFrom::Start(0))?;
            indices(&schema, names)
        }
    };
    if is_file {
        let reader = FileReader::try_new(input, projection)?;
        return Ok((reader.schema(), Box::new(reader)));
    }
    let reader = StreamReader::try_new(input, projection)?;
    Ok((reader.schema(), Box::new(reader)))
}

fn orc(input: Input, size: u64, names: Option<&[String]>, batch_rows: usize) -> Result<Opened, ArrowError> {
    let shared = OrcInput {
        input: Arc::new(Mutex::new(input)),
        size,
    };
    let mut builder = ArrowReaderBuilder::try_new(shared)
        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?
        .with_timestamp_precision(TimestampPrecision::Microsecond)
        .with_batch_size(batch_rows);
    let has_any = |names: &&[String]| indices(&builder.schema(), names).is_some();
    if let Some(names) = names.filter(has_any) {
        let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), names);
        builder = builder.with_projection(mask);
    }
    Ok((builder.schema(), Box::new(builder.build())))
}

/// Positions of the columns that the file has, in its order. None where it has none of them: then every column is read,
/// for the number of rows.
fn indices(schema: &SchemaRef, names: &[String]) -> Option<Vec<usize>> {
    let fields = schema.fields().iter().enumerate();
    let wanted = fields.filter(|(_, field)| names.contains(field.name()));
    let indices: Vec<usize> = wanted.map(|(index, _)| index).collect();
    (!indices.is_empty()).then_some(indices)
}

fn damaged(file: &StoredFile, place: String, error: ArrowError) -> Error {
    if let ArrowError::IoError(_, io) = error {
        return match io.downcast::<Error>() {
            Ok(own) => own,
            Err(io) => Error::Damaged {
                file: file.name.to_string(),
                place,
                reason: io.to_string(),
            },
        };
    }
    Error::Damaged {
        file: file.name.to_string(),
        place,
        reason: error.to_string(),
    }
}

/// A file that ORC's decoder reads in pieces.
struct OrcInput {
    /// Only one thread decodes a file.
    input: Arc<Mutex<Input>>,
    size: u64,
}

struct OrcPiece {
    input: Arc<Mutex<Input>>,
    position: u64,
}

impl ChunkReader for OrcInput {
    type T = BufReader<OrcPiece>;

    fn len(&self) -> u64 {
        self.size
    }

    fn get_read(&self, offset_from_start: u64) -> std::io::Result<Self::T> {
        Ok(BufReader::new(OrcPiece {
            input: Arc::clone(&self.input),
            position: offset_from_start,
        }))
    }
}

impl Read for OrcPiece {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut input = self.input.lock();
        input.seek(SeekFrom::Start(self.position))?;
        let read = input.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}
