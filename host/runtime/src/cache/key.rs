//! The key with which this installation signs what it caches.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::Error;

const KEY_BYTES: usize = 32;

/// Known to this installation alone.
pub(super) struct Key([u8; KEY_BYTES]);

impl Key {
    /// Reads the key, or draws one. Of several processes that do so at once, one wins and all use its key.
    pub fn load_or_make(path: &Path) -> Result<Self, Error> {
        let failed = |action: &'static str| {
            move |source: io::Error| Error::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        if let Some(key) = read(path).map_err(failed("reading the cache key"))? {
            return Ok(key);
        }
        let mut key = [0; KEY_BYTES];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut key);
        let mut random = [0; 8];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut random);
        let temporary = path.with_extension(hex::encode(random));
        let made = private_file(&temporary).and_then(|mut file| {
            file.write_all(&key)?;
            file.sync_all()?;
            // Unlike a rename, a link does not replace the key of a process that was faster.
            match fs::hard_link(&temporary, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Ok(()),
            }
        });
        let _ = fs::remove_file(&temporary);
        made.map_err(failed("making the cache key"))?;
        read(path)
            .map_err(failed("reading the cache key"))?
            .ok_or_else(|| Error::Io {
                action: "reading the cache key",
                path: path.to_owned(),
                source: io::Error::new(io::ErrorKind::InvalidData, "it is not 32 bytes long; remove the file"),
            })
    }

    /// A keyed hash over a name and its content.
    pub fn sign(&self, name: &str, content: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(content);
        hasher.finalize()
    }
}

/// The key in a file; none if there is no file, or one of another length.
fn read(path: &Path) -> io::Result<Option<Key>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut key = Vec::with_capacity(KEY_BYTES);
    Read::by_ref(&mut file)
        .take(KEY_BYTES as u64 + 1)
        .read_to_end(&mut key)?;
    Ok(key.try_into().ok().map(Key))
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_ask_at_once_get_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Key::load_or_make(&path).unwrap().0))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]) && keys[0] != [0; 32]);
    }

    #[test]
    fn a_damaged_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, b"short").unwrap();
        let error = Key::load_or_make(&path).err().unwrap().to_string();
        assert!(error.contains("32 bytes") && error.contains("key"), "{error}");
    }
}
