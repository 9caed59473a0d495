//! A store that serves files as they were when they were listed, or not at all.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::store::Store;
use super::stored::{StoredFile, is_same_version};
use crate::Error;

/// The files of one source. Its errors carry an [`Error`] that names the file.
#[derive(Debug)]
pub(super) struct PinnedStore {
    store: Arc<Store>,
    files: HashMap<Path, ObjectMeta>,
}

impl PinnedStore {
    pub fn new(store: Arc<Store>, files: &[StoredFile]) -> Self {
        let files = files.iter().map(|file| (file.meta.location.clone(), file.meta.clone()));
        Self {
            files: files.collect(),
            store,
        }
    }

    fn explain(&self, location: &Path, error: &object_store::Error) -> object_store::Error {
        let source: Error = match error {
            object_store::Error::Precondition { .. } => self.changed(location),
            error => self.store.explain("read", location, error),
        };
        object_store::Error::Generic {
            store: "source",
            source: Box::new(source),
        }
    }

    fn changed(&self, location: &Path) -> Error {
        Error::Changed {
            file: self.store.name(location),
        }
    }

    /// The same request, for the version of the file that was listed.
    fn pinned(&self, location: &Path, mut options: GetOptions) -> GetOptions {
        let tag = self.files.get(location).and_then(|file| file.e_tag.as_deref());
        if let Some(tag) = tag.filter(|tag| !tag.starts_with("W/")) {
            options.if_match = Some(tag.to_owned());
        }
        options
    }
}

impl fmt::Display for PinnedStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.store.url)
    }
}

#[async_trait]
impl ObjectStore for PinnedStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let options = self.pinned(location, options);
        let got = self.store.store.get_opts(location, options).await;
        let got = got.map_err(|error| self.explain(location, &error))?;
        let listed = self.files.get(location);
        if listed.is_some_and(|listed| !is_same_version(listed, &got.meta)) {
            return Err(object_store::Error::Generic {
                store: "source",
                source: Box::new(self.changed(location)),
            });
        }
        Ok(got)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.store.is_local() {
            // One look at the file, and then all ranges with one opening.
            self.head(location).await?;
            let got = self.store.store.get_ranges(location, ranges).await;
            return got.map_err(|error| self.explain(location, &error));
        }
        let fetch = |range: Range<u64>| async move { self.get_range(location, range).await };
        object_store::coalesce_ranges(ranges, fetch, object_store::OBJECT_STORE_COALESCE_DEFAULT).await
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.store.list_with_delimiter(prefix).await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        Box::pin(futures::stream::once(async { Err(read_only()) }))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only())
    }
}

fn read_only() -> object_store::Error {
    object_store::Error::NotSupported {
        source: "a source is only read".into(),
    }
}
