//! Text files as chunks that hold whole records.
//!
//! A compressed file is one stream: only one thread can decompress it. Parsing costs more than that, so the stream is cut
//! at record ends into chunks, which any number of partitions then parse at the same time. One reader per file; as many
//! files at once as there are partitions.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::physical_plan::metrics::{Count, Time};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::format::Codec;
use crate::Error;

/// Decompressed bytes per chunk: some ten thousand records of ordinary width, and still within a core's cache.
const CHUNK_BYTES: usize = 1 << 20;

/// A record longer than this is taken for a quote that was never closed.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// The byte order mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The characters that give a text file its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
}

/// One file to read.
#[derive(Debug, Clone)]
pub(super) struct TextFile {
    /// Where the store has it.
    pub location: Path,
    /// Its name in messages.
    pub name: Arc<str>,
    pub codec: Codec,
    /// Bytes as stored.
    pub size: u64,
}

/// Whole records of one file.
#[derive(Debug)]
pub(super) struct Chunk {
    pub file: Arc<str>,
    pub bytes: Vec<u8>,
    /// Line of the first byte, from 1.
    pub line: u64,
    /// Lines that end in this chunk.
    pub lines: u64,
}

/// What the readers of one scan report.
#[derive(Debug, Clone)]
pub(super) struct ReadMetrics {
    /// Time in reading and decompressing.
    pub elapsed: Time,
    /// Bytes as stored, of the files that were opened.
    pub bytes: Count,
}

/// Starts to read the files in the background. Dropping every receiver ends the readers.
pub(super) fn read_in_background(
    store: &Arc<dyn ObjectStore>,
    files: Vec<TextFile>,
    dialect: Dialect,
    parallel: usize,
    metrics: &ReadMetrics,
) -> mpsc::Receiver<Result<Chunk, Error>> {
    let (sender, receiver) = mpsc::channel(parallel.max(1) * 2);
    let readers = parallel.clamp(1, files.len().max(1));
    let queue = Arc::new(Mutex::new(VecDeque::from(files)));
    for _ in 0..readers {
        let (store, queue, sender, metrics) = (Arc::clone(store), Arc::clone(&queue), sender.clone(), metrics.clone());
        tokio::spawn(async move {
            loop {
                let Some(file) = queue.lock().pop_front() else { return };
                metrics.bytes.add(usize::try_from(file.size).unwrap_or(usize::MAX));
                let goes_on = match open(&store, &file).await {
                    Ok(reader) => {
                        let (sender, elapsed) = (sender.clone(), metrics.elapsed.clone());
                        tokio::task::spawn_blocking(move || send_chunks(reader, &file, dialect, &elapsed, &sender))
                            .await
                    }
                    Err(error) => {
                        // Nobody listens any more when this fails.
                        sender.send(Err(error)).await.ok();
                        Ok(false)
                    }
                };
                if !goes_on.unwrap_or(false) {
                    return;
                }
            }
        });
    }
    receiver
}

/// The first `bytes` or more of a file, in whole records; and whether that is all of it.
pub(super) async fn sample(
    store: &Arc<dyn ObjectStore>,
    file: &TextFile,
    dialect: Dialect,
    bytes: usize,
) -> Result<(Vec<u8>, bool), Error> {
    let reader = open(store, file).await?;
    let file = file.clone();
    let sampled = tokio::task::spawn_blocking(move || {
        let mut chunker = Chunker::new(reader, &file, dialect);
        let mut sample = Vec::new();
        while let Some(chunk) = chunker.next(CHUNK_BYTES.min(bytes.max(1)))? {
            sample.extend_from_slice(&chunk.bytes);
            if sample.len() >= bytes {
                return Ok((sample, false));
            }
        }
        Ok((sample, true))
    });
    sampled
        .await
        .unwrap_or_else(|join| Err(read_error("the source", std::io::Error::other(join))))
}

type Reader = Box<dyn Read + Send>;

async fn open(store: &Arc<dyn ObjectStore>, file: &TextFile) -> Result<Reader, Error> {
    let opened = store.get(&file.location).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => Error::NotFound {
            url: file.name.to_string(),
        },
        other => read_error(&file.name, std::io::Error::other(other)),
    })?;
    let stored: Reader = match opened.payload {
        GetResultPayload::File(handle, _) => Box::new(handle),
        GetResultPayload::Stream(stream) => Box::new(StreamReader {
            stream,
            rest: Bytes::new(),
            runtime: tokio::runtime::Handle::current(),
        }),
    };
    file.codec
        .decoder()
        .convert_read(stored)
        .map_err(|error| read_error(&file.name, std::io::Error::other(error)))
}

fn read_error(file: &str, source: std::io::Error) -> Error {
    Error::Read {
        file: file.to_owned(),
        source,
    }
}

/// What a remote store sends, for a reader on a blocking thread.
struct StreamReader {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    rest: Bytes,
    runtime: tokio::runtime::Handle,
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                Some(received) => self.rest = received?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}

/// Reads a file to its end. False when nobody listens any more or the file failed.
fn send_chunks(
    reader: Reader,
    file: &TextFile,
    dialect: Dialect,
    elapsed: &Time,
    sender: &mpsc::Sender<Result<Chunk, Error>>,
) -> bool {
    let mut chunker = Chunker::new(reader, file, dialect);
    loop {
        let timer = elapsed.timer();
        let next = chunker.next(CHUNK_BYTES);
        timer.done();
        match next {
            Ok(Some(chunk)) => {
                if sender.blocking_send(Ok(chunk)).is_err() {
                    return false;
                }
            }
            Ok(None) => return true,
            Err(error) => {
                sender.blocking_send(Err(error)).ok();
                return false;
            }
        }
    }
}

/// Cuts what a reader yields at record ends.
struct Chunker {
    reader: Reader,
    file: Arc<str>,
    boundaries: Boundaries,
    /// What was read behind the last record end.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl Chunker {
    fn new(reader: Reader, file: &TextFile, dialect: Dialect) -> Self {
        Self {
            reader,
            file: Arc::clone(&file.name),
            boundaries: Boundaries::new(dialect),
            rest: Vec::new(),
            line: 1,
            ended: false,
        }
    }

    /// The next records: about `target` bytes, more where one record is longer than that.
    fn next(&mut self, target: usize) -> Result<Option<Chunk>, Error> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.reserve(target.saturating_sub(bytes.len()));
        let mut record_end = None;
        while record_end.is_none() && !self.ended {
            let seen = bytes.len();
            let wanted = target.saturating_sub(seen).max(target / 2).max(1);
            let read = (&mut self.reader)
                .take(wanted as u64)
                .read_to_end(&mut bytes)
                .map_err(|error| read_error(&self.file, error))?;
            self.ended = read < wanted;
            let mut scanned_from = seen;
            if self.line == 1 && seen == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
                scanned_from = 0;
            }
            record_end = self
                .boundaries
                .last_record_end(&bytes[scanned_from..])
                .map(|end| scanned_from + end);
            if record_end.is_none() && bytes.len() > MAX_RECORD_BYTES {
                return Err(Error::Line {
                    file: self.file.to_string(),
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
            file: Arc::clone(&self.file),
            bytes,
            line: chunk_line,
            lines,
        }))
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    // Sums of at most 255 fit a byte, and such a loop is turned into vector instructions.
    bytes
        .chunks(255)
        .map(|part| u64::from(part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>()))
        .sum()
}

/// Finds record ends in bytes that arrive piece by piece.
struct Boundaries {
    dialect: Dialect,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value begins; only here does a quote open one.
    Start,
    /// Inside a value without quotes.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote that either closed the value or is the first of two.
    Closed,
}

impl Boundaries {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Start,
        }
    }

    /// Position behind the last line end in `bytes` that ends a record.
    fn last_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let Dialect { delimiter, quote } = self.dialect;
        let may_be_quoted = matches!(self.state, State::Quoted | State::Closed) || bytes.contains(&quote);
        if !may_be_quoted {
            if let Some(last) = bytes.last() {
                self.state = if *last == delimiter || *last == b'\n' {
                    State::Start
                } else {
                    State::Plain
                };
            }
            return bytes.iter().rposition(|byte| *byte == b'\n').map(|newline| newline + 1);
        }
        let mut record_end = None;
        for (position, byte) in bytes.iter().copied().enumerate() {
            self.state = match self.state {
                State::Quoted if byte == quote => State::Closed,
                State::Quoted => State::Quoted,
                State::Start | State::Closed if byte == quote => State::Quoted,
                _ if byte == b'\n' => {
                    record_end = Some(position + 1);
                    State::Start
                }
                _ if byte == delimiter => State::Start,
                _ => State::Plain,
            };
        }
        record_end
    }
}

#[cfg(test)]
mod tests {
    use object_store::PutPayload;
    use object_store::memory::InMemory;

    use super::*;

    const CSV: Dialect = Dialect {
        delimiter: b',',
        quote: b'"',
    };

    fn file(name: &str, codec: Codec) -> TextFile {
        TextFile {
            location: Path::from(name),
            name: Arc::from(name),
            codec,
            size: 0,
        }
    }

    fn chunks(text: &[u8], target: usize) -> Vec<(String, u64)> {
        let reader = Box::new(std::io::Cursor::new(text.to_vec()));
        let mut chunker = Chunker::new(reader, &file("x.csv", Codec::None), CSV);
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
        let mut chunker = Chunker::new(Box::new(std::io::Cursor::new(text)), &file("x.csv", Codec::None), CSV);
        let first = chunker
            .next(CHUNK_BYTES)
            .expect("the header is whole")
            .expect("a chunk");
        assert_eq!(first.bytes, b"a\n");
        let error = chunker.next(CHUNK_BYTES).expect_err("the quote is open").to_string();
        assert!(error.starts_with("x.csv, line 2: "), "{error}");
    }

    #[tokio::test]
    async fn a_store_that_streams_is_read_too() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let text: String = (0..300_000).map(|row| format!("{row},{}\n", row * 2)).collect();
        store
            .put(&Path::from("x.csv"), PutPayload::from(text.clone()))
            .await
            .expect("stored");
        let set = datafusion::physical_plan::metrics::ExecutionPlanMetricsSet::new();
        let metrics = ReadMetrics {
            elapsed: datafusion::physical_plan::metrics::MetricBuilder::new(&set).subset_time("read", 0),
            bytes: datafusion::physical_plan::metrics::MetricBuilder::new(&set).global_counter("bytes"),
        };
        let mut receiver = read_in_background(&store, vec![file("x.csv", Codec::None)], CSV, 2, &metrics);
        let mut received = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            received.extend_from_slice(&chunk.expect("readable").bytes);
        }
        assert_eq!(received, text.as_bytes());
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!(count_lines(&[b'\n'; 1000]), 1000);
        assert_eq!(count_lines(b"a\nb\nc"), 2);
    }
}
