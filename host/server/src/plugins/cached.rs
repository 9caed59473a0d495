//! Files of plugins on this machine, and their code kept loaded.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use parking_lot::Mutex;
use tenon_runtime::{Plugin, Runtime};
use tenon_versions::{Digest, Resolved, Store};

use crate::Error;

/// Plugins that are kept loaded, with their warm sandboxes.
const LOADED: usize = 256;

/// Plugins by their digests.
pub(super) struct Cached {
    folder: PathBuf,
    runtime: Runtime,
    /// The plugin and when it was last used.
    loaded: Mutex<HashMap<Digest, (Plugin, Instant)>>,
}

/// A file on this machine.
pub(super) struct Found {
    pub path: PathBuf,
    /// It was there already, and stays whatever becomes of the version.
    pub was_here: bool,
}

impl Cached {
    pub fn new(folder: PathBuf, runtime: Runtime) -> Self {
        Self {
            folder,
            runtime,
            loaded: Mutex::default(),
        }
    }

    /// The file of a component, which is loaded: its next run finds it warm.
    pub async fn component(&self, store: &Store, found: &Resolved) -> Result<Found, Error> {
        let path = self.path(found, "wasm");
        let was_here = self.written(store, &found.digest, &path).await?;
        if let Some((_, used)) = self.loaded.lock().get_mut(&found.digest) {
            *used = Instant::now();
            return Ok(Found { path, was_here });
        }
        let plugin = self.runtime.load(&path).await?;
        self.keep(found.digest.clone(), plugin);
        Ok(Found { path, was_here })
    }

    /// Keeps a plugin loaded, with its warm sandboxes, until others have been used more recently.
    pub fn keep(&self, digest: Digest, plugin: Plugin) {
        let mut loaded = self.loaded.lock();
        loaded.insert(digest, (plugin, Instant::now()));
        let oldest = loaded.iter().min_by_key(|(_, (_, used))| *used);
        if let Some(oldest) = oldest
            .map(|(digest, _)| digest.clone())
            .filter(|_| loaded.len() > LOADED)
        {
            loaded.remove(&oldest);
        }
    }

    /// The file of a script.
    pub async fn file(&self, store: &Store, found: &Resolved) -> Result<Found, Error> {
        let path = self.folder.join(found.digest.as_str()).join(&found.plugin);
        let was_here = self.written(store, &found.digest, &path).await?;
        Ok(Found { path, was_here })
    }

    /// In a folder named by the digest, so that the file can have the plugin's name, which messages tell.
    fn path(&self, found: &Resolved, ending: &str) -> PathBuf {
        let file = format!("{}.{ending}", found.plugin);
        self.folder.join(found.digest.as_str()).join(file)
    }

    /// Writes a file that is not here yet; answers whether it was.
    async fn written(&self, store: &Store, digest: &Digest, path: &Path) -> Result<bool, Error> {
        if path.is_file() {
            return Ok(true);
        }
        let bytes = store.read(digest).await?;
        let io = |source| Error::Io {
            doing: "writing the plugin",
            place: path.display().to_string(),
            source,
        };
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(io)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        file.write_all(&bytes).map_err(io)?;
        file.persist(path).map_err(|error| io(error.error))?;
        Ok(false)
    }
}
