//! Fetches files from servers that serve whole files only.

use std::io::Write;

use futures::TryStreamExt;
use object_store::{GetOptions, ObjectMeta, ObjectStoreExt};

use super::store::{self, Store, StoreOptions};
use crate::Error;

/// Every format needs to read parts of a file. A web server that does not serve any is asked for the whole file once; it
/// is kept in a temporary folder for as long as the source lives.
pub(super) async fn unless_in_parts(
    store: Store,
    files: Vec<ObjectMeta>,
) -> Result<(Store, Vec<ObjectMeta>, Option<tempfile::TempDir>), Error> {
    let [file] = files.as_slice() else {
        return Ok((store, files, None));
    };
    if !store.is_http() || file.size == 0 {
        return Ok((store, files, None));
    }
    let first_byte = GetOptions::new().with_range(Some(0..1));
    match store.store.get_opts(&file.location, first_byte).await {
        Ok(_) => return Ok((store, files, None)),
        Err(object_store::Error::NotSupported { .. }) => {}
        Err(error) => return Err(store.explain("read", &file.location, &error)),
    }
    let shown = store.name(&file.location);
    let failed = |source| Error::Read {
        file: shown.clone(),
        source,
    };
    let explain = |error: object_store::Error| store.explain("read", &file.location, &error);
    let folder = tempfile::tempdir().map_err(failed)?;
    let name = file.location.filename().unwrap_or("download");
    let path = folder.path().join(name);
    let mut target = std::fs::File::create(&path).map_err(failed)?;
    let mut body = store.store.get(&file.location).await.map_err(explain)?.into_stream();
    while let Some(bytes) = body.try_next().await.map_err(explain)? {
        target.write_all(&bytes).map_err(failed)?;
    }
    target.flush().map_err(failed)?;
    let local = store::open(&path.to_string_lossy(), &StoreOptions::default())?;
    let meta = local.store.head(&local.root).await;
    let meta = meta.map_err(|error| local.explain("read", &local.root, &error))?;
    Ok((local, vec![meta], Some(folder)))
}
