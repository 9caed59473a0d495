//! What was unloaded to S3, which does not stay there.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::super::part::check;
use super::super::scan::Plan;
use super::super::session::Session;
use super::bucket::Bucket;
use super::silent;
use super::unload::Unload;
use crate::Error;

/// What the names of unloaded files begin with.
const PREFIX: &str = "part_";

/// Files of a query's rows. They are removed when this is dropped, if they have not been before.
pub(super) struct Unloaded {
    pub bucket: Bucket,
    folder: Path,
    pub files: VecDeque<File>,
    pub rows: u64,
    is_removed: AtomicBool,
}

/// A Parquet file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub path: Path,
    pub bytes: u64,
}

/// The list of files that the cluster writes beside them.
#[derive(Deserialize)]
struct Manifest {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    url: String,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    content_length: Option<u64>,
}

/// Has the cluster unload the rows. If nobody waits for that any more, it is ended, and what it has written is removed.
pub(super) async fn run(plan: &Arc<Plan>, unload: &Unload) -> Result<Arc<Unloaded>, Error> {
    let session = Session::alone(plan.database.connect().await?);
    let doing = format!("unloading {}", plan.relation);
    check(&session, plan, &doing, &unload.select).await?;
    let bucket = unload.bucket().clone();
    let mut unloaded = Unloaded {
        folder: bucket.unique_folder(),
        bucket,
        files: VecDeque::new(),
        rows: 0,
        is_removed: AtomicBool::new(false),
    };
    let prefix = unloaded.bucket.url(&unloaded.folder.clone().join(PREFIX));
    let statement = unload.statement(&prefix);
    // Dropped together with this future.
    let (waiting, given_up) = oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let gone = async move {
            let _ = given_up.await;
        };
        let ran = silent::run_unless(&session, &unloaded.bucket, &doing, &statement, gone).await;
        let done = async {
            ran.transpose()?;
            let count = session.text(&doing, "select pg_last_unload_count()").await?;
            unloaded.rows = count.trim().parse().unwrap_or(0);
            unloaded.find_files().await
        };
        match done.await {
            Ok(()) => Ok(unloaded),
            Err(error) => {
                unloaded.remove().await;
                Err(error)
            }
        }
    });
    let ended = work.await;
    drop(waiting);
    match ended {
        Ok(unloaded) => unloaded.map(Arc::new),
        Err(error) => Err(Error::Lost {
            database: plan.database.name().to_owned(),
            doing: format!("unloading {}", plan.relation),
            reason: error.to_string(),
        }),
    }
}

impl Unloaded {
    /// Reads the list of files. Where there are no rows there is none.
    async fn find_files(&mut self) -> Result<(), Error> {
        let path = self.folder.clone().join(format!("{PREFIX}manifest"));
        let Some(content) = self.bucket.get(&path).await? else {
            if self.rows == 0 {
                return Ok(());
            }
            let rows = self.rows;
            return Err(self.unreadable(&format!(
                "{rows} rows were unloaded to it, and it is not there; do `s3_endpoint` and `s3_region` lead to the bucket \
                 that the cluster has?"
            )));
        };
        let manifest: Manifest =
            serde_json::from_slice(&content).map_err(|error| self.unreadable(&error.to_string()))?;
        for entry in manifest.entries {
            let path = self
                .bucket
                .path(&entry.url)
                .ok_or_else(|| self.unreadable(&format!("it lists `{}`, which is elsewhere", entry.url)))?;
            let bytes = if let Some(bytes) = entry.meta.and_then(|meta| meta.content_length) {
                bytes
            } else {
                let found = self.bucket.store.head(&path).await;
                found
                    .map_err(|error| self.bucket.failed("reading", &path, &error))?
                    .size
            };
            self.files.push_back(File { path, bytes });
        }
        Ok(())
    }

    fn unreadable(&self, reason: &str) -> Error {
        Error::Config {
            subject: format!("the manifest in {}", self.place()),
            reason: reason.to_owned(),
        }
    }

    /// Where the files are.
    pub fn place(&self) -> String {
        self.bucket.url(&self.folder)
    }

    /// Removes the files.
    pub async fn remove(&self) {
        if self.is_removed.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.bucket.remove(&self.folder).await {
            tracing::warn!(%error, folder = %self.place(), "unloaded files are left in S3");
        }
    }

    /// Removes the files without waiting for it.
    pub fn discard(&self) {
        if self.is_removed.swap(true, Ordering::AcqRel) {
            return;
        }
        remove_later(&self.bucket, &self.folder);
    }
}

/// Removes a folder without waiting for it.
pub(super) fn remove_later(bucket: &Bucket, folder: &Path) {
    let (bucket, folder) = (bucket.clone(), folder.clone());
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        tracing::warn!(folder = %bucket.url(&folder), "files are left in S3");
        return;
    };
    runtime.spawn(async move {
        if let Err(error) = bucket.remove(&folder).await {
            tracing::warn!(%error, folder = %bucket.url(&folder), "files are left in S3");
        }
    });
}

impl Drop for Unloaded {
    fn drop(&mut self) {
        self.discard();
    }
}

impl fmt::Debug for Unloaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Unloaded").field(&self.place()).finish()
    }
}
