//! One file as its store has it, for readers that block.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use datafusion::common::ScalarValue;
use datafusion::physical_plan::metrics::Count;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStoreExt};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::format::Codec;
use super::store::Store;
use crate::Error;

/// Bytes that one request to a remote store asks for. While they are worked on, the next are on their way.
const BLOCK_BYTES: u64 = 4 << 20;

/// A file to read, as it was when it was listed.
#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    /// What the store knows.
    pub meta: ObjectMeta,
    /// Its name in messages.
    pub name: Arc<str>,
    /// Compression, where something tells it; by default its first bytes do.
    pub codec: Option<Codec>,
    /// Values of the columns that its folders stand for.
    pub partition: Arc<[ScalarValue]>,
    /// All of it, as stored, if it was read when it was listed.
    pub content: Option<Bytes>,
}

impl StoredFile {
    /// Whether it can be read as text by whoever has no time to wait: it is in memory, and no larger than that.
    pub fn is_at_hand(&self) -> bool {
        let codec = |content: &Bytes| self.codec.unwrap_or_else(|| Codec::of_bytes(content));
        self.content
            .as_ref()
            .is_some_and(|content| codec(content) == Codec::None)
    }

    /// Opens it on a blocking thread of a Tokio runtime, or anywhere if it is [at hand](Self::is_at_hand).
    pub fn open(&self, store: &Arc<Store>) -> Result<Input, Error> {
        let source = match (&self.content, store.local_path(&self.meta.location)) {
            (Some(content), _) => InputSource::Content(Cursor::new(content.clone())),
            (None, Some(path)) => InputSource::Local(File::open(&path).map_err(|error| self.failed(error))?),
            (None, None) => InputSource::Remote(Remote {
                store: Arc::clone(store),
                location: self.meta.location.clone(),
                size: self.meta.size,
                etag: self.strong_etag(),
                position: 0,
                block: Bytes::new(),
                block_start: 0,
                ahead: None,
                runtime: Handle::current(),
            }),
        };
        Ok(Input { source, read: None })
    }

    /// Fails if the file is no longer what was listed. Blocks while the store answers.
    pub fn check_unchanged(&self, store: &Store) -> Result<(), Error> {
        if self.content.is_some() {
            return Ok(());
        }
        let now = store.local_path(&self.meta.location).map(std::fs::metadata);
        if let Some(Ok(now)) = now
            && now.len() == self.meta.size
            && now
                .modified()
                .is_ok_and(|time| time == SystemTime::from(self.meta.last_modified))
        {
            return Ok(());
        }
        // Whatever is the matter, the store says it.
        Handle::current().block_on(self.unchanged(store))
    }

    /// What to say about an error of reading or decoding: what looks damaged may be half of an old and half of a new file.
    pub async fn explain(&self, store: &Store, error: Error) -> Error {
        if self.content.is_some() {
            return error;
        }
        match self.unchanged(store).await {
            Err(changed @ Error::Changed { .. }) => changed,
            _ => error,
        }
    }

    async fn unchanged(&self, store: &Store) -> Result<(), Error> {
        if store.is_local() || self.strong_etag().is_none() {
            let location = &self.meta.location;
            let now = store.store.head(location).await;
            let now = now.map_err(|error| store.explain("read", location, &error))?;
            if !is_same_version(&self.meta, &now) {
                return Err(Error::Changed {
                    file: self.name.to_string(),
                });
            }
        }
        Ok(())
    }

    /// An error of reading, in words; [`Error`]s that readers carried come out as they are.
    pub fn failed(&self, error: io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(own) => own,
            Err(source) => Error::Read {
                file: self.name.to_string(),
                source,
            },
        }
    }

    /// An error of reading what can't be decompressed, decoded or cut any further at this place; [`Error`]s that readers
    /// carried come out as they are.
    pub fn damaged(&self, place: String, error: io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(own) => own,
            Err(error) => Error::Damaged {
                file: self.name.to_string(),
                place,
                reason: if error.kind() == io::ErrorKind::UnexpectedEof {
                    "it ends too early; was it copied to its end?".to_owned()
                } else {
                    error.to_string()
                },
            },
        }
    }

    /// The tag by which a store refuses to serve another version of the file.
    fn strong_etag(&self) -> Option<String> {
        self.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"))
    }
}

/// Whether a store speaks of the same version of a file twice.
pub(super) fn is_same_version(one: &ObjectMeta, two: &ObjectMeta) -> bool {
    let same_time = match (&one.e_tag, &two.e_tag) {
        (Some(one), Some(two)) => one == two,
        // Some requests are answered with parts of a second, others without.
        _ => one.last_modified.timestamp() == two.last_modified.timestamp(),
    };
    same_time && one.size == two.size
}

#[cfg(test)]
impl StoredFile {
    /// A file of which only the name matters.
    pub fn named(name: &str) -> Self {
        Self {
            meta: ObjectMeta {
                location: Path::from(name),
                last_modified: std::time::UNIX_EPOCH.into(),
                size: 0,
                e_tag: None,
                version: None,
            },
            name: name.into(),
            codec: None,
            partition: Arc::from([]),
            content: None,
        }
    }
}

/// An open file. Its errors carry an [`Error`] where the store is at fault.
#[derive(Debug)]
pub(super) struct Input {
    source: InputSource,
    /// Where what is read is counted, in bytes as stored.
    read: Option<Count>,
}

impl Input {
    /// Counts what is read from here on.
    pub fn counted(self, read: Count) -> Self {
        Self {
            read: Some(read),
            ..self
        }
    }
}

#[derive(Debug)]
enum InputSource {
    Content(Cursor<Bytes>),
    Local(File),
    Remote(Remote),
}

#[derive(Debug)]
struct Remote {
    store: Arc<Store>,
    location: Path,
    size: u64,
    etag: Option<String>,
    position: u64,
    block: Bytes,
    block_start: u64,
    /// The block that is on its way, and where it starts.
    ahead: Option<(u64, JoinHandle<object_store::Result<Bytes>>)>,
    runtime: Handle,
}

impl Remote {
    fn load(&mut self) -> io::Result<()> {
        let start = self.position;
        let follows = start == self.block_start + self.block.len() as u64;
        let loading = match self.ahead.take() {
            Some((position, loading)) if position == start => loading,
            _ => self.request(start),
        };
        if follows && start + BLOCK_BYTES < self.size {
            self.ahead = Some((start + BLOCK_BYTES, self.request(start + BLOCK_BYTES)));
        }
        let loaded = self.runtime.block_on(loading).map_err(io::Error::other)?;
        self.block = loaded.map_err(|error| io::Error::other(self.store.explain("read", &self.location, &error)))?;
        self.block_start = start;
        Ok(())
    }

    fn request(&self, start: u64) -> JoinHandle<object_store::Result<Bytes>> {
        let end = (start + BLOCK_BYTES).min(self.size);
        let options = GetOptions::new()
            .with_range(Some(start..end))
            .with_if_match(self.etag.clone());
        let (store, location) = (Arc::clone(&self.store.store), self.location.clone());
        self.runtime
            .spawn(async move { store.get_opts(&location, options).await?.bytes().await })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some((_, loading)) = &self.ahead {
            loading.abort();
        }
    }
}

impl Read for Remote {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let loaded = self.block_start..self.block_start + self.block.len() as u64;
        if !loaded.contains(&self.position) {
            self.load()?;
        }
        let offset = usize::try_from(self.position - self.block_start).unwrap_or(usize::MAX);
        let available = self.block.get(offset..).unwrap_or_default();
        let length = buffer.len().min(available.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = match &mut self.source {
            InputSource::Content(content) => content.read(buffer),
            InputSource::Local(file) => file.read(buffer),
            InputSource::Remote(remote) => remote.read(buffer),
        }?;
        if let Some(read) = &self.read {
            read.add(bytes);
        }
        Ok(bytes)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let remote = match &mut self.source {
            InputSource::Content(content) => return content.seek(to),
            InputSource::Local(file) => return file.seek(to),
            InputSource::Remote(remote) => remote,
        };
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => remote.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => remote.position.checked_add_signed(offset),
        };
        remote.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(remote.position)
    }
}
