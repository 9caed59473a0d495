//! Text files as chunks that hold whole records.
//!
//! A compressed file is one stream: only one thread can decompress it. Parsing costs more than that, so the stream is cut
//! at record ends into chunks, which any number of partitions then parse at the same time. Text that is not compressed
//! goes the same way: finding record ends costs a small part of parsing, and only from the start of a file can a line end
//! inside quotes be told from one that ends a record.

mod boundaries;
mod chunker;
mod encoding;
mod objects;

use std::io::{Cursor, Read};
use std::sync::Arc;

use datafusion::physical_plan::metrics::Count;

pub(super) use boundaries::{Cut, first_record_length};
pub(super) use chunker::{Chunk, Chunker, count_lines};
pub use encoding::Encoding;
pub(super) use objects::split_objects;

use super::format::Codec;
use super::store::Store;
use super::stored::StoredFile;
use crate::Error;

/// Decompressed bytes per chunk: some ten thousand records of ordinary width, and still within a core's cache.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// The characters that give a CSV file its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
    /// Takes the meaning from the character behind it, inside quotes.
    pub escape: Option<u8>,
    /// Begins lines that are no records.
    pub comment: Option<u8>,
}

#[cfg(test)]
impl Dialect {
    pub const fn new(delimiter: u8, quote: u8) -> Self {
        Self {
            delimiter,
            quote,
            escape: None,
            comment: None,
        }
    }
}

/// How files become text, and text becomes chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextOptions {
    pub cut: Cut,
    pub encoding: Encoding,
    /// Lines at the start of each file that are not read.
    pub skip_rows: u64,
}

type Reader = Box<dyn Read + Send>;

/// Opens a file as UTF-8 text, whatever its compression and encoding. What is read of it is added to `read`, in bytes as
/// stored. Blocks.
pub(super) fn open(
    store: &Arc<Store>,
    file: &StoredFile,
    options: &TextOptions,
    read: &Count,
) -> Result<Chunker, Error> {
    let input = file.open(store)?.counted(read.clone());
    let (start, stored) = peek::<6>(input).map_err(|error| file.failed(error))?;
    let codec = file.codec.unwrap_or_else(|| Codec::of_bytes(&start));
    let text = codec.decoder().convert_read(stored);
    let text = text.map_err(|error| file.failed(std::io::Error::other(error)))?;
    let text = options.encoding.decode(text).map_err(|error| damaged(file, 0, error))?;
    Chunker::new(text, file.clone(), options.cut, options.skip_rows)
}

/// The first `bytes` or more of a file, in whole records, with the line of its first record; and whether that is all of
/// it. Blocks.
pub(super) fn sample(
    store: &Arc<Store>,
    file: &StoredFile,
    options: &TextOptions,
    bytes: usize,
) -> Result<(Vec<u8>, bool), Error> {
    let mut chunker = open(store, file, options, &Count::new())?;
    let mut sample = Vec::new();
    while let Some(chunk) = chunker.next(CHUNK_BYTES.min(bytes.max(1)))? {
        sample.extend_from_slice(&chunk.bytes);
        if sample.len() >= bytes {
            return Ok((sample, false));
        }
    }
    Ok((sample, true))
}

/// A stream that can't be decompressed or decoded any further, with the line up to which it could.
fn damaged(file: &StoredFile, line: u64, error: std::io::Error) -> Error {
    file.damaged(format!("behind line {line}"), error)
}

/// The first bytes of what a reader yields, and a reader that yields them too.
fn peek<const N: usize>(mut reader: impl Read + Send + 'static) -> std::io::Result<(Vec<u8>, Reader)> {
    let mut start = Vec::with_capacity(N);
    (&mut reader).take(N as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Box::new(Cursor::new(start).chain(reader))))
}
