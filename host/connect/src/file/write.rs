//! A sink for files: partitions write side by side, a commit makes all of it visible.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use object_store::MultipartId;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::config::{Mode, WriteConfig};
use super::encode;
use super::format::Format;
use super::hive::Layout;
use super::local::Local;
use super::local_lock::LocalLock;
use super::output::UPLOADS;
use super::partition_writer::PartitionWriter;
use super::prepared::{Committed, Part, Prepared, Replace, choose, is_data, is_of_run};
use super::remote::Remote;
use super::remote_lock::{self, RemoteLock};
use super::target::{Place, Target};
use crate::Error;

/// Longest name of a run, in bytes.
const RUN_BYTES: usize = 100;

/// What became of the attempt to begin.
#[derive(Debug)]
pub enum Begun {
    /// Write, then commit.
    Ready(Sink),
    /// The target holds data and the mode is [`Mode::Ignore`]: there is nothing to do.
    Ignored,
}

/// A target that is being written. Dropped without a commit, it leaves no trace (in object stores, a moment later).
///
/// ```
/// # use std::sync::Arc;
/// # use arrow::array::{ArrayRef, Int64Array, RecordBatch};
/// use tenon_connect::file::{self, Begun, Sink, WriteConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// # let batch = RecordBatch::try_from_iter([("id", column)])?;
/// let config = WriteConfig::new(folder.path().join("ids.parquet").to_string_lossy());
/// let Begun::Ready(sink) = Sink::begin(&config, batch.schema(), "run-1").await? else { unreachable!("nothing was there") };
///
/// let mut writer = sink.writer(0, 1);
/// writer.write(&batch).await?;
/// let part = writer.finish().await?;
///
/// // From here on everything is durable, and nothing visible yet: it can be committed later, by another process, too.
/// let prepared = sink.prepare(vec![part]).await?;
/// assert!(!folder.path().join("ids.parquet").exists());
///
/// let committed = file::commit(&config, &prepared).await?;
/// assert_eq!((committed.rows, committed.files.len()), (3, 1));
/// assert_eq!(file::commit(&config, &prepared).await?, committed, "once is as good as twice");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    /// Full names of the files that are there and may go.
    replaced: Vec<String>,
    lock: Option<Lock>,
    /// Whether the folder was made for this run.
    made_folder: bool,
    /// Whether what was written must stay when this is dropped.
    kept: AtomicBool,
}

/// What the writers of a sink have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub config: WriteConfig,
    pub target: Target,
    /// Columns of the files.
    pub schema: SchemaRef,
    /// Columns that are written, with those that name folders.
    pub whole: SchemaRef,
    pub layout: Option<Arc<Layout>>,
    pub run: String,
    /// Uploads of all files that may be under way at the same time.
    pub permits: Arc<Semaphore>,
    /// Uploads that were begun. The lock is taken once per file.
    pub uploads: Mutex<Vec<(String, MultipartId)>>,
    /// Whether a file is held in memory until all is prepared.
    held: AtomicBool,
}

impl Shared {
    /// Whether a file may be held in memory until all is prepared, which holds for the first that asks.
    pub fn may_hold(&self) -> bool {
        !self.held.swap(true, Ordering::Relaxed)
    }
}

#[derive(Debug)]
enum Lock {
    Local(LocalLock),
    Remote(#[expect(dead_code, reason = "renewed until it is dropped")] RemoteLock),
}

impl Sink {
    /// Checks the target, the mode and the columns, and prepares the target for `run`, a name of letters, digits, `-` and
    /// `_` that no other run has. Of several attempts at a run, only one may go on at a time.
    ///
    /// # Errors
    /// When the mode forbids writing there, when another run writes there, when the format can't hold a column, and when
    /// the file system or the store refuses.
    pub async fn begin(config: &WriteConfig, schema: SchemaRef, run: &str) -> Result<Begun, Error> {
        check_run(run)?;
        let target = Target::of(config)?;
        if target.file.is_some() && !config.partition_by.is_empty() {
            return Err(Error::Config {
                subject: config.url.clone(),
                reason: "`partition_by` makes folders; write to a folder instead of a file".to_owned(),
            });
        }
        if config.mode == Mode::Append && target.file.is_some() {
            return Err(Error::Config {
                subject: config.url.clone(),
                reason: "rows cannot be appended to a finished file; write to a folder instead".to_owned(),
            });
        }
        let layout = Layout::of(&config.url, &config.partition_by, &schema)?;
        let columns = layout.as_ref().map_or(&schema, |layout| &layout.schema);
        encode::check(config, target.encoding, columns)?;

        // What is there is of no consequence to what is added to it, and may be a lot.
        let looks = config.mode != Mode::Append;
        let (lock, made_folder, existing) = match &target.place {
            Place::Local(local) => {
                let (lock, made_folder, existing) = begin_local(local, run, &config.url, looks).await?;
                (Lock::Local(lock), made_folder, existing)
            }
            Place::Remote(remote) => {
                let lock = remote.begin(run, &config.url).await?;
                let existing = if looks { remote.existing().await } else { Ok(Vec::new()) };
                if existing.is_err() {
                    remote_lock::release(remote, run).await;
                }
                (Lock::Remote(lock), false, existing?)
            }
        };
        let sink = Self {
            replaced: Vec::new(),
            lock: Some(lock),
            made_folder,
            kept: AtomicBool::new(false),
            shared: Arc::new(Shared {
                config: config.clone(),
                schema: Arc::clone(columns),
                whole: schema,
                layout: layout.map(Arc::new),
                target,
                run: run.to_owned(),
                permits: Arc::new(Semaphore::new(UPLOADS)),
                uploads: Mutex::default(),
                held: AtomicBool::new(false),
            }),
        };
        sink.judge(existing).await
    }

    /// What the mode says to what is there.
    async fn judge(mut self, mut existing: Vec<String>) -> Result<Begun, Error> {
        let Shared {
            config, target, run, ..
        } = &*self.shared;
        existing.retain(|path| !is_of_run(path, run));
        let refusal = match config.mode {
            _ if existing.is_empty() => None,
            Mode::Append => None,
            Mode::Ignore => {
                self.abandon().await;
                return Ok(Begun::Ignored);
            }
            Mode::Error => {
                let append = if target.file.is_none() {
                    " or `append` to add to it"
                } else {
                    ""
                };
                Some(Error::Exists {
                    target: config.url.clone(),
                    append,
                })
            }
            // A single file is replaced whatever it is: its name was given.
            Mode::Overwrite if target.file.is_some() => None,
            Mode::Overwrite => Local::foreign(&existing).map(|name| Error::Foreign {
                target: config.url.clone(),
                name: name.clone(),
            }),
        };
        if let Some(refusal) = refusal {
            self.abandon().await;
            return Err(refusal);
        }
        if config.mode == Mode::Overwrite {
            self.replaced = existing.iter().map(|path| target.full_name(path)).collect();
        }
        Ok(Begun::Ready(self))
    }

    /// Whether all rows go to one file, so that there can be only one partition.
    pub fn is_single_file(&self) -> bool {
        self.shared.target.file.is_some()
    }

    /// The target's URL, absolute, whichever way it was written.
    pub fn url(&self) -> String {
        self.shared.target.url()
    }

    /// Full names of the files that are there and that the commit removes or replaces, at most: paths from the root on the
    /// local file system, URLs elsewhere.
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// Format of the files.
    pub fn format(&self) -> Format {
        self.shared.target.encoding.format
    }

    /// A writer for one partition; `attempt` tells tries at the same partition apart.
    pub fn writer(&self, partition: usize, attempt: u32) -> PartitionWriter {
        PartitionWriter::new(Arc::clone(&self.shared), partition, attempt)
    }

    /// Notes down durably what the parts consist of. Nothing is visible yet; what other attempts have written is removed.
    /// The sink keeps the target locked until it is dropped.
    ///
    /// # Errors
    /// When the file system or the store refuses.
    pub async fn prepare(&self, parts: Vec<Part>) -> Result<Prepared, Error> {
        let tried_again = parts.iter().any(|part| part.attempt > 1);
        let mut prepared = self.collect(parts).await?;
        match &self.shared.target.place {
            Place::Local(local) => {
                let local = local.clone();
                let noted = blocking(move || {
                    local.prepare(&mut prepared, tried_again)?;
                    Ok(prepared)
                });
                prepared = noted.await?;
            }
            Place::Remote(remote) => self.prepare_remote(remote, &prepared).await?,
        }
        self.kept.store(true, Ordering::Relaxed);
        Ok(prepared)
    }

    /// Makes the parts visible: [`prepare`](Self::prepare) and [`publish`](Self::publish).
    ///
    /// # Errors
    /// As for these.
    pub async fn commit(self, parts: Vec<Part>) -> Result<Committed, Error> {
        let prepared = self.prepare(parts).await?;
        self.publish(&prepared).await
    }

    /// Makes what this sink has prepared visible, and unlocks the target.
    ///
    /// # Errors
    /// When the file system or the store refuses. What can still be completed then is completed by the next run.
    pub async fn publish(mut self, prepared: &Prepared) -> Result<Committed, Error> {
        match &self.shared.target.place {
            Place::Local(local) => {
                let (local, prepared, lock) = (local.clone(), prepared.clone(), self.lock.take());
                let made_folder = self.made_folder;
                let committed = blocking(move || {
                    let committed = local.commit_prepared(&prepared);
                    if let (Ok(()), Some(Lock::Local(lock))) = (&committed, &lock) {
                        lock.has_committed();
                    }
                    // Not before, if nobody waits for this any more.
                    unlock(lock, made_folder, &local);
                    committed
                });
                committed.await?;
            }
            Place::Remote(remote) => {
                let committed = remote.commit_locked(prepared).await;
                self.lock = None;
                remote_lock::release(remote, &self.shared.run).await;
                committed?;
            }
        }
        Ok(prepared.committed(|path| self.shared.target.shown(path)))
    }

    /// Removes what was written, unless it was prepared, and unlocks the target. Dropping the sink does the same; in
    /// object stores that goes on after the drop, and is left to the next run if the process ends.
    pub async fn abandon(mut self) {
        let Place::Remote(remote) = &self.shared.target.place else {
            return;
        };
        let remote = Arc::clone(remote);
        let discard = !self.kept.swap(true, Ordering::Relaxed);
        self.lock = None;
        clean(&remote, &self.shared.run, discard).await;
    }

    async fn prepare_remote(&self, remote: &Arc<Remote>, prepared: &Prepared) -> Result<(), Error> {
        let known = self.shared.uploads.lock().clone();
        remote.discard_losers(prepared, &known).await;
        remote.prepare(prepared).await
    }

    async fn collect(&self, parts: Vec<Part>) -> Result<Prepared, Error> {
        let mut parts = choose(parts);
        let nothing = parts.iter().all(|part| part.files.is_empty());
        // Without rows, one file still tells the columns; not so where columns are folders, or where others tell them.
        if nothing && self.shared.layout.is_none() && !self.adds_to_data().await? {
            let empty = RecordBatch::new_empty(Arc::clone(&self.shared.schema));
            parts = vec![self.writer(0, 0).finish_with(&empty).await?];
        }
        let mut prepared = Prepared {
            run: self.shared.run.clone(),
            target: self.url(),
            replace: Replace::of(&self.shared.config),
            files: parts.into_iter().flat_map(|part| part.files).collect(),
            config: None,
        };
        // Uploads have their names already.
        if matches!(self.shared.target.place, Place::Local(_)) {
            prepared.name_first();
        }
        Ok(prepared)
    }

    /// Whether this adds to files that are there, and that stay.
    async fn adds_to_data(&self) -> Result<bool, Error> {
        if self.shared.config.mode != Mode::Append {
            return Ok(false);
        }
        let existing = match &self.shared.target.place {
            Place::Local(local) => {
                let local = local.clone();
                blocking(move || local.existing()).await?
            }
            Place::Remote(remote) => remote.existing().await?,
        };
        let stays = |path: &String| is_data(path) && !is_of_run(path, &self.shared.run);
        Ok(existing.iter().any(stays))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let kept = self.kept.load(Ordering::Relaxed);
        match &self.shared.target.place {
            Place::Local(local) => {
                if !kept {
                    local.discard(&self.shared.run);
                }
                unlock(self.lock.take(), self.made_folder, local);
            }
            Place::Remote(remote) => {
                if self.lock.take().is_none() {
                    return;
                }
                let (remote, run) = (Arc::clone(remote), self.shared.run.clone());
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { clean(&remote, &run, !kept).await });
                }
            }
        }
    }
}

/// Gives a lock up. A folder that was made for the run goes with it, unless there is something in it.
fn unlock(lock: Option<Lock>, made_folder: bool, local: &Local) {
    match lock {
        Some(Lock::Local(lock)) if made_folder => lock.release_and_remove(&local.folder),
        lock => drop(lock),
    }
}

pub(super) fn check_run(run: &str) -> Result<(), Error> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !run.is_empty() && run.len() <= RUN_BYTES && run.chars().all(plain) {
        return Ok(());
    }
    Err(Error::Config {
        subject: format!("run `{run}`"),
        reason: format!("expected 1 to {RUN_BYTES} letters, digits, `-` and `_`"),
    })
}

async fn clean(remote: &Remote, run: &str, discard: bool) {
    if discard && let Err(error) = remote.discard(run).await {
        tracing::warn!(%error, "cannot abort uploads; the next run does");
    }
    remote_lock::release(remote, run).await;
}

/// Locks a local target. Also says whether its folder was made for that and, if it is to be looked at, what is there.
async fn begin_local(
    local: &Local,
    run: &str,
    url: &str,
    looks: bool,
) -> Result<(LocalLock, bool, Vec<String>), Error> {
    if !looks && let Some(lock) = local.begin_at_once(run, url)? {
        return Ok((lock, false, Vec::new()));
    }
    let (local, run, url) = (local.clone(), run.to_owned(), url.to_owned());
    let begun = blocking(move || {
        let (lock, made_folder) = local.begin(&run, &url)?;
        let existing = if looks { local.existing()? } else { Vec::new() };
        Ok((lock, made_folder, existing))
    });
    begun.await
}

/// Runs what waits for the disk where it keeps nobody else waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(Error::Write {
            action: "prepare or commit",
            path: PathBuf::from("the target"),
            source: std::io::Error::other(error),
        })
    })
}
