//! Arrow's messages, looked at before a decoder takes the sizes that they give at their word: it would make room for any, and
//! a process that asks for more memory than there is ends, with whatever else it does.

use std::io::{self, Read};

use arrow::error::ArrowError;
use arrow::ipc::{Buffer, Message, RecordBatch, root_as_message};

/// What a message may begin with, before its length.
const MARKER: [u8; 4] = [0xff; 4];

/// The bytes that a compressed one can stand for, at most: four of zstd say that a byte is repeated for 128 KiB.
const MOST_EXPANSION: u64 = 1 << 15;

/// How many rows a message announces, or values of a dictionary, if they and their sizes are possible. The message is whole;
/// its content begins at that position.
pub(super) fn rows_of(message: &[u8], content_start: usize) -> Result<u64, ArrowError> {
    let (described, content) = message.split_at_checked(content_start).unwrap_or_default();
    let start = if described.starts_with(&MARKER) { 8 } else { 4 };
    let described = root_as_message(described.get(start..).unwrap_or_default())
        .map_err(|error| ArrowError::ParseError(format!("a message cannot be understood: {error}")))?;
    let batch = batch_in(&described).ok_or_else(no_batch)?;
    check_sizes(batch, content)?;
    rows_in(batch)
}

pub(super) fn no_batch() -> ArrowError {
    ArrowError::ParseError("there is no batch where the footer says that there is one".to_owned())
}

fn batch_in<'a>(message: &Message<'a>) -> Option<RecordBatch<'a>> {
    let batch = message.header_as_record_batch();
    batch.or_else(|| message.header_as_dictionary_batch()?.data())
}

fn rows_in(batch: RecordBatch<'_>) -> Result<u64, ArrowError> {
    u64::try_from(batch.length()).map_err(|_| ArrowError::ParseError("a batch has less than no rows".to_owned()))
}

/// Refuses a buffer that cannot hold as many bytes as it says. Where there is none, the decoder notices.
fn check_sizes(batch: RecordBatch<'_>, content: &[u8]) -> Result<(), ArrowError> {
    if batch.compression().is_none() {
        return Ok(());
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let Some((size, compressed)) = bytes_of(buffer, content).and_then(<[u8]>::split_first_chunk) else {
            continue;
        };
        // Less than nothing says that it is not compressed.
        let size = u64::try_from(i64::from_le_bytes(*size)).unwrap_or_default();
        if size > (compressed.len() as u64).saturating_mul(MOST_EXPANSION) {
            let bytes = compressed.len();
            return Err(ArrowError::ParseError(format!(
                "{bytes} compressed bytes are said to be {size}, which they cannot be"
            )));
        }
    }
    Ok(())
}

fn bytes_of<'a>(buffer: &Buffer, content: &'a [u8]) -> Option<&'a [u8]> {
    let start = usize::try_from(buffer.offset()).ok()?;
    let length = usize::try_from(buffer.length()).ok()?;
    content.get(start..start.checked_add(length)?)
}

/// A stream of messages, of which each is looked at before a reader of them gets to see its length.
pub(super) struct Messages<R> {
    input: R,
    /// Bytes of the stream that are not read yet.
    left: u64,
    /// The beginning of a message: what describes it, and its content if that had to be looked at.
    start: Vec<u8>,
    /// How many bytes of these are handed out.
    given: usize,
    /// Bytes of the message behind these, which are handed out as they are read.
    rest: u64,
    /// What is wrong with the message behind its marker.
    fault: Option<io::Error>,
}

impl<R: Read> Messages<R> {
    /// Of a file of so many bytes.
    pub fn new(input: R, size: u64) -> Self {
        Self {
            input,
            left: size,
            start: Vec::new(),
            given: 0,
            rest: 0,
            fault: None,
        }
    }

    /// Begins with the next message.
    fn load(&mut self) -> io::Result<()> {
        self.start.clear();
        self.given = 0;
        self.fetch(4)?;
        let is_marked = self.start == MARKER;
        if is_marked {
            self.fetch(4)?;
        }
        let Err(fault) = self.look_into(if is_marked { 8 } else { 4 }) else {
            return Ok(());
        };
        if !is_marked {
            self.start.clear();
            // Here the reader takes it for the end of the stream.
            let is_end = fault.kind() == io::ErrorKind::UnexpectedEof;
            return Err(if is_end { io::Error::other(fault) } else { fault });
        }
        self.start.truncate(MARKER.len());
        self.fault = Some(fault);
        Ok(())
    }

    /// Reads what describes the message, behind its length, which ends at `start`, and its content where that is compressed.
    /// What is no message, the reader notices.
    fn look_into(&mut self, start: usize) -> io::Result<()> {
        let too_long = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let Some(length) = self.start.get(..start).and_then(<[u8]>::last_chunk) else {
            return Ok(());
        };
        let length = u64::try_from(i32::from_le_bytes(*length)).unwrap_or_default();
        if length > self.left {
            return Err(too_long());
        }
        self.fetch(length)?;
        let Ok(message) = root_as_message(&self.start[start..]) else {
            return Ok(());
        };
        let content = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        if content > self.left {
            return Err(too_long());
        }
        let batch = batch_in(&message);
        batch.map(rows_in).transpose().map_err(io::Error::other)?;
        let is_compressed = batch.is_some_and(|batch| batch.compression().is_some());
        if !is_compressed {
            self.rest = content;
            return Ok(());
        }
        let content_start = self.start.len();
        self.fetch(content)?;
        rows_of(&self.start, content_start).map(drop).map_err(io::Error::other)
    }

    /// Reads so many bytes more of the message's beginning, or all that there are.
    fn fetch(&mut self, count: u64) -> io::Result<()> {
        let read = self.input.by_ref().take(count).read_to_end(&mut self.start)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(())
    }
}

impl<R: Read> Read for Messages<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.start.len() && self.rest == 0 {
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            self.load()?;
        }
        let mut start = &self.start[self.given..];
        if !start.is_empty() {
            let given = start.read(buffer)?;
            self.given += given;
            return Ok(given);
        }
        let given = self.input.by_ref().take(self.rest).read(buffer)?;
        self.rest -= given as u64;
        self.left = self.left.saturating_sub(given as u64);
        Ok(given)
    }
}
