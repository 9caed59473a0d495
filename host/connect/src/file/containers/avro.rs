//! Avro's object container files: a header, then blocks of records, each closed by the header's marker.
//!
//! Where a block begins is told only by the one before it, so one thread cuts the file, which costs little more than to read
//! it. Decompressing and decoding is left to whoever takes the part.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::reader::{ReaderBuilder, read_header_info};

use super::pieces::Pieces;
use super::varint::number;
use super::{BUFFER_BYTES, Container, Decoded, Part, Parts, fault, indices};
use crate::Error;
use crate::file::store::Store;
use crate::file::stored::{Input, StoredFile};

/// Bytes of the file that are worth a part; a part holds one block at least.
const PART_BYTES: u64 = 1 << 20;

/// Length of the marker behind the header and behind each block.
const MARKER_BYTES: usize = 16;

/// Rows that are decoded at once at most. Arrow's arrays of text hold no more, and rows may take no bytes at all, so that
/// the size of a block says nothing about them.
const MAX_BLOCK_ROWS: u64 = i32::MAX as u64;

/// The bytes that one of Snappy's can stand for, at most: three say that 64 are repeated.
const MOST_OF_SNAPPY: u64 = 22;

/// Opens a file. Blocks.
pub(super) fn open(
    store: &Arc<Store>,
    file: &StoredFile,
    names: Option<&[String]>,
    batch_rows: usize,
) -> Result<Container, Error> {
    let failed = |error: ArrowError| fault::of_arrow(file, fault::at_opening(), error);
    let unread = |error: io::Error| file.damaged(fault::at_opening(), error);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file.open(store)?);
    let info = read_header_info(&mut input).map_err(|error| failed(error.into()))?;
    let codec = info.compression().map_err(|error| failed(error.into()))?;
    input.rewind().map_err(unread)?;
    let mut bytes = Vec::new();
    let read = input.by_ref().take(info.header_len()).read_to_end(&mut bytes);
    read.map_err(unread)?;
    let schema = ReaderBuilder::new().build(bytes.as_slice()).map_err(failed)?.schema();
    let header = Header {
        projection: names.and_then(|names| indices(&schema, names)),
        is_compressed: codec.is_some(),
        is_snappy: matches!(codec, Some(CompressionCodec::Snappy)),
        marker: info.sync(),
        bytes,
    };
    let blocks = Blocks {
        input,
        position: info.header_len(),
        rows: 0,
        batch_rows,
        header: Arc::new(header),
        file: Arc::new(file.clone()),
    };
    Ok(Container {
        schema,
        parts: Parts::Read(Box::new(blocks)),
    })
}

/// What the blocks of a file have in common.
struct Header {
    bytes: Vec<u8>,
    projection: Option<Vec<usize>>,
    is_compressed: bool,
    is_snappy: bool,
    marker: [u8; MARKER_BYTES],
}

/// Cuts a file at its blocks.
struct Blocks {
    input: BufReader<Input>,
    position: u64,
    /// Rows that were cut off so far.
    rows: u64,
    batch_rows: usize,
    header: Arc<Header>,
    file: Arc<StoredFile>,
}

struct Block {
    rows: u64,
    /// Its records, as they are in the file.
    data: Vec<u8>,
}

impl Iterator for Blocks {
    type Item = Result<Part, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.part();
        let part = part.map_err(|error| self.file.damaged(fault::behind(self.rows), error));
        part.transpose()
    }
}

impl Blocks {
    fn part(&mut self) -> io::Result<Option<Part>> {
        let (start, before) = (self.position, self.rows);
        let mut blocks: VecDeque<Block> = VecDeque::new();
        while self.position < self.file.meta.size && self.position - start < PART_BYTES {
            let block = self.block()?;
            self.rows = self.rows.saturating_add(block.rows);
            match blocks.back_mut() {
                // To decode a block costs something apart from its rows, so small ones become one where they can.
                Some(last) if !self.header.is_compressed => {
                    last.rows = last.rows.saturating_add(block.rows);
                    last.data.extend_from_slice(&block.data);
                }
                _ => blocks.push_back(block),
            }
        }
        if blocks.is_empty() {
            return Ok(None);
        }
        let records = Records {
            blocks,
            rows: before,
            batch_rows: self.batch_rows,
            header: Arc::clone(&self.header),
            file: Arc::clone(&self.file),
        };
        Ok(Some(Box::new(Pieces::of(records, self.batch_rows))))
    }

    fn block(&mut self) -> io::Result<Block> {
        let rows = self.number()?;
        let length = self.number()?;
        let left = self.file.meta.size.saturating_sub(self.position);
        if length.saturating_add(MARKER_BYTES as u64) > left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut data = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.input.read_exact(&mut data)?;
        let mut marker = [0; MARKER_BYTES];
        self.input.read_exact(&mut marker)?;
        self.position += length + MARKER_BYTES as u64;
        if marker != self.header.marker {
            return Err(invalid("a block does not end with the marker that the header gives"));
        }
        Ok(Block { rows, data })
    }

    /// A number as Avro writes it: seven bits a byte, the lowest first, and the sign in the lowest of all.
    fn number(&mut self) -> io::Result<u64> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            self.position += 1;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return match value & 1 {
                    0 => Ok(value >> 1),
                    _ => Err(invalid("the number of rows or the length of a block is negative")),
                };
            }
        }
        Err(invalid(
            "the number of rows or the length of a block has too many digits",
        ))
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Decodes the blocks of a part.
struct Records {
    blocks: VecDeque<Block>,
    /// The file's rows before the next one.
    rows: u64,
    batch_rows: usize,
    header: Arc<Header>,
    file: Arc<StoredFile>,
}

impl Iterator for Records {
    type Item = Decoded;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.rows;
        let decoded = self.decode_some().transpose()?;
        Some(decoded.map(|batch| {
            self.rows = before.saturating_add(batch.num_rows() as u64);
            (batch, before)
        }))
    }
}

impl Records {
    /// The rows of the next block, or of as many small ones as make a batch.
    fn decode_some(&mut self) -> Result<Option<RecordBatch>, Error> {
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut rows = 0;
        while rows < self.batch_rows.max(1)
            && let Some(block) = self.blocks.pop_front()
        {
            if let Some(batch) = self.decode(&block, self.rows.saturating_add(rows as u64))? {
                rows += batch.num_rows();
                batches.push(batch);
            }
        }
        if batches.len() < 2 {
            return Ok(batches.pop());
        }
        let joined = concat_batches(&batches[0].schema(), &batches);
        let joined = joined.map_err(|error| fault::of_arrow(&self.file, fault::behind(self.rows), error))?;
        Ok(Some(joined))
    }

    /// Decodes a block as a file of its own, with the number of its rows as the size of a batch: the first batch then holds
    /// all of them, and there is no second one.
    ///
    /// In that file the block announces more rows than any holds. The decoder would otherwise never return from a block
    /// with bytes behind its last row: of those it would decode no more rows for ever. So it tries, and they are noticed.
    fn decode(&self, block: &Block, before: u64) -> Result<Option<RecordBatch>, Error> {
        let wrong = |reason: String| fault::damaged(&self.file, fault::behind(before), reason);
        let failed = |error: ArrowError| fault::of_arrow(&self.file, fault::behind(before), error);
        if block.rows > MAX_BLOCK_ROWS {
            return Err(wrong(format!(
                "a block holds {} rows, and no more than {MAX_BLOCK_ROWS} are read from one; write smaller blocks",
                block.rows
            )));
        }
        if self.header.is_snappy && is_impossible(&block.data) {
            return Err(wrong(
                "a block is said to be longer than its bytes can stand for".to_owned(),
            ));
        }
        let mut start = Vec::new();
        push_number(&mut start, i64::MAX as u64);
        push_number(&mut start, block.data.len() as u64);
        let file = self.header.bytes.as_slice().chain(start.as_slice());
        let file = file.chain(block.data.as_slice()).chain(self.header.marker.as_slice());
        let mut builder = ReaderBuilder::new().with_batch_size((block.rows as usize).max(1));
        if let Some(projection) = &self.header.projection {
            builder = builder.with_projection(projection.clone());
        }
        let mut reader = builder.build(file).map_err(failed)?;
        let batch = reader.next().transpose().map_err(failed)?;
        let rows = batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
        if rows != block.rows || reader.next().is_some() {
            return Err(wrong(format!(
                "a block announces {} rows, and its bytes are not as many",
                block.rows
            )));
        }
        Ok(batch)
    }
}

/// Whether a block that Snappy has compressed begins with a size that it cannot have. The decoder would make room for it.
fn is_impossible(mut block: &[u8]) -> bool {
    number(&mut block).is_some_and(|size| size > (block.len() as u64).saturating_mul(MOST_OF_SNAPPY))
}

/// Writes a number as Avro does.
fn push_number(bytes: &mut Vec<u8>, number: u64) {
    let mut rest = number << 1;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_no_longer_than_its_bytes_can_stand_for() {
        // A byte, then the one before it 64 times over.
        assert!(!is_impossible(&[65, 0, b'x', 0xfe, 1, 0]));
        assert!(!is_impossible(&[0, 0, 0, 0, 0]), "nothing, and the checksum of it");
        // 4 GiB less a byte, in as few.
        assert!(is_impossible(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, b'x', 0xfe, 1, 0]));
    }
}
