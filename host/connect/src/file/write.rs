//! A sink for files: partitions write side by side, a commit makes all of it visible.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::commit::{Staging, write_error};
use super::config::{Mode, WriteConfig};
use super::encode::Encoder;
use super::format::{Codec, Format};
use crate::Error;

/// What became of the attempt to begin.
#[derive(Debug)]
pub enum Begun {
    /// Write, then commit.
    Ready(Sink),
    /// The target holds data and the mode is [`Mode::Ignore`]: there is nothing to do.
    Ignored,
}

/// A target that is being written. Dropped without [`commit`](Self::commit), it leaves no trace.
///
/// ```
/// # use std::sync::Arc;
/// # use arrow::array::{ArrayRef, Int64Array, RecordBatch};
/// use tenon_connect::file::{Begun, Sink, WriteConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// # let batch = RecordBatch::try_from_iter([("id", column)])?;
/// let config = WriteConfig::new(folder.path().join("ids.parquet").to_string_lossy());
/// let Begun::Ready(sink) = Sink::begin(&config, batch.schema(), "run-1")? else { unreachable!("nothing was there") };
///
/// let mut writer = sink.writer(0, 1);
/// writer.write(&batch)?;
/// let part = writer.finish()?;
/// assert!(!folder.path().join("ids.parquet").exists());
///
/// let committed = sink.commit(vec![part])?;
/// assert_eq!((committed.rows, committed.files.len()), (3, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    target: Target,
    /// Files that the commit removes.
    replaced: Vec<String>,
}

#[derive(Debug)]
struct Shared {
    config: WriteConfig,
    format: Format,
    schema: SchemaRef,
    run: String,
    staging: Staging,
}

/// Where the data become visible.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    File { folder: PathBuf, name: String },
    Folder(PathBuf),
}

/// A file that one partition has written: all that a commit needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    staged: String,
    partition: usize,
    /// Rows in the file.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// What a commit has made visible.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Rows in all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Sink {
    /// Checks the target against the mode and prepares it. Blocks while it works on the file system.
    ///
    /// # Errors
    /// When the mode forbids writing there, when another run writes there, and when the file system refuses.
    pub fn begin(config: &WriteConfig, schema: SchemaRef, run: &str) -> Result<Begun, Error> {
        let (target, format) = Target::of(config)?;
        let staging = match &target {
            Target::Folder(folder) => Staging::begin(folder, ".tenon-", run, &config.url)?,
            Target::File { folder, name } => Staging::begin(folder, &format!(".{name}.tenon-"), run, &config.url)?,
        };
        let existing = target.existing()?;
        let replaced = match config.mode {
            _ if existing.is_empty() => Vec::new(),
            Mode::Ignore => return Ok(Begun::Ignored),
            Mode::Error => {
                let appendable = matches!(target, Target::Folder(_));
                let append = if appendable { " or `append` to add to it" } else { "" };
                return Err(Error::Exists {
                    target: config.url.clone(),
                    append,
                });
            }
            Mode::Append => match &target {
                Target::Folder(_) => Vec::new(),
                Target::File { .. } => {
                    return Err(Error::Config {
                        subject: config.url.clone(),
                        reason: "rows cannot be appended to a finished file; write to a folder instead".to_owned(),
                    });
                }
            },
            Mode::Overwrite => target.replaceable(existing, &config.url)?,
        };
        let shared = Shared {
            config: config.clone(),
            format,
            schema,
            run: run.to_owned(),
            staging,
        };
        Ok(Begun::Ready(Self {
            shared: Arc::new(shared),
            target,
            replaced,
        }))
    }

    /// Whether all rows go to one file, so that there can be only one partition.
    pub fn is_single_file(&self) -> bool {
        matches!(self.target, Target::File { .. })
    }

    /// Folder in which the files become visible.
    pub fn folder(&self) -> &Path {
        self.shared.staging.folder()
    }

    /// Files that were there before and that the commit removes or replaces.
    pub fn replaced(&self) -> Vec<PathBuf> {
        let staging = &self.shared.staging;
        match &self.target {
            Target::File { name, .. } => vec![staging.path(name)],
            Target::Folder(_) => self.replaced.iter().map(|name| staging.path(name)).collect(),
        }
    }

    /// Format of the files.
    pub fn format(&self) -> Format {
        self.shared.format
    }

    /// A writer for one partition; `attempt` tells tries at the same partition apart.
    pub fn writer(&self, partition: usize, attempt: u32) -> PartitionWriter {
        let staged = self.shared.staging.staged_name(partition, attempt);
        PartitionWriter {
            shared: Arc::clone(&self.shared),
            partition,
            staged,
            encoder: None,
            rows: 0,
        }
    }

    /// Makes the parts visible. Blocks while it works on the file system.
    ///
    /// # Errors
    /// When the file system refuses. What can still be completed then is completed by the next run.
    pub fn commit(mut self, parts: Vec<Part>) -> Result<Committed, Error> {
        let staging = &self.shared.staging;
        let mut parts: Vec<Part> = parts.into_iter().collect();
        // Without rows, one file still tells the columns.
        let has_rows = parts.iter().any(|part| part.rows > 0);
        if !has_rows && parts.iter().all(|part| part.staged.is_empty()) {
            parts = vec![self.writer(0, 0).finish_with_schema()?];
        }
        parts.retain(|part| !part.staged.is_empty());
        let mut committed = Committed::default();
        let mut publish = Vec::with_capacity(parts.len());
        for part in parts {
            let name = match &self.target {
                Target::File { name, .. } => name.clone(),
                Target::Folder(_) => {
                    let extension = self.shared.format.extension();
                    format!("part-{:05}-{}.{extension}", part.partition, self.shared.run)
                }
            };
            committed.rows += part.rows;
            committed.bytes += part.bytes;
            let path = staging.path(&name);
            committed
                .files
                .push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
            publish.push((part.staged, name));
        }
        staging.commit(std::mem::take(&mut self.replaced), publish)?;
        Ok(committed)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.staging.abandon();
    }
}

impl Target {
    fn of(config: &WriteConfig) -> Result<(Self, Format), Error> {
        let path = local_path(&config.url)?;
        let named = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(Format::of_name);
        if let Some((_, codec)) = named.filter(|(_, codec)| *codec != Codec::None) {
            let reason = format!("{codec:?} files cannot be written yet; leave the last extension out");
            return Err(Error::Config {
                subject: config.url.clone(),
                reason,
            });
        }
        let is_folder = config.url.ends_with('/') || path.is_dir() || path.extension().is_none();
        if is_folder {
            return Ok((Self::Folder(path), config.format.unwrap_or(Format::Parquet)));
        }
        let unknown = || Error::UnknownFormat {
            url: config.url.clone(),
            expected: Format::EXPECTED,
        };
        let format = config.format.or(named.map(|(format, _)| format)).ok_or_else(unknown)?;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(unknown)?
            .to_owned();
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok((Self::File { folder, name }, format))
    }

    /// Names of what is visible at the target.
    fn existing(&self) -> Result<Vec<String>, Error> {
        let folder = match self {
            Self::File { folder, name } => {
                return Ok(if folder.join(name).exists() {
                    vec![name.clone()]
                } else {
                    Vec::new()
                });
            }
            Self::Folder(folder) => folder,
        };
        let failed = |source| write_error("list the folder", folder, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !name.starts_with('_') {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What a commit has to remove so that only the new data are there.
    fn replaceable(&self, existing: Vec<String>, url: &str) -> Result<Vec<String>, Error> {
        let Self::Folder(folder) = self else {
            // Renaming the new file replaces the old one.
            return Ok(Vec::new());
        };
        let foreign = |name: &&String| Format::of_name(name).is_none() || folder.join(name.as_str()).is_dir();
        match existing.iter().find(foreign) {
            Some(name) => Err(Error::Foreign {
                target: url.to_owned(),
                name: name.clone(),
            }),
            None => Ok(existing),
        }
    }
}

fn local_path(url: &str) -> Result<PathBuf, Error> {
    if let Some(rest) = url.strip_prefix("file://") {
        let parsed = url::Url::parse(url).ok().and_then(|parsed| parsed.to_file_path().ok());
        return Ok(parsed.unwrap_or_else(|| PathBuf::from(rest)));
    }
    match url.split_once("://") {
        Some((scheme, _)) => Err(Error::Config {
            subject: url.to_owned(),
            reason: format!("`{scheme}` URLs cannot be written yet; only local files can"),
        }),
        None => Ok(Path::new(url).to_owned()),
    }
}

/// Writes the rows of one partition to one file.
pub struct PartitionWriter {
    shared: Arc<Shared>,
    partition: usize,
    staged: String,
    encoder: Option<Encoder>,
    rows: u64,
}

impl std::fmt::Debug for PartitionWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PartitionWriter")
            .field("staged", &self.staged)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl PartitionWriter {
    /// Adds rows. Encodes and compresses on the calling thread.
    ///
    /// # Errors
    /// When the format can't hold a column's type, and when the file system refuses.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let encoder = if let Some(encoder) = &mut self.encoder {
            encoder
        } else {
            let encoder = self.start(batch)?;
            self.encoder.insert(encoder)
        };
        encoder.write(batch)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file and makes it durable. Blocks while the disk does.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn finish(mut self) -> Result<Part, Error> {
        let Some(encoder) = self.encoder.take() else {
            return Ok(Part {
                staged: String::new(),
                partition: self.partition,
                rows: 0,
                bytes: 0,
            });
        };
        let path = self.shared.staging.path(&self.staged);
        let file = encoder.finish()?;
        let synced = file.sync_all().and_then(|()| file.metadata());
        let bytes = synced.map_err(|source| write_error("write", &path, source))?.len();
        Ok(Part {
            staged: std::mem::take(&mut self.staged),
            partition: self.partition,
            rows: self.rows,
            bytes,
        })
    }

    /// A file without rows.
    fn finish_with_schema(mut self) -> Result<Part, Error> {
        let empty = RecordBatch::new_empty(SchemaRef::clone(&self.shared.schema));
        self.encoder = Some(self.start(&empty)?);
        self.finish()
    }

    fn start(&self, first: &RecordBatch) -> Result<Encoder, Error> {
        let path = self.shared.staging.path(&self.staged);
        let file = fs::File::create(&path).map_err(|source| write_error("create", &path, source))?;
        Encoder::start(&self.shared.config, self.shared.format, file, first)
    }
}
