//! Writes the rows of one partition to files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::task::JoinSet;

use super::encode::Encoder;
use super::hive::Splitter;
use super::output::{CHUNK_BYTES, LocalOutput, Output, UploadOutput, joined};
use super::prepared::{Held, Part, Staged, StagedFile, part_name};
use super::remote::NOTE;
use super::target::Place;
use super::write::Shared;
use crate::Error;

/// Files of folders that a partition keeps open. More would each get few rows at a time.
const OPEN_FILES: usize = 256;

/// Memory that the open files of folders may take up, in bytes.
const OPEN_BYTES: usize = 64 << 20;

/// Files that are being made durable at the same time. Disks synchronise many files as fast as one.
const CLOSING_FILES: usize = 32;

/// Smallest size of a part of an upload in bytes.
const PART_BYTES: u64 = 8 << 20;

/// Most parts that an upload may have; the stores' limit is 10,000, and sizes are estimates.
const PARTS: u64 = 5_000;

/// Bytes that a single object may have, in parts of the smallest size that allows for it.
const SINGLE_OBJECT_BYTES: u64 = 100 << 30;

/// Writes the rows of one partition. Rows are encoded on the task that calls; files and uploads go on in the background,
/// at most a few chunks ahead.
pub struct PartitionWriter {
    shared: Arc<Shared>,
    partition: usize,
    attempt: u32,
    splitter: Option<Splitter>,
    /// By folder; the target's own is empty.
    open: HashMap<String, OpenFile>,
    /// How many files a folder got.
    counts: HashMap<String, usize>,
    closing: JoinSet<Result<StagedFile, Error>>,
    finished: Vec<StagedFile>,
    /// Files begun.
    started: usize,
    rows: u64,
    /// Bytes of the files that have ended.
    ended_bytes: u64,
}

struct OpenFile {
    encoder: Encoder,
    output: Output,
    /// Where it becomes visible.
    path: String,
    rows: u64,
    /// When it was last written to: the count of files begun or written to before.
    used: u64,
}

impl std::fmt::Debug for PartitionWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PartitionWriter")
            .field("partition", &self.partition)
            .field("attempt", &self.attempt)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl PartitionWriter {
    pub(super) fn new(shared: Arc<Shared>, partition: usize, attempt: u32) -> Self {
        Self {
            shared,
            partition,
            attempt,
            splitter: None,
            open: HashMap::new(),
            counts: HashMap::new(),
            closing: JoinSet::new(),
            finished: Vec::new(),
            started: 0,
            rows: 0,
            ended_bytes: 0,
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When the format can't hold a value, and when the file system or the store refuses.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        let Some(layout) = &self.shared.layout else {
            return self.write_to("", batch).await;
        };
        if self.splitter.is_none() {
            let splitter = Splitter::new(Arc::clone(layout), &self.shared.whole);
            self.splitter = Some(splitter.map_err(|error| self.failed(error))?);
        }
        let is_full = self.splitter.as_mut().is_some_and(|splitter| splitter.gather(batch));
        if is_full { self.write_shares().await } else { Ok(()) }
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes the files would have if they ended now.
    pub fn bytes(&self) -> u64 {
        let open = self.open.values().map(|file| file.encoder.size());
        self.ended_bytes + open.sum::<u64>()
    }

    /// Completes the files and makes them durable, but for a small one that [`Sink::prepare`](super::Sink::prepare) does so
    /// with.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn finish(mut self) -> Result<Part, Error> {
        self.write_shares().await?;
        for (_, file) in std::mem::take(&mut self.open) {
            self.close(file).await?;
        }
        self.closed(0).await?;
        self.finished.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(Part {
            partition: self.partition,
            attempt: self.attempt,
            rows: self.rows,
            bytes: self.finished.iter().map(|file| file.bytes).sum(),
            files: self.finished,
        })
    }

    /// As [`finish`](Self::finish), with a file even if there are no rows.
    pub(super) async fn finish_with(mut self, empty: &RecordBatch) -> Result<Part, Error> {
        let file = self.start("", empty).await?;
        self.open.insert(String::new(), file);
        self.finish().await
    }

    async fn write_shares(&mut self) -> Result<(), Error> {
        let Some(splitter) = &mut self.splitter else {
            return Ok(());
        };
        let shares = splitter.split().map_err(|error| self.failed(error))?;
        for share in shares {
            self.write_to(&share.folder, &share.rows).await?;
        }
        self.relieve().await
    }

    async fn write_to(&mut self, folder: &str, rows: &RecordBatch) -> Result<(), Error> {
        if !self.open.contains_key(folder) {
            if self.open.len() >= OPEN_FILES {
                self.close_oldest().await?;
            }
            let file = self.start(folder, rows).await?;
            self.open.insert(folder.to_owned(), file);
        }
        let used = self.rows;
        let Some(file) = self.open.get_mut(folder) else {
            return Ok(());
        };
        file.used = used;
        file.encoder.write(rows)?;
        file.rows += rows.num_rows() as u64;
        if file.encoder.ready() >= file.output.chunk_bytes() {
            let bytes = file.encoder.take();
            file.output.write(bytes).await?;
        }
        let is_folder = self.shared.target.file.is_none();
        if is_folder
            && file.encoder.size() >= self.shared.config.target_file_size
            && let Some(file) = self.open.remove(folder)
        {
            self.close(file).await?;
        }
        Ok(())
    }

    /// Keeps the memory of open files bounded.
    async fn relieve(&mut self) -> Result<(), Error> {
        let memory =
            |files: &HashMap<String, OpenFile>| files.values().map(|file| file.encoder.memory()).sum::<usize>();
        let mut total = memory(&self.open);
        if total <= OPEN_BYTES {
            return Ok(());
        }
        // The largest first, so that few files pay with a row group that ends early.
        let mut folders: Vec<(usize, String)> = self
            .open
            .iter()
            .map(|(folder, file)| (file.encoder.memory(), folder.clone()))
            .collect();
        folders.sort_unstable();
        while let Some((size, folder)) = folders.pop().filter(|_| total > OPEN_BYTES / 2) {
            let Some(mut file) = self.open.remove(&folder) else {
                continue;
            };
            if file.output.takes_small_chunks() {
                file.encoder.flush()?;
                let bytes = file.encoder.take();
                file.output.write(bytes).await?;
                total = total.saturating_sub(size) + file.encoder.memory();
                self.open.insert(folder, file);
            } else {
                total = total.saturating_sub(size);
                self.close(file).await?;
            }
        }
        Ok(())
    }

    async fn close_oldest(&mut self) -> Result<(), Error> {
        let oldest = self
            .open
            .iter()
            .min_by_key(|(_, file)| file.used)
            .map(|(folder, _)| folder.clone());
        match oldest.and_then(|folder| self.open.remove(&folder)) {
            Some(file) => self.close(file).await,
            None => Ok(()),
        }
    }

    async fn start(&mut self, folder: &str, first: &RecordBatch) -> Result<OpenFile, Error> {
        let Shared {
            config, target, run, ..
        } = &*self.shared;
        let count = self.counts.entry(folder.to_owned()).or_default();
        let path = if let Some(name) = &target.file {
            name.clone()
        } else {
            let name = part_name(self.partition, *count, run, &target.extension());
            if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            }
        };
        *count += 1;
        let number = self.started;
        self.started += 1;
        let encoder = Encoder::start(config, target.encoding, first)?;
        let output = match &target.place {
            Place::Local(local) => {
                let staged = local.staged_name(run, self.partition, self.attempt, number);
                let path = local.path(&staged);
                Output::Local(LocalOutput::new(staged, path))
            }
            Place::Remote(remote) => {
                let note = format!("{NOTE}{:05}-{}-{number}", self.partition, self.attempt);
                let id = remote.start_upload(&path, run, &note).await?;
                self.shared.uploads.lock().push((path.clone(), id.clone()));
                let size = if target.file.is_some() {
                    SINGLE_OBJECT_BYTES
                } else {
                    config.target_file_size
                };
                let permits = Arc::clone(&self.shared.permits);
                let part_bytes = PART_BYTES.max(size / PARTS) as usize;
                let upload = UploadOutput::new(Arc::clone(remote), remote.location(&path), id, part_bytes, permits);
                Output::Upload(upload)
            }
        };
        Ok(OpenFile {
            encoder,
            output,
            path,
            rows: 0,
            used: self.rows,
        })
    }

    /// Ends a file. It becomes durable in the background.
    async fn close(&mut self, file: OpenFile) -> Result<(), Error> {
        self.closed(CLOSING_FILES - 1).await?;
        let OpenFile {
            encoder,
            output,
            path,
            rows,
            ..
        } = file;
        let (last, bytes) = encoder.finish()?;
        self.ended_bytes += bytes;
        let finished = move |staged, held| StagedFile {
            path,
            rows,
            bytes,
            staged: Some(staged),
            held,
        };
        // Only one of a sink's files, so that it takes up little memory and many files are written side by side.
        if let Some(name) = output.unwritten()
            && last.len() <= CHUNK_BYTES
            && self.shared.may_hold()
        {
            let staged = Staged::File(name.to_owned());
            self.finished.push(finished(staged, Some(Held(last))));
            return Ok(());
        }
        self.closing
            .spawn(async move { Ok(finished(output.finish(last).await?, None)) });
        Ok(())
    }

    /// Waits until so few files are left that are not durable.
    async fn closed(&mut self, left: usize) -> Result<(), Error> {
        while self.closing.len() > left {
            let Some(closed) = self.closing.join_next().await else {
                break;
            };
            self.finished.push(joined(closed)?);
        }
        Ok(())
    }

    fn failed(&self, error: arrow::error::ArrowError) -> Error {
        Error::Encode {
            target: self.shared.config.url.clone(),
            format: self.shared.target.encoding.format.name(),
            source: error.into(),
        }
    }
}
