//! Where a file's bytes go while nobody sees them: a staged file, or an upload that is not completed.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{MultipartId, PutPayload};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::durable::write_error;
use super::prepared::Staged;
use super::remote::Remote;
use crate::Error;

/// Bytes that are gathered before they go to a local file.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// Parts that a sink uploads at the same time, over all of its files. Each holds its bytes in memory.
pub(super) const UPLOADS: usize = 8;

/// Takes a file's bytes in order. While one chunk is on its way, the next can be encoded.
pub(super) enum Output {
    Local(LocalOutput),
    Upload(UploadOutput),
}

impl Output {
    /// How many bytes are worth a [`write`](Self::write).
    pub fn chunk_bytes(&self) -> usize {
        match self {
            Self::Local(_) => CHUNK_BYTES,
            Self::Upload(upload) => upload.part_bytes,
        }
    }

    /// Whether bytes can be handed over in small chunks, so that memory becomes free.
    pub fn takes_small_chunks(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// The name under which a local file is to be staged of which nothing was written yet.
    pub fn unwritten(&self) -> Option<&str> {
        match self {
            Self::Local(output) if output.file.is_none() && output.writing.is_none() => Some(&output.name),
            _ => None,
        }
    }

    /// Takes bytes, and waits while too many are on their way.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        match self {
            Self::Local(output) => output.write(bytes).await,
            Self::Upload(output) => output.write(bytes).await,
        }
    }

    /// Takes the last bytes and makes all of them durable; where they are.
    pub async fn finish(self, last: Bytes) -> Result<Staged, Error> {
        match self {
            Self::Local(output) => output.finish(last).await,
            Self::Upload(output) => output.finish(last).await,
        }
    }
}

/// A file that is not yet called what it will be.
pub(super) struct LocalOutput {
    name: String,
    path: PathBuf,
    file: Option<Arc<File>>,
    writing: Option<JoinHandle<io::Result<Arc<File>>>>,
}

impl LocalOutput {
    pub fn new(name: String, path: PathBuf) -> Self {
        Self {
            name,
            path,
            file: None,
            writing: None,
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.written().await?;
        let (file, path) = (self.file.take(), self.path.clone());
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let file = opened(file, &path)?;
            (&*file).write_all(&bytes)?;
            Ok(file)
        }));
        Ok(())
    }

    async fn written(&mut self) -> Result<(), Error> {
        if let Some(writing) = self.writing.take() {
            let written = writing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            self.file = Some(written.map_err(|source| write_error("write", &self.path, source))?);
        }
        Ok(())
    }

    async fn finish(mut self, last: Bytes) -> Result<Staged, Error> {
        self.written().await?;
        let (file, path) = (self.file.take(), self.path.clone());
        let finished = tokio::task::spawn_blocking(move || {
            let file = opened(file, &path)?;
            (&*file).write_all(&last)?;
            file.sync_all()
        });
        let finished = finished.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        finished.map_err(|source| write_error("write", &self.path, source))?;
        Ok(Staged::File(self.name))
    }
}

/// The file, made where nothing was written yet.
fn opened(file: Option<Arc<File>>, path: &std::path::Path) -> io::Result<Arc<File>> {
    match file {
        Some(file) => Ok(file),
        None => File::create(path).map(Arc::new),
    }
}

/// An object's parts, which become an object when the upload is completed.
pub(super) struct UploadOutput {
    remote: Arc<Remote>,
    /// The object.
    location: Path,
    id: MultipartId,
    /// All parts but the last have this size; some stores insist on it.
    part_bytes: usize,
    pending: BytesMut,
    permits: Arc<Semaphore>,
    uploading: JoinSet<Result<(usize, String), Error>>,
    parts: Vec<(usize, String)>,
    started: usize,
}

impl UploadOutput {
    pub fn new(
        remote: Arc<Remote>,
        location: Path,
        id: MultipartId,
        part_bytes: usize,
        permits: Arc<Semaphore>,
    ) -> Self {
        Self {
            remote,
            location,
            id,
            part_bytes,
            pending: BytesMut::new(),
            permits,
            uploading: JoinSet::new(),
            parts: Vec::new(),
            started: 0,
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.pending.extend_from_slice(&bytes);
        while self.pending.len() >= self.part_bytes {
            let part = self.pending.split_to(self.part_bytes).freeze();
            self.upload(part).await?;
        }
        Ok(())
    }

    async fn upload(&mut self, part: Bytes) -> Result<(), Error> {
        // What has failed meanwhile ends the write.
        while let Some(done) = self.uploading.try_join_next() {
            self.parts.push(joined(done)?);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let (remote, location, id, index) = (
            Arc::clone(&self.remote),
            self.location.clone(),
            self.id.clone(),
            self.started,
        );
        self.started += 1;
        self.uploading.spawn(async move {
            let _permit = permit;
            let sent = remote
                .multipart
                .put_part(&location, &id, index, PutPayload::from(part))
                .await;
            let sent = sent.map_err(|error| remote.store.explain("upload to", &location, &error))?;
            Ok((index, sent.content_id))
        });
        Ok(())
    }

    async fn finish(mut self, last: Bytes) -> Result<Staged, Error> {
        self.write(last).await?;
        if !self.pending.is_empty() || self.started == 0 {
            let part = self.pending.split().freeze();
            self.upload(part).await?;
        }
        while let Some(done) = self.uploading.join_next().await {
            self.parts.push(joined(done)?);
        }
        self.parts.sort_unstable();
        let parts = self.parts.into_iter().map(|(_, part)| part).collect();
        Ok(Staged::Upload { id: self.id, parts })
    }
}

/// What a task in the background came to.
pub(super) fn joined<T>(done: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    done.unwrap_or_else(|error| {
        let path = std::path::Path::new("a file in the background");
        Err(write_error("write", path, io::Error::other(error)))
    })
}
