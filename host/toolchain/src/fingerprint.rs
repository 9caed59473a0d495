//! What files hold, in short: whether a build is up to date, and where the cache keeps what.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;

/// Folders of what was built or fetched, which no build reads as its source.
const PASSED_OVER: [&str; 5] = ["target", "node_modules", "__pycache__", "out", "data"];

/// A digest of texts and files.
#[derive(Clone, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a text.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes, with their length, so that no two sequences of them are alike.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds the files of a folder, with their names.
    pub(crate) fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files)?;
        for (name, path) in files {
            self.text(&name);
            self.bytes(&fs::read(&path).map_err(Error::file("read", &path))?);
        }
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0.clone().finalize()[..8] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Files by their names below a folder. Hidden ones are of tools and editors.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let entry = entry.map_err(Error::file("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || PASSED_OVER.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(Error::file("read", &path))?;
        if kind.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if path.is_file() {
            files.insert(format!("{prefix}{name}"), path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.folder(folder).unwrap();
        fingerprint.to_string()
    }

    #[test]
    fn sources_count_and_build_products_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/app.py"), "one").unwrap();
        let first = of(folder.path());
        fs::create_dir_all(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/app.wasm"), "built").unwrap();
        assert_eq!(of(folder.path()), first);
        fs::write(folder.path().join("src/app.py"), "two").unwrap();
        assert_ne!(of(folder.path()), first);
    }
}
