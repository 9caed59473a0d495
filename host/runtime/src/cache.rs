//! The cache of compiled plugins.
//!
//! Compiled code is machine code: whoever can make the host load a file of their choice runs code in it. So every file
//! carries a keyed hash over its name and content, made with a key that this installation drew at random and keeps to
//! itself; a file that does not check out is removed and the plugin is compiled again. Files are written under another
//! name and renamed, so that concurrent writers and crashes leave whole files or none.

mod key;
mod sweep;

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;

use crate::config::CacheConfig;
use crate::error::Error;
use key::Key;

/// First bytes of every file; the version goes up when the layout changes.
const MAGIC: &[u8; 16] = b"tenon-aot-v1\0\0\0\0";
const MAC_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + MAC_BYTES;
/// How the files are called.
const EXTENSION: &str = "aot";

/// Compiled plugins on disk.
pub(crate) struct Cache {
    folder: PathBuf,
    max_bytes: u64,
    key: Key,
    /// What compiled code must fit: wasmtime's version, the processor's features, the settings.
    engine: u64,
}

impl Cache {
    /// Opens or makes the cache in a folder; none if none is configured.
    pub fn open(config: &CacheConfig, engine: &Engine) -> Result<Option<Self>, Error> {
        let Some(folder) = &config.folder else { return Ok(None) };
        fs::create_dir_all(folder).map_err(|source| Error::Io {
            action: "making the cache folder",
            path: folder.clone(),
            source,
        })?;
        let key = Key::load_or_make(&folder.join("key"))?;
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Some(Cache {
            folder: folder.clone(),
            max_bytes: config.max_bytes,
            key,
            engine: hasher.finish(),
        }))
    }

    /// The compiled code of the plugin with this digest, if this installation wrote it.
    pub fn get(&self, digest: &str) -> Option<Vec<u8>> {
        let name = self.name(digest);
        let path = self.path(&name);
        let mut file = match fs::read(&path) {
            Ok(file) => file,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "a cached plugin could not be read");
                }
                return None;
            }
        };
        if !self.is_ours(&name, &file) {
            tracing::warn!(path = %path.display(), "a cached plugin is damaged or not ours; it is removed");
            self.forget(digest);
            return None;
        }
        touch(&path);
        file.drain(..HEADER_BYTES);
        Some(file)
    }

    /// Keeps compiled code. What cannot be kept is compiled again next time, so this only warns.
    pub fn put(&self, digest: &str, code: &[u8]) {
        if code.len() as u64 > self.max_bytes {
            return;
        }
        let name = self.name(digest);
        if let Err(error) = self.write(&name, code) {
            tracing::warn!(folder = %self.folder.display(), %error, "a compiled plugin could not be cached");
            return;
        }
        if let Err(error) = sweep::sweep(&self.folder, EXTENSION, self.max_bytes) {
            tracing::warn!(folder = %self.folder.display(), %error, "the cache could not be swept");
        }
    }

    /// Removes the code of a plugin that does not load.
    pub fn forget(&self, digest: &str) {
        let path = self.path(&self.name(digest));
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(path = %path.display(), %error, "a cached plugin could not be removed");
        }
    }

    fn name(&self, digest: &str) -> String {
        format!("{digest}-{:016x}", self.engine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(EXTENSION)
    }

    fn is_ours(&self, name: &str, file: &[u8]) -> bool {
        let Some((header, code)) = file.split_at_checked(HEADER_BYTES) else {
            return false;
        };
        header.starts_with(MAGIC) && self.key.sign(name, code) == header[MAGIC.len()..]
    }

    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let mut random = [0; 8];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut random);
        let temporary = self.folder.join(format!(".{name}.{}", hex::encode(random)));
        let written = fs::File::create_new(&temporary).and_then(|mut file| {
            file.write_all(MAGIC)?;
            file.write_all(self.key.sign(name, code).as_bytes())?;
            file.write_all(code)
        });
        let renamed = written.and_then(|()| fs::rename(&temporary, self.path(name)));
        if renamed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        renamed
    }
}

/// Marks a file as used now.
fn touch(path: &Path) {
    let touched = fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(path = %path.display(), %error, "the time of a cached plugin could not be set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Path, max_bytes: u64) -> Cache {
        let config = CacheConfig {
            folder: Some(folder.to_owned()),
            max_bytes,
        };
        Cache::open(&config, &Engine::default()).unwrap().unwrap()
    }

    #[test]
    fn what_was_put_comes_back_for_every_process() {
        let folder = tempfile::tempdir().unwrap();
        cache(folder.path(), 1 << 20).put("digest", b"code");
        assert_eq!(cache(folder.path(), 1 << 20).get("digest").unwrap(), b"code");
        assert_eq!(cache(folder.path(), 1 << 20).get("other"), None);
    }

    #[test]
    fn a_changed_renamed_or_foreign_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache_one = cache(folder.path(), 1 << 20);
        let path = cache_one.path(&cache_one.name("digest"));
        for damage in [flip as fn(&mut Vec<u8>), cut, foreign] {
            cache_one.put("digest", b"code");
            let mut file = fs::read(&path).unwrap();
            damage(&mut file);
            fs::write(&path, file).unwrap();
            assert_eq!(cache_one.get("digest"), None);
            assert!(!path.exists());
        }
        cache_one.put("digest", b"code");
        fs::rename(&path, cache_one.path(&cache_one.name("other"))).unwrap();
        assert_eq!(cache_one.get("other"), None, "a signature covers the name");

        let elsewhere = tempfile::tempdir().unwrap();
        let stranger = cache(elsewhere.path(), 1 << 20);
        stranger.put("digest", b"evil");
        fs::copy(stranger.path(&stranger.name("digest")), &path).unwrap();
        assert_eq!(
            cache_one.get("digest"),
            None,
            "another installation's key does not count"
        );
    }

    #[expect(clippy::ptr_arg, reason = "has the type of the other damages")]
    fn flip(file: &mut Vec<u8>) {
        *file.last_mut().unwrap() ^= 1;
    }

    fn cut(file: &mut Vec<u8>) {
        file.truncate(20);
    }

    fn foreign(file: &mut Vec<u8>) {
        *file = b"\x7fELF".to_vec();
    }

    #[test]
    fn concurrent_writers_leave_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let code = vec![7u8; 100_000];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = cache(folder.path(), 1 << 20);
                    for _ in 0..20 {
                        cache.put("digest", &code);
                        assert_eq!(cache.get("digest").as_deref(), Some(code.as_slice()));
                    }
                });
            }
        });
        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 2, "the key and one file: {names:?}");
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), 2_500);
        let age = |digest: &str, seconds: u64| {
            let file = fs::File::options()
                .append(true)
                .open(cache.path(&cache.name(digest)))
                .unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(seconds))
                .unwrap();
        };
        cache.put("a", &[0; 1_000]);
        age("a", 300);
        cache.put("b", &[0; 1_000]);
        age("b", 200);
        assert!(cache.get("a").is_some(), "used just now");
        cache.put("c", &[0; 1_000]);
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
        assert!(cache.get("b").is_none());
    }
}
