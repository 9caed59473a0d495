//! The SDKs and the contract, which Tenon carries with it, as folders that other tools can read.

use std::fs;
use std::path::PathBuf;

use crate::fingerprint::Fingerprint;
use crate::{Error, Machine};

/// Files by the name of their SDK, their name in its folder, and their content. Made by the build script.
const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// The files of an SDK or of the contract (`wit`), by their names in its folder.
pub(crate) fn files(name: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let files = FILES.iter().filter(move |(sdk, ..)| *sdk == name);
    files.map(|(_, file, content)| (*file, *content))
}

/// Its name with what tells its content from that of any other version.
pub(crate) fn version(name: &str) -> String {
    let mut fingerprint = Fingerprint::default();
    for (file, content) in files(name) {
        fingerprint.text(file);
        fingerprint.bytes(content);
    }
    format!("{name}-{fingerprint}")
}

/// Its folder in the cache. Another version of Tenon has another one.
pub(crate) fn unpacked(machine: &Machine, name: &str) -> Result<PathBuf, Error> {
    let sdks = machine.cache.join("sdk");
    let folder = sdks.join(version(name));
    if folder.is_dir() {
        return Ok(folder);
    }
    // Appears whole, whoever else writes it at the same time.
    fs::create_dir_all(&sdks).map_err(Error::file("create", &sdks))?;
    let making = tempfile::Builder::new()
        .prefix(".sdk-")
        .tempdir_in(&sdks)
        .map_err(Error::file("write to", &sdks))?;
    for (file, content) in files(name) {
        let path = making.path().join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        fs::write(&path, content).map_err(Error::file("write", &path))?;
    }
    let made = making.keep();
    if let Err(cause) = fs::rename(&made, &folder) {
        let _ = fs::remove_dir_all(&made);
        if !folder.is_dir() {
            return Err(Error::file("write", &folder)(cause));
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sdk_and_the_contract_are_carried() {
        let cache = tempfile::tempdir().unwrap();
        let machine = Machine {
            path: Vec::new(),
            rustup_home: None,
            cache: cache.path().to_owned(),
            offline: true,
        };
        let wit = unpacked(&machine, "wit").unwrap();
        assert!(wit.join("plugins.wit").is_file());
        assert_eq!(unpacked(&machine, "wit").unwrap(), wit);
        for sdk in ["python", "js", "go", "c", "zig"] {
            assert!(files(sdk).next().is_some(), "{sdk}");
            let foreign = |name: &str| name.contains("node_modules/") || name.contains("__pycache__/");
            assert!(!files(sdk).any(|(name, _)| foreign(name)), "{sdk}");
        }
    }
}
