//! ORC: its footer says where its stripes are, and any of them can be read and decoded apart from the others.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use orc_rust::array_decoder::NaiveStripeDecoder;
use orc_rust::error::OrcError;
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::ChunkReader;
use orc_rust::reader::metadata::FileMetadata;
use orc_rust::schema::RootDataType;
use orc_rust::stripe::Stripe;
use orc_rust::{ArrowReaderBuilder, TimestampPrecision};
use parking_lot::Mutex;

use super::{Container, Decoded, Part, Parts, fault, indices, postscript};
use crate::Error;
use crate::file::store::Store;
use crate::file::stored::{Input, StoredFile};

/// Opens a file. Blocks.
pub(super) fn open(
    store: &Arc<Store>,
    file: &StoredFile,
    names: Option<&[String]>,
    batch_rows: usize,
) -> Result<Container, Error> {
    let failed = |error: OrcError| fault::of_orc(file, fault::at_opening(), error);
    let mut builder = ArrowReaderBuilder::try_new(OrcInput::open(store, file)?)
        .map_err(failed)?
        .with_timestamp_precision(TimestampPrecision::Microsecond);
    let mut mask = ProjectionMask::all();
    let has_any = |names: &&[String]| indices(&builder.schema(), names).is_some();
    if let Some(names) = names.filter(has_any) {
        mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), names);
        builder = builder.with_projection(mask.clone());
    }
    let schema = builder.schema();
    let orc = Arc::new(OrcFile {
        columns: builder.file_metadata().root_data_type().project(&mask),
        metadata: builder.file_metadata().clone(),
        schema: Arc::clone(&schema),
        batch_rows,
        store: Arc::clone(store),
        file: file.clone(),
    });
    let mut stripes: Vec<Part> = Vec::new();
    let mut before = 0_u64;
    for (index, stripe) in orc.metadata.stripe_metadatas().iter().enumerate() {
        stripes.push(Box::new(StripeRows {
            index,
            before,
            announced: stripe.number_of_rows(),
            rows: 0,
            decoder: None,
            orc: Arc::clone(&orc),
        }));
        before = before.saturating_add(stripe.number_of_rows());
    }
    Ok(Container {
        schema,
        parts: Parts::Unread(stripes),
    })
}

/// What the stripes of a file have in common.
struct OrcFile {
    metadata: FileMetadata,
    /// The columns that are read, as ORC and as Arrow describe them.
    columns: RootDataType,
    schema: SchemaRef,
    batch_rows: usize,
    store: Arc<Store>,
    file: StoredFile,
}

impl OrcFile {
    /// Reads the columns of a stripe into memory, as they are in the file.
    fn decoder(&self, index: usize, before: u64) -> Result<NaiveStripeDecoder, Error> {
        let failed = |error: OrcError| fault::of_orc(&self.file, fault::behind(before), error);
        let mut input = OrcInput::open(&self.store, &self.file)?;
        let stripe = &self.metadata.stripe_metadatas()[index];
        let stripe = Stripe::new(&mut input, &self.metadata, &self.columns, stripe).map_err(failed)?;
        NaiveStripeDecoder::new(stripe, Arc::clone(&self.schema), self.batch_rows).map_err(failed)
    }
}

/// Reads and decodes a stripe.
struct StripeRows {
    index: usize,
    /// The file's rows before the stripe.
    before: u64,
    /// Rows that the footer promises.
    announced: u64,
    /// Rows that were decoded.
    rows: u64,
    /// None before the first row and behind the last one.
    decoder: Option<NaiveStripeDecoder>,
    orc: Arc<OrcFile>,
}

impl Iterator for StripeRows {
    type Item = Decoded;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

impl StripeRows {
    fn batch(&mut self) -> Result<Option<(RecordBatch, u64)>, Error> {
        if self.rows >= self.announced {
            return Ok(None);
        }
        let orc = &self.orc;
        let before = self.before.saturating_add(self.rows);
        let wrong = |reason: &str| fault::damaged(&orc.file, fault::behind(before), reason.to_owned());
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => orc.decoder(self.index, before)?,
        };
        let batch = decoder.next().transpose();
        let batch = batch.map_err(|error| fault::of_orc(&orc.file, fault::behind(before), error))?;
        let batch = batch.ok_or_else(|| wrong("a stripe ends before its last row"))?;
        if batch.num_columns() != orc.schema.fields().len() {
            return Err(wrong("a column of a stripe ends before its last row"));
        }
        self.rows += batch.num_rows() as u64;
        if self.rows > self.announced || batch.num_rows() == 0 {
            return Err(wrong("a stripe has another number of rows than the footer says"));
        }
        if self.rows < self.announced {
            self.decoder = Some(decoder);
        }
        Ok(Some((batch, before)))
    }
}

/// A file that ORC's decoder reads in pieces.
struct OrcInput {
    /// The decoder asks through shared references, from one thread.
    input: Arc<Mutex<Input>>,
    size: u64,
}

impl OrcInput {
    fn open(store: &Arc<Store>, file: &StoredFile) -> Result<Self, Error> {
        Ok(Self {
            input: Arc::new(Mutex::new(file.open(store)?)),
            size: file.meta.size,
        })
    }
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

    fn get_read(&self, offset_from_start: u64) -> io::Result<Self::T> {
        Ok(BufReader::new(OrcPiece {
            input: Arc::clone(&self.input),
            position: offset_from_start,
        }))
    }

    /// Makes room for no more than the file has, whatever a damaged one says. Who reads its end reads the postscript.
    fn get_bytes(&self, offset_from_start: u64, length: u64) -> io::Result<Bytes> {
        let end = offset_from_start.checked_add(length);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let mut input = self.input.lock();
        input.seek(SeekFrom::Start(offset_from_start))?;
        input.read_exact(&mut bytes)?;
        if end == Some(self.size) {
            postscript::check(&bytes)?;
        }
        Ok(bytes.into())
    }
}

impl Read for OrcPiece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input.lock();
        input.seek(SeekFrom::Start(self.position))?;
        let read = input.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}
