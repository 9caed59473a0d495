//! Text files as chunks that hold whole records.
//!
//! A compressed file is one stream: only one thread can decompress it. Parsing costs more than that, so the stream is cut
//! at record ends into chunks, which any number of partitions then parse at the same time. One reader per file; as many
//! files at once as there are partitions.

mod boundaries;
mod chunker;

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

use chunker::Chunker;
pub(super) use chunker::count_lines;

use super::format::Codec;
use crate::Error;

/// Decompressed bytes per chunk: some ten thousand records of ordinary width, and still within a core's cache.
const CHUNK_BYTES: usize = 1 << 20;

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

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
    use object_store::PutPayload;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_store_that_streams_is_read_too() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let text = "1,2\n34,56\n".repeat(200_000);
        store
            .put(&Path::from("x.csv"), PutPayload::from(text.clone()))
            .await
            .expect("stored");
        let set = ExecutionPlanMetricsSet::new();
        let metrics = ReadMetrics {
            elapsed: MetricBuilder::new(&set).subset_time("read", 0),
            bytes: MetricBuilder::new(&set).global_counter("bytes"),
        };
        let file = TextFile {
            location: Path::from("x.csv"),
            name: Arc::from("x.csv"),
            codec: Codec::None,
            size: 0,
        };
        let dialect = Dialect {
            delimiter: b',',
            quote: b'"',
        };
        let mut receiver = read_in_background(&store, vec![file], dialect, 2, &metrics);
        let mut joined = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            joined.extend_from_slice(&chunk.expect("readable").bytes);
        }
        assert_eq!(joined, text.as_bytes());
    }
}
