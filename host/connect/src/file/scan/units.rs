//! Reads files, in the background but for small ones, and cuts them into units of work.

use std::cell::RefCell;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::physical_plan::metrics::{Count, Time};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::Reading;
use super::plan::Layout;
use super::work::{Opening, Task, What, Work};
use crate::Error;
use crate::file::containers::{Container, Part, Parts, guarded};
use crate::file::csv::{CsvChunk, Records, header, numbered_names};
use crate::file::format::Format;
use crate::file::read_config::CsvRead;
use crate::file::stored::StoredFile;
use crate::file::text::{self, CHUNK_BYTES, Chunk, Dialect};

/// Some rows of one file, read but not parsed.
pub(super) struct Unit {
    pub file: Arc<StoredFile>,
    pub content: Content,
}

pub(super) enum Content {
    Csv(CsvChunk),
    Json(Chunk),
    /// What batches are to be decoded from.
    Part(Part),
    /// A batch, and the number of rows before it in the file.
    Batch(RecordBatch, u64),
}

/// What the readers of one scan report.
#[derive(Debug, Clone)]
pub(super) struct ReadMetrics {
    /// Time in reading and decompressing, and in decoding what readers decode.
    pub elapsed: Time,
    /// Bytes that were read, as stored; of a file of batches all of them, once it is opened.
    pub bytes: Count,
}

/// Where the rows of a file go.
struct Output<'a> {
    file: Arc<StoredFile>,
    take: &'a dyn Fn(Unit) -> Result<(), Stopped>,
    metrics: &'a ReadMetrics,
}

/// Why reading a file ended before its end.
enum Stopped {
    /// Nobody listens any more.
    Unheard,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Starts to read the files, as many at once as there are partitions, or as many stripes. Dropping the receiver ends the
/// readers. Text that is at hand is read at once, since that takes no longer than to wake up a thread.
pub(super) fn start(
    layout: &Arc<Layout>,
    parallel: usize,
    batch_rows: usize,
    metrics: &ReadMetrics,
) -> mpsc::Receiver<Result<Unit, Error>> {
    if layout.set.reading.is_text() && layout.files.iter().all(StoredFile::is_at_hand) {
        read_at_once(layout, batch_rows, metrics)
    } else {
        read_in_background(layout, parallel, batch_rows, metrics)
    }
}

fn read_at_once(layout: &Layout, batch_rows: usize, metrics: &ReadMetrics) -> mpsc::Receiver<Result<Unit, Error>> {
    let units = RefCell::new(Vec::new());
    let take = |unit| {
        units.borrow_mut().push(Ok(unit));
        Ok(())
    };
    let work = Work::new(layout.files.iter().cloned());
    while let Some(Task { file, what }) = work.take() {
        let What::Open(opening) = what else { break };
        let output = Output {
            file,
            take: &take,
            metrics,
        };
        if let Err(Stopped::Failed(error)) = guarded(&output.file, || read(layout, batch_rows, &output, opening)) {
            units.borrow_mut().push(Err(error));
            break;
        }
    }
    let units = units.into_inner();
    let (sender, receiver) = mpsc::channel(units.len().max(1));
    for unit in units {
        // There is room for all of them.
        sender.try_send(unit).ok();
    }
    receiver
}

fn read_in_background(
    layout: &Arc<Layout>,
    parallel: usize,
    batch_rows: usize,
    metrics: &ReadMetrics,
) -> mpsc::Receiver<Result<Unit, Error>> {
    let (sender, receiver) = mpsc::channel(parallel.max(1) * 2);
    let readers = match layout.set.format {
        // One file may have stripes for all of them.
        Format::Orc => parallel,
        _ => parallel.min(layout.files.len()),
    };
    let work = Arc::new(Work::new(layout.files.iter().cloned()));
    for _ in 0..readers.max(1) {
        let (layout, work, sender, metrics) = (Arc::clone(layout), Arc::clone(&work), sender.clone(), metrics.clone());
        tokio::task::spawn_blocking(move || {
            let take = |unit| sender.blocking_send(Ok(unit)).map_err(|_| Stopped::Unheard);
            while !sender.is_closed() {
                let Some(Task { file, what }) = work.take() else { return };
                let output = Output {
                    file,
                    take: &take,
                    metrics: &metrics,
                };
                let ended = guarded(&output.file, || match what {
                    What::Open(opening) => read(&layout, batch_rows, &output, opening),
                    What::Decode(part) => output.decode(&layout, part),
                });
                match ended {
                    Ok(()) => {}
                    Err(Stopped::Unheard) => return,
                    Err(Stopped::Failed(error)) => {
                        let explained = output.file.explain(&layout.set.store, error);
                        let error = Handle::current().block_on(explained);
                        sender.blocking_send(Err(error)).ok();
                        return;
                    }
                }
            }
        });
    }
    receiver
}

fn read(layout: &Layout, batch_rows: usize, output: &Output<'_>, opening: Opening<'_>) -> Result<(), Stopped> {
    let set = &layout.set;
    match set.reading.as_ref() {
        Reading::Csv { text, dialect, options } => {
            drop(opening);
            let mut chunker = text::open(&set.store, &output.file, text, &output.metrics.bytes)?;
            let mut slots = None;
            while let Some(chunk) = output.timed(|| chunker.next(CHUNK_BYTES))? {
                let mut start = (0, chunk.line);
                if slots.is_none() {
                    slots = csv_start(layout, &output.file, &chunk, *dialect, options, &mut start)?;
                }
                let Some(slots) = &slots else { continue };
                let chunk = CsvChunk::new(
                    chunk,
                    Arc::clone(&output.file.name),
                    Arc::clone(slots),
                    start,
                    batch_rows,
                );
                output.send(Content::Csv(chunk))?;
            }
        }
        Reading::Json { text, .. } => {
            drop(opening);
            let mut chunker = text::open(&set.store, &output.file, text, &output.metrics.bytes)?;
            while let Some(chunk) = output.timed(|| chunker.next(CHUNK_BYTES))? {
                output.send(Content::Json(chunk))?;
            }
        }
        Reading::Container => {
            let size = usize::try_from(output.file.meta.size).unwrap_or(usize::MAX);
            output.metrics.bytes.add(size);
            let names: Vec<String> = layout.file_fields.iter().map(|field| field.name().clone()).collect();
            // Formats differ in how they count rows without columns, so one column is read for that.
            let names = (!names.is_empty()).then_some(names);
            let opened =
                output.timed(|| Container::open(&set.store, &output.file, set.format, names.as_deref(), batch_rows));
            match opened?.parts {
                Parts::Unread(parts) => opening.found(&output.file, parts),
                Parts::Read(mut parts) => {
                    drop(opening);
                    while let Some(part) = output.timed(|| parts.next().transpose())? {
                        output.send(Content::Part(part))?;
                    }
                }
            }
        }
    }
    output.file.check_unchanged(&set.store)?;
    Ok(())
}

/// Reads the header, and finds the columns of the scan that the file's values belong to; none where there is no record.
fn csv_start(
    layout: &Layout,
    file: &StoredFile,
    chunk: &Chunk,
    dialect: Dialect,
    options: &CsvRead,
    start: &mut (usize, u64),
) -> Result<Option<Arc<[Option<usize>]>>, Error> {
    let mut records = Records::new(&chunk.bytes, dialect, chunk.line);
    let line = records.line();
    let failed = |line: u64, reason: String| Error::Line {
        file: file.name.to_string(),
        line,
        reason,
    };
    let names = if options.header {
        let names = header(&mut records).map_err(|fault| failed(fault.line, fault.reason))?;
        *start = (records.position(), records.line());
        names
    } else {
        // The files that were looked at tell how many values there should be.
        numbered_names(layout.set.width)
    };
    if names.is_empty() {
        return Ok(None);
    }
    // A name that is also a folder's is known: the folder's value is taken.
    let known = layout.set.schema.fields();
    if let Some(new) = names
        .iter()
        .find(|name| !known.iter().any(|field| field.name() == *name))
    {
        let reason =
            format!("the column `{new}` is in none of the files whose columns were looked at; raise `infer_files`");
        return Err(failed(line, reason));
    }
    let slot = |name: &String| layout.file_fields.iter().position(|field| field.name() == name);
    Ok(Some(names.iter().map(slot).collect()))
}

impl Output<'_> {
    fn timed<T>(&self, read: impl FnOnce() -> T) -> T {
        let timer = self.metrics.elapsed.timer();
        let read = read();
        timer.done();
        read
    }

    /// Reads and decodes a part of the file.
    fn decode(&self, layout: &Layout, mut part: Part) -> Result<(), Stopped> {
        while let Some((batch, before)) = self.timed(|| part.next().transpose())? {
            self.send(Content::Batch(batch, before))?;
        }
        self.file.check_unchanged(&layout.set.store)?;
        Ok(())
    }

    fn send(&self, content: Content) -> Result<(), Stopped> {
        let unit = Unit {
            file: Arc::clone(&self.file),
            content,
        };
        (self.take)(unit)
    }
}
