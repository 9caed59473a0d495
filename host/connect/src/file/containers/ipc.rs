//! Arrow's own format, as a file and as a stream.
//!
//! A file's footer says where its batches and its dictionaries are, and all dictionaries are read before the first batch, so
//! that any batch can be decoded apart from the others. In a stream, dictionaries may be replaced between two batches.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::buffer::{Buffer, MutableBuffer};
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamReader, read_footer_length};
use arrow::ipc::{Block, root_as_footer};

use super::messages::{Messages, no_batch, rows_of};
use super::pieces::Pieces;
use super::{BUFFER_BYTES, Container, Decoded, Part, Parts, fault, indices};
use crate::Error;
use crate::file::store::Store;
use crate::file::stored::{Input, StoredFile};

/// First bytes of an Arrow IPC file; a stream has others.
const FILE_START: &[u8] = b"ARROW1";

/// What ends a file: the length of the footer before it, and the bytes that it starts with.
const FILE_END_BYTES: usize = 10;

/// The least that is before a message: its length, and what may be before that.
const MIN_MESSAGE_BYTES: u64 = 8;

/// Rows of a batch that are handed out at once. Columns of nothing but nulls take no bytes in a file, however many rows there
/// are, but what is made of them does.
const PIECE_ROWS: usize = 1 << 20;

/// Opens a file or a stream. Blocks.
pub(super) fn open(store: &Arc<Store>, file: &StoredFile, names: Option<&[String]>) -> Result<Container, Error> {
    let mut input = file.open(store)?;
    let opened = is_file(&mut input).and_then(|is_file| {
        if is_file {
            open_file(input, file, names)
        } else {
            open_stream(input, file, names)
        }
    });
    opened.map_err(|error| fault::of_arrow(file, fault::at_opening(), error))
}

fn is_file(input: &mut Input) -> Result<bool, ArrowError> {
    let mut start = Vec::new();
    input.by_ref().take(FILE_START.len() as u64).read_to_end(&mut start)?;
    input.rewind()?;
    Ok(start == FILE_START)
}

fn open_stream(input: Input, file: &StoredFile, names: Option<&[String]>) -> Result<Container, ArrowError> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let size = file.meta.size;
    let mut projection = None;
    if let Some(names) = names {
        let schema = StreamReader::try_new(Messages::new(&mut input, size), None)?.schema();
        input.rewind()?;
        projection = indices(&schema, names);
    }
    let reader = StreamReader::try_new(Messages::new(input, size), projection)?;
    let schema = reader.schema();
    let stream = Stream {
        reader,
        rows: 0,
        file: file.clone(),
    };
    let stream: Part = Box::new(Pieces::of(stream, PIECE_ROWS));
    Ok(Container {
        schema,
        parts: Parts::Unread(vec![stream]),
    })
}

/// Reads a stream from its start to its end.
struct Stream {
    reader: StreamReader<Messages<BufReader<Input>>>,
    rows: u64,
    file: StoredFile,
}

impl Iterator for Stream {
    type Item = Decoded;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.rows;
        let batch = self.reader.next()?;
        Some(match batch {
            Ok(batch) => {
                self.rows = before.saturating_add(batch.num_rows() as u64);
                Ok((batch, before))
            }
            Err(error) => Err(fault::of_arrow(&self.file, fault::behind(before), error)),
        })
    }
}

fn open_file(mut input: Input, file: &StoredFile, names: Option<&[String]>) -> Result<Container, ArrowError> {
    let wrong = |reason: &str| ArrowError::ParseError(reason.to_owned());
    let size = file.meta.size;
    let bytes = read_footer(&mut input, size)?;
    let footer = root_as_footer(&bytes).map_err(|error| wrong(&format!("its footer cannot be understood: {error}")))?;
    let columns = footer.schema().ok_or_else(|| wrong("its footer names no columns"))?;
    if !columns.endianness().equals_to_target_endianness() {
        return Err(wrong(
            "it was written on a machine with another byte order than this one's, and cannot be read here",
        ));
    }
    let schema = Arc::new(fb_to_schema(columns));
    let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
    if let Some(projection) = names.and_then(|names| indices(&schema, names)) {
        decoder = decoder.with_projection(projection);
    }
    if let Some(dictionaries) = footer.dictionaries() {
        for block in dictionaries {
            let dictionary = read_block(&mut input, size, block)?;
            rows_of(&dictionary, content_start(block))?;
            decoder.read_dictionary(block, &dictionary)?;
        }
    }
    let blocks = footer
        .recordBatches()
        .ok_or_else(|| wrong("its footer does not say where its batches are"))?;
    let blocks: Vec<Block> = blocks.iter().copied().collect();
    let batches = Batches {
        input,
        blocks: blocks.into_iter(),
        rows: 0,
        decoder: Arc::new(decoder),
        file: Arc::new(file.clone()),
    };
    Ok(Container {
        schema,
        parts: Parts::Read(Box::new(batches)),
    })
}

fn read_footer(input: &mut Input, size: u64) -> Result<Vec<u8>, ArrowError> {
    let too_short = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let footer_end = size.checked_sub(FILE_END_BYTES as u64).ok_or_else(too_short)?;
    let mut end = [0; FILE_END_BYTES];
    input.seek(SeekFrom::Start(footer_end))?;
    input.read_exact(&mut end)?;
    let length = read_footer_length(end)?;
    let start = footer_end.checked_sub(length as u64).ok_or_else(too_short)?;
    let mut footer = vec![0; length];
    input.seek(SeekFrom::Start(start))?;
    input.read_exact(&mut footer)?;
    Ok(footer)
}

/// Reads a message of a file: what describes it, and its content.
fn read_block(input: &mut Input, size: u64, block: &Block) -> Result<Buffer, ArrowError> {
    let outside = || ArrowError::ParseError("its footer names a place that is not in the file".to_owned());
    let start = u64::try_from(block.offset()).map_err(|_| outside())?;
    let described = u64::try_from(block.metaDataLength()).map_err(|_| outside())?;
    let content = u64::try_from(block.bodyLength()).map_err(|_| outside())?;
    let length = described.checked_add(content).ok_or_else(outside)?;
    let end = start.checked_add(length).ok_or_else(outside)?;
    if described < MIN_MESSAGE_BYTES || end > size {
        return Err(outside());
    }
    let mut bytes = MutableBuffer::from_len_zeroed(usize::try_from(length).map_err(|_| outside())?);
    input.seek(SeekFrom::Start(start))?;
    input.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

/// Reads a file's batches, and leaves it to others to decode them.
struct Batches {
    input: Input,
    blocks: std::vec::IntoIter<Block>,
    rows: u64,
    /// Holds the dictionaries.
    decoder: Arc<FileDecoder>,
    file: Arc<StoredFile>,
}

impl Iterator for Batches {
    type Item = Result<Part, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.blocks.next()?;
        let part = self.part(block);
        Some(part.map_err(|error| fault::of_arrow(&self.file, fault::behind(self.rows), error)))
    }
}

impl Batches {
    fn part(&mut self, block: Block) -> Result<Part, ArrowError> {
        let bytes = read_block(&mut self.input, self.file.meta.size, &block)?;
        let before = self.rows;
        self.rows = before.saturating_add(rows_of(&bytes, content_start(&block))?);
        let (decoder, file) = (Arc::clone(&self.decoder), Arc::clone(&self.file));
        let decode = move || -> Decoded {
            let failed = |error: ArrowError| fault::of_arrow(&file, fault::behind(before), error);
            let batch = decoder.read_record_batch(&block, &bytes).map_err(failed)?;
            let none = || failed(no_batch());
            Ok((batch.ok_or_else(none)?, before))
        };
        Ok(Box::new(Pieces::of(std::iter::once_with(decode), PIECE_ROWS)))
    }
}

/// Where the content of a message begins.
fn content_start(block: &Block) -> usize {
    usize::try_from(block.metaDataLength()).unwrap_or_default()
}
