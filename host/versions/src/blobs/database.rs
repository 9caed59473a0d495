//! Components in the server's database, so that several servers need no folder that they share.

use async_trait::async_trait;
use tenon_metadata::{Metadata, row};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::{Blobs, checked};
use crate::{Digest, Error, Uploaded};

/// Bytes that are written in one transaction, so that others can write in between.
const CHUNK: usize = 1 << 20;

/// Components as rows of 1 MiB each. Meant for some gigabytes in all: they are in every backup of the database.
#[derive(Clone, Debug)]
pub struct DatabaseBlobs {
    metadata: Metadata,
}

impl DatabaseBlobs {
    /// Uses a database with the tables of [`MIGRATIONS`](crate::MIGRATIONS).
    pub fn new(metadata: Metadata) -> Self {
        Self { metadata }
    }

    async fn keep_chunk(&self, digest: &Digest, number: usize, chunk: Vec<u8>) -> Result<(), Error> {
        let digest = digest.clone();
        let kept = self.metadata.write(move |tx| {
            tx.execute(
                "insert into plugin_chunks (digest, number, bytes) values (?1, ?2, ?3)
                 on conflict (digest, number) do update set bytes = excluded.bytes",
                row![digest.as_str(), number, chunk.as_slice()],
            )
        });
        Ok(kept.await.map(drop)?)
    }
}

#[async_trait]
impl Blobs for DatabaseBlobs {
    async fn keep(&self, uploaded: Uploaded) -> Result<(), Error> {
        let failed = |source| Error::Store {
            doing: "written",
            place: uploaded.path.display().to_string(),
            source,
        };
        let mut file = File::open(&uploaded.path).await.map_err(failed)?;
        let mut number = 0;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            let mut part = (&mut file).take(CHUNK as u64);
            part.read_to_end(&mut chunk).await.map_err(failed)?;
            let is_last = chunk.len() < CHUNK;
            self.keep_chunk(&uploaded.digest, number, chunk).await?;
            if is_last {
                return Ok(());
            }
            number += 1;
        }
    }

    async fn read(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let wanted = digest.clone();
        let read = self.metadata.read(move |tx| {
            let rows = tx.query(
                "select bytes from plugin_chunks where digest = ?1 order by number",
                row![wanted.as_str()],
            )?;
            let chunks: Result<Vec<Vec<u8>>, _> = rows.iter().map(|row| row.get(0)).collect();
            chunks
        });
        let chunks: Vec<Vec<u8>> = read.await.map_err(|error: tenon_metadata::Error| error)?;
        if chunks.is_empty() {
            let digest = digest.clone();
            return Err(Error::Gone { digest });
        }
        checked(chunks.concat(), digest)
    }

    async fn remove(&self, digest: &Digest) -> Result<(), Error> {
        let digest = digest.clone();
        let removed = self
            .metadata
            .write(move |tx| tx.execute("delete from plugin_chunks where digest = ?1", row![digest.as_str()]));
        Ok(removed.await.map(drop)?)
    }
}
