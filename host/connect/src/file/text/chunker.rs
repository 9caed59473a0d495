//! Cuts a stream of text into chunks of whole records.

use std::io::{self, BufRead, Read};

use super::boundaries::{Boundaries, Cut};
use super::{Reader, damaged};
use crate::Error;
use crate::file::stored::StoredFile;

/// What is read of a file before it is given room for a whole chunk: most small files are not longer.
const FIRST_BYTES: usize = 64 << 10;

/// A record longer than this is taken for a quote that was never closed.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// The byte order mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whole records of one file.
#[derive(Debug)]
pub(in super::super) struct Chunk {
    pub bytes: Vec<u8>,
    /// Line of the first byte, from 1.
    pub line: u64,
    /// Lines that end in this chunk.
    pub lines: u64,
}

/// Cuts what a reader yields at record ends.
pub(in super::super) struct Chunker {
    reader: Reader,
    file: StoredFile,
    boundaries: Boundaries,
    /// What was read behind the last record end.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
    /// Bytes that are read at once.
    room: usize,
}

impl Chunker {
    /// Leaves out the first `skip_rows` lines.
    pub(super) fn new(reader: Reader, file: StoredFile, cut: Cut, skip_rows: u64) -> Result<Self, Error> {
        let mut reader = io::BufReader::new(reader);
        for _ in 0..skip_rows {
            reader.skip_until(b'\n').map_err(|error| damaged(&file, 0, error))?;
        }
        Ok(Self {
            reader: Box::new(reader),
            file,
            boundaries: Boundaries::new(cut),
            rest: Vec::new(),
            line: 1 + skip_rows,
            ended: false,
            room: FIRST_BYTES,
        })
    }

    /// The next records: about `target` bytes, more where one record is longer than that.
    pub fn next(&mut self, target: usize) -> Result<Option<Chunk>, Error> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut record_end = None;
        while record_end.is_none() && !self.ended {
            let seen = bytes.len();
            let wanted = target.saturating_sub(seen).max(target / 2).max(1);
            let read = self
                .read(wanted, &mut bytes)
                .map_err(|error| damaged(&self.file, self.line - 1 + count_lines(&bytes), error))?;
            self.ended = read < wanted;
            if self.line == 1 && seen == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
            }
            record_end = self
                .boundaries
                .last_record_end(&mut bytes[seen..])
                .map(|end| seen + end);
            if record_end.is_none() && bytes.len() > MAX_RECORD_BYTES {
                return Err(Error::Line {
                    file: self.file.name.to_string(),
                    line: self.line,
                    reason: format!(
                        "this record is longer than {} MiB; is a quote left open?",
                        MAX_RECORD_BYTES / (1 << 20)
                    ),
                });
            }
        }
        if self.ended {
            record_end = Some(bytes.len());
        }
        let record_end = record_end.unwrap_or(bytes.len());
        self.rest = bytes.split_off(record_end);
        if bytes.is_empty() {
            return Ok(None);
        }
        let chunk_line = self.line;
        let lines = count_lines(&bytes);
        self.line += lines;
        Ok(Some(Chunk {
            bytes,
            line: chunk_line,
            lines,
        }))
    }

    /// Reads so many bytes, or less where the file ends.
    fn read(&mut self, wanted: usize, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let mut read = 0;
        while read < wanted {
            let part = (wanted - read).min(self.room);
            bytes.reserve(part);
            let more = (&mut self.reader).take(part as u64).read_to_end(bytes)?;
            read += more;
            if more < part {
                break;
            }
            self.room = usize::MAX;
        }
        Ok(read)
    }
}

/// Lines that end in a text.
pub(in super::super) fn count_lines(bytes: &[u8]) -> u64 {
    // Sums of at most 255 fit a byte, and such a loop is turned into vector instructions.
    bytes
        .chunks(255)
        .map(|part| u64::from(part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::{CHUNK_BYTES, Dialect};
    use super::*;

    fn chunker(text: &[u8]) -> Chunker {
        let file = StoredFile::named("x.csv");
        let reader = Box::new(std::io::Cursor::new(text.to_vec()));
        Chunker::new(reader, file, Cut::Csv(Dialect::new(b',', b'"')), 0).expect("a chunker")
    }

    fn chunks(text: &[u8], target: usize) -> Vec<(String, u64)> {
        let mut chunker = chunker(text);
        let mut chunks = Vec::new();
        while let Some(chunk) = chunker.next(target).expect("readable") {
            chunks.push((String::from_utf8(chunk.bytes).expect("text"), chunk.line));
        }
        chunks
    }

    #[test]
    fn chunks_end_where_records_end() {
        let text = "a,b\n1,\"two\nlines, \"\"quoted\"\"\"\n2,5\" pipe\n3,x";
        for target in 1..=text.len() + 1 {
            let chunks = chunks(text.as_bytes(), target);
            let joined: String = chunks.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(joined, text, "target {target}");
            for (chunk, line) in chunks {
                assert!(
                    ["a,", "1,", "2,", "3,"].iter().any(|start| chunk.starts_with(start)),
                    "target {target}: {chunk:?}"
                );
                let expected = text[..text.find(&chunk).expect("part of the text")]
                    .matches('\n')
                    .count()
                    + 1;
                assert_eq!(line, expected as u64, "target {target}: {chunk:?}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(chunks(b"\xef\xbb\xbfa\n1\n", 100), [("a\n1\n".to_owned(), 1)]);
    }

    #[test]
    fn an_open_quote_is_named() {
        let mut text = b"a\n\"".to_vec();
        text.resize(MAX_RECORD_BYTES + CHUNK_BYTES, b'x');
        let mut chunker = chunker(&text);
        let first = chunker
            .next(CHUNK_BYTES)
            .expect("the header is whole")
            .expect("a chunk");
        assert_eq!(first.bytes, b"a\n");
        let error = chunker.next(CHUNK_BYTES).expect_err("the quote is open").to_string();
        assert!(error.starts_with("x.csv, line 2: "), "{error}");
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!(count_lines(&[b'\n'; 1000]), 1000);
        assert_eq!(count_lines(b"a\nb\nc"), 2);
    }
}
