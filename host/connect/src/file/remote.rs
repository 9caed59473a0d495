//! Commits on object stores: uploads that are completed at the commit, and a manifest.
//!
//! Objects can't be renamed, but a multipart upload is invisible until it is completed. What is not data is below
//! `_tenon/` in the target's folder (`_tenon/NAME/` for a single object):
//!
//! | object | what |
//! |---|---|
//! | `lock` | which run writes, and until when it says so |
//! | `RUN/*.json` | an upload that is under way |
//! | `RUN.prepared` | everything is uploaded |
//! | `RUN.json` | the manifest: once it is there, the run is committed, and whoever comes next carries it out |
//!
//! Uploads are completed one after the other, then replaced objects are deleted, then the manifest's `state` becomes
//! `done`. Who lists the folder in that instant sees a part of the new objects, or old and new ones. Who needs more reads
//! the manifests: each lists the objects of one run (`files`) and those that it replaced (`remove`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{MultipartId, ObjectMeta, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::local_sweep::PATIENCE;
use super::prepared::{Prepared, Staged, StagedFile};
use super::remote_lock::{self, RemoteLock};
use super::store::Store;
use crate::Error;

/// Requests that are under way at the same time while a commit is carried out.
const REQUESTS: usize = 8;

/// The folder of a target in an object store.
pub(super) struct Remote {
    pub store: Store,
    pub multipart: Arc<dyn MultipartStore>,
    /// The folder that holds the data.
    folder: Path,
    /// The folder of what is not data.
    own: Path,
    /// Name of the object, where the target is one.
    file: Option<String>,
}

/// An upload that is under way.
#[derive(Debug, Serialize, Deserialize)]
struct Upload {
    path: String,
    id: MultipartId,
}

/// What a commit does. Carrying it out twice is the same as once.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    run: String,
    state: State,
    files: Vec<StagedFile>,
    remove: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Committing,
    Done,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Remote")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Remote {
    /// `file` is the name of the object, where the target is one; then the store's root is that object.
    pub fn new(store: Store, multipart: Arc<dyn MultipartStore>, file: Option<String>) -> Self {
        let mut folder = store.root.clone();
        if file.is_some() {
            folder = Path::from_iter(store.root.parts().take(store.root.parts().count().saturating_sub(1)));
        }
        let mut own = folder.clone().join("_tenon");
        if let Some(file) = &file {
            own = own.join(file.as_str());
        }
        Self {
            store,
            multipart,
            folder,
            own,
            file,
        }
    }

    /// Takes the lock and sweeps.
    pub async fn begin(self: &Arc<Self>, run: &str, target: &str) -> Result<RemoteLock, Error> {
        let lock = RemoteLock::take(Arc::clone(self), run, target).await?;
        let swept = self.sweep(run).await;
        if swept.is_err() {
            remote_lock::release(self, run).await;
        }
        swept.map(|()| lock)
    }

    /// An object's place, from the target's folder.
    pub fn location(&self, path: &str) -> Path {
        // Names in it are escaped already where they had to be.
        let parsed = Path::parse(format!("{}/{path}", self.folder));
        parsed.unwrap_or_else(|_| self.folder.clone().join(path))
    }

    /// A place for what is not data.
    pub fn own(&self, name: &str) -> Path {
        Path::parse(format!("{}/{name}", self.own)).unwrap_or_else(|_| self.own.clone().join(name))
    }

    /// Visible objects, from the folder.
    pub async fn existing(&self) -> Result<Vec<String>, Error> {
        if let Some(file) = &self.file {
            let there = match self.store.store.head(&self.store.root).await {
                Ok(_) => true,
                Err(object_store::Error::NotFound { .. }) => false,
                Err(error) => return Err(self.store.explain("look for", &self.store.root, &error)),
            };
            return Ok(if there { vec![file.clone()] } else { Vec::new() });
        }
        let mut found = Vec::new();
        for object in self.list(&self.folder).await? {
            let Some(parts) = object.location.prefix_match(&self.folder) else {
                continue;
            };
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            if !parts.is_empty() && !parts.iter().any(|part| part.starts_with(['.', '_'])) {
                found.push(parts.join("/"));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Begins an upload and notes it down, so that it can be aborted when this process dies.
    pub async fn start_upload(&self, path: &str, run: &str, name: &str) -> Result<MultipartId, Error> {
        let location = self.location(path);
        let started = self.multipart.create_multipart(&location).await;
        let id = started.map_err(|error| self.store.explain("begin an upload to", &location, &error))?;
        let upload = Upload {
            path: path.to_owned(),
            id: id.clone(),
        };
        self.put(&self.own(&format!("{run}/{name}.json")), &upload, PutMode::Overwrite)
            .await?;
        Ok(id)
    }

    /// Notes down that everything is uploaded.
    pub async fn prepare(&self, prepared: &Prepared) -> Result<(), Error> {
        self.put(
            &self.own(&format!("{}.prepared", prepared.run)),
            prepared,
            PutMode::Overwrite,
        )
        .await
    }

    /// Decides, unless that was done before, and carries out.
    pub async fn commit(self: &Arc<Self>, prepared: &Prepared) -> Result<(), Error> {
        let lock = RemoteLock::take(Arc::clone(self), &prepared.run, &prepared.target).await?;
        let committed = self.commit_locked(prepared).await;
        drop(lock);
        remote_lock::release(self, &prepared.run).await;
        committed
    }

    /// As [`commit`](Self::commit). The caller holds the lock.
    pub async fn commit_locked(&self, prepared: &Prepared) -> Result<(), Error> {
        let run = &prepared.run;
        let key = self.own(&format!("{run}.json"));
        let manifest = if let Some(manifest) = self.get::<Manifest>(&key).await? {
            manifest
        } else {
            if self
                .get::<Prepared>(&self.own(&format!("{run}.prepared")))
                .await?
                .is_none()
            {
                return Err(Error::Gone {
                    target: prepared.target.clone(),
                    run: run.clone(),
                });
            }
            let manifest = Manifest {
                run: run.clone(),
                state: State::Committing,
                files: prepared.files.clone(),
                remove: prepared.removals(self.existing().await?)?,
            };
            self.put(&key, &manifest, PutMode::Overwrite).await?;
            manifest
        };
        self.carry_out(manifest).await
    }

    /// Removes what was prepared.
    pub async fn abort(self: &Arc<Self>, prepared: &Prepared) -> Result<(), Error> {
        let lock = RemoteLock::take(Arc::clone(self), &prepared.run, &prepared.target).await?;
        let aborted = self.abort_locked(prepared).await;
        drop(lock);
        remote_lock::release(self, &prepared.run).await;
        aborted
    }

    async fn abort_locked(&self, prepared: &Prepared) -> Result<(), Error> {
        let run = &prepared.run;
        if self.get::<Manifest>(&self.own(&format!("{run}.json"))).await?.is_some() {
            return Err(Error::Decided {
                target: prepared.target.clone(),
                run: run.clone(),
            });
        }
        self.discard(run).await
    }

    /// As [`discard`](Self::discard), unless it was decided to commit the run. Its lock, which nobody renews any more, goes
    /// in any case.
    pub async fn forget_undecided(&self, run: &str) -> Result<(), Error> {
        let decided = self.get::<Manifest>(&self.own(&format!("{run}.json"))).await?.is_some();
        let discarded = if decided { Ok(()) } else { self.discard(run).await };
        remote_lock::release(self, run).await;
        discarded
    }

    /// Aborts a run's uploads and forgets them.
    pub async fn discard(&self, run: &str) -> Result<(), Error> {
        for object in self.list(&self.own(run)).await? {
            if let Some(upload) = self.get::<Upload>(&object.location).await? {
                let location = self.location(&upload.path);
                match self.multipart.abort_multipart(&location, &upload.id).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(self.store.explain("abort an upload to", &location, &error)),
                }
            }
        }
        self.forget(run).await
    }

    /// Aborts the uploads of a run except those that are prepared.
    pub async fn discard_losers(&self, prepared: &Prepared, known: &[(String, MultipartId)]) {
        let kept = |id: &str| {
            let files = prepared.files.iter();
            files
                .into_iter()
                .any(|file| matches!(&file.staged, Some(Staged::Upload { id: kept, .. }) if kept == id))
        };
        for (path, id) in known.iter().filter(|(_, id)| !kept(id)) {
            let location = self.location(path);
            // Harmless: incomplete uploads are invisible. A bucket's own rules may remove them.
            if let Err(error) = self.multipart.abort_multipart(&location, id).await {
                tracing::warn!(object = %location, %error, "cannot abort an upload");
            }
        }
    }

    /// Removes the notes about a run.
    async fn forget(&self, run: &str) -> Result<(), Error> {
        let notes = self.list(&self.own(run)).await?;
        self.delete(notes.into_iter().map(|object| object.location).collect())
            .await?;
        // Last: it is what makes a sweep look at the run.
        self.delete(vec![self.own(&format!("{run}.prepared"))]).await
    }

    async fn carry_out(&self, manifest: Manifest) -> Result<(), Error> {
        let Manifest {
            run,
            state,
            files,
            remove,
        } = manifest;
        if state == State::Committing {
            let completing: Vec<_> = files.iter().map(|file| self.complete(file)).collect();
            let completing = futures::stream::iter(completing).buffer_unordered(REQUESTS);
            completing.try_collect::<Vec<()>>().await?;
            self.delete(remove.iter().map(|path| self.location(path)).collect())
                .await?;
            let strip = |file: StagedFile| StagedFile { staged: None, ..file };
            let done = Manifest {
                run: run.clone(),
                state: State::Done,
                files: files.into_iter().map(strip).collect(),
                remove,
            };
            self.put(&self.own(&format!("{run}.json")), &done, PutMode::Overwrite)
                .await?;
        }
        self.forget(&run).await
    }

    /// Makes one object visible, unless it is.
    async fn complete(&self, file: &StagedFile) -> Result<(), Error> {
        let Some(Staged::Upload { id, parts }) = &file.staged else {
            return Ok(());
        };
        let location = self.location(&file.path);
        let parts = parts
            .iter()
            .map(|part| PartId {
                content_id: part.clone(),
            })
            .collect();
        let Err(error) = self.multipart.complete_multipart(&location, id, parts).await else {
            return Ok(());
        };
        // An earlier try, or one whose answer was lost, may have completed it.
        match self.store.store.head(&location).await {
            Ok(object) if object.size == file.bytes => Ok(()),
            _ => Err(self.store.explain("complete the upload to", &location, &error)),
        }
    }

    /// Carries out what was decided, aborts what dead runs have left.
    async fn sweep(&self, own_run: &str) -> Result<(), Error> {
        let objects = self.list(&self.own).await?;
        let mut runs = BTreeSet::new();
        let mut manifests = BTreeSet::new();
        let mut waiting = BTreeSet::new();
        for object in &objects {
            let Some(parts) = object.location.prefix_match(&self.own) else {
                continue;
            };
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            match parts.as_slice() {
                [name] => {
                    if let Some(run) = name.strip_suffix(".json") {
                        manifests.insert(run.to_owned());
                    } else if let Some(run) = name.strip_suffix(".prepared") {
                        runs.insert(run.to_owned());
                        if run != own_run && age(object) < PATIENCE {
                            waiting.insert(run.to_owned());
                        }
                    }
                }
                // Below `_tenon/` of a folder there may also be the notes about single objects in it.
                [run, note] if note.starts_with(NOTE) && note.strip_suffix(".json").is_some() => {
                    runs.insert(run.clone());
                }
                _ => {}
            }
        }
        for run in runs {
            if manifests.contains(&run) {
                let key = self.own(&format!("{run}.json"));
                let Some(manifest) = self.get::<Manifest>(&key).await? else {
                    continue;
                };
                tracing::info!(run, "completing the commit of a run that died");
                self.carry_out(manifest).await?;
            } else if !waiting.contains(&run) {
                self.discard(&run).await?;
            }
        }
        Ok(())
    }

    async fn list(&self, folder: &Path) -> Result<Vec<ObjectMeta>, Error> {
        let listed = self.store.store.list(Some(folder)).try_collect().await;
        listed.map_err(|error| self.store.explain("list", folder, &error))
    }

    async fn get<T: DeserializeOwned>(&self, location: &Path) -> Result<Option<T>, Error> {
        let read = async { self.store.store.get(location).await?.bytes().await };
        let text: Bytes = match read.await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            text => text.map_err(|error| self.store.explain("read", location, &error))?,
        };
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|source| Error::Journal {
            path: self.store.name(location),
            source,
        })
    }

    async fn put(&self, location: &Path, content: &impl Serialize, mode: PutMode) -> Result<(), Error> {
        let text = serde_json::to_vec(content).map_err(|source| Error::Journal {
            path: self.store.name(location),
            source,
        })?;
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        let put = self
            .store
            .store
            .put_opts(location, PutPayload::from(text), options)
            .await;
        put.map(drop)
            .map_err(|error| self.store.explain("write", location, &error))
    }

    async fn delete(&self, locations: Vec<Path>) -> Result<(), Error> {
        let deleting = futures::stream::iter(locations).map(|location| async move {
            match self.store.store.delete(&location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.store.explain("delete", &location, &error)),
            }
        });
        deleting.buffer_unordered(REQUESTS).try_collect().await
    }
}

/// What names of notes about uploads begin with.
pub(super) const NOTE: &str = "upload-";

fn age(object: &ObjectMeta) -> Duration {
    let age = std::time::SystemTime::now().duration_since(object.last_modified.into());
    age.unwrap_or_default()
}
