//! Files of plugins on this machine, and their code kept loaded.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tenon_runtime::{Plugin, Runtime};
use tenon_versions::{Digest, Resolved, Store};

use crate::Error;

/// Plugins that are kept loaded, with their warm sandboxes.
const LOADED: usize = 256;
/// How often it is noted that a file is used.
const NOTED: Duration = Duration::from_secs(24 * 60 * 60);

/// Plugins by their digests.
pub(super) struct Cached {
    folder: PathBuf,
    runtime: Runtime,
    /// The plugin and when it was last used.
    loaded: Mutex<HashMap<Digest, (Plugin, Instant)>>,
    /// Files that this process has written, or has found to be whole.
    whole: Mutex<HashSet<PathBuf>>,
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
            whole: Mutex::default(),
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

    /// The components on this machine that have not been used for so long, and how long that is.
    pub fn idle(&self, least: Duration) -> Vec<(Digest, Duration)> {
        idle(&self.folder, least)
    }

    /// Removes the files of a component. Whoever wants it again has it from the store.
    pub fn forget(&self, digest: &Digest) {
        self.loaded.lock().remove(digest);
        let folder = self.folder.join(digest.as_str());
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "a plugin that nobody uses cannot be removed");
        }
    }

    /// In a folder named by the digest, so that the file can have the plugin's name, which messages tell.
    fn path(&self, found: &Resolved, ending: &str) -> PathBuf {
        let file = format!("{}.{ending}", found.plugin);
        self.folder.join(found.digest.as_str()).join(file)
    }

    /// Writes a file that is not here yet; answers whether it was.
    async fn written(&self, store: &Store, digest: &Digest, path: &Path) -> Result<bool, Error> {
        if self.is_here(digest, path).await? {
            note_use(path);
            return Ok(true);
        }
        let bytes = store.read(digest).await?;
        let file = path.to_owned();
        let put = tokio::task::spawn_blocking(move || put(&file, &bytes)).await;
        let put = put.map_err(io::Error::other).and_then(|put| put);
        put.map_err(|source| Error::Io {
            doing: "writing the plugin",
            place: path.display().to_string(),
            source,
        })?;
        self.whole.lock().insert(path.to_owned());
        Ok(false)
    }

    /// Whether a file is here, with all that belongs into it. Only others than this process may have damaged it, so that it
    /// is read once.
    async fn is_here(&self, digest: &Digest, path: &Path) -> Result<bool, Error> {
        if !path.is_file() {
            return Ok(false);
        }
        if self.whole.lock().contains(path) {
            return Ok(true);
        }
        let (file, expected) = (path.to_owned(), digest.clone());
        let whole = tokio::task::spawn_blocking(move || is_whole(&file, &expected)).await;
        let whole = whole.map_err(|error| Error::Internal(error.to_string()))?;
        if whole {
            self.whole.lock().insert(path.to_owned());
        } else {
            tracing::warn!(file = %path.display(), "a plugin's file on this machine is damaged, and is written anew");
        }
        Ok(whole)
    }
}

/// Puts a file in its place, where it stays also if the power fails.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder)?;
    folder.parent().map_or(Ok(()), sync)
}

/// What has got a name in a folder keeps it.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn is_whole(path: &Path, digest: &Digest) -> bool {
    fs::read(path).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
}

/// Notes that a file is used, as the time of its last change. Not each time.
fn note_use(path: &Path) {
    if age(path).is_none_or(|age| age < NOTED) {
        return;
    }
    let noted = fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = noted {
        tracing::debug!(path = %path.display(), %error, "it is not noted that a plugin is used");
    }
}

/// How long ago a file was changed. None in the future, and where that is not known.
fn age(path: &Path) -> Option<Duration> {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    changed.elapsed().ok()
}

fn idle(folder: &Path, least: Duration) -> Vec<(Digest, Duration)> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let of_component = |entry: fs::DirEntry| {
        let digest: Digest = entry.file_name().to_str()?.parse().ok()?;
        // The same component may be several plugins, and have a file for each. One that is being written has none yet.
        let files = entries(&entry.path()).map(|file| file.path());
        let ages: Option<Vec<Duration>> = files.chain([entry.path()]).map(|path| age(&path)).collect();
        let age = ages?.into_iter().min()?;
        (age >= least).then_some((digest, age))
    };
    entries(folder).filter_map(of_component).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_not_idle() {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let folder = tempfile::tempdir().expect("a folder");
        let component = |bytes: &[u8], days: u32| {
            let digest = Digest::of(bytes);
            let place = folder.path().join(digest.as_str());
            fs::create_dir_all(&place).expect("made");
            let path = place.join("clean.wasm");
            fs::write(&path, bytes).expect("written");
            let changed = SystemTime::now() - DAY * days;
            for path in [&path, &place] {
                let file = fs::File::open(path).expect("opened");
                file.set_modified(changed).expect("set");
            }
            (digest, path)
        };
        let (old, _) = component(b"old", 40);
        component(b"fresh", 0);
        let (_, used) = component(b"used", 40);
        fs::create_dir(folder.path().join("something else")).expect("made");
        note_use(&used);
        let found = idle(folder.path(), DAY * 30);
        assert_eq!(found.iter().map(|(digest, _)| digest).collect::<Vec<_>>(), [&old]);
    }

    #[test]
    fn a_file_that_a_power_cut_has_emptied_is_not_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("components").join("clean.wasm");
        let digest = Digest::of(b"a component");
        assert!(!is_whole(&path, &digest));
        put(&path, b"a component").expect("written");
        assert!(is_whole(&path, &digest));
        fs::write(&path, "").expect("written");
        assert!(!is_whole(&path, &digest));
        put(&path, b"a component").expect("written");
        assert!(is_whole(&path, &digest));
    }
}
