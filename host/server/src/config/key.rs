//! The key that encrypts secrets, which is never in the database.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use tenon_tenants::secrets::KeyRing;

use super::ServerConfig;
use crate::Error;

/// The key of a server: from the environment, or from its file, which is made if it is the default one and is not there.
///
/// # Errors
/// [`Error::Kept`] if it is not right, or others can read it; [`Error::Io`].
pub(crate) fn key_ring(config: &ServerConfig) -> Result<KeyRing, Error> {
    let path = path(config);
    if config.key_file.is_none() && !path.exists() && of_environment()?.is_none() {
        make(&path)?;
    }
    present_key_ring(config)
}

/// The same of a server that has its key already: none is made in the place of one that is gone.
///
/// # Errors
/// [`Error::Kept`].
pub(crate) fn present_key_ring(config: &ServerConfig) -> Result<KeyRing, Error> {
    match of_environment()? {
        Some(keys) => Ok(keys),
        None => Ok(KeyRing::of_file(&path(config))?),
    }
}

fn of_environment() -> Result<Option<KeyRing>, Error> {
    Ok(KeyRing::of_environment(|name| std::env::var(name).ok())?)
}

fn path(config: &ServerConfig) -> PathBuf {
    config.key_file.clone().unwrap_or_else(|| config.data.join("key"))
}

/// Makes a key file that only its owner can read.
fn make(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = KeyRing::generate()?;
    let written = options
        .open(path)
        .and_then(|mut file| writeln!(file, "{}", key.as_str()).and_then(|()| file.sync_all()));
    written.map_err(|source| Error::Io {
        doing: "making the key",
        place: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_others_cannot_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = ServerConfig {
            data: folder.path().to_owned(),
            ..ServerConfig::default()
        };
        let first = key_ring(&config).expect("made").current_id().to_owned();
        assert_eq!(key_ring(&config).expect("read").current_id(), first);
        let elsewhere = ServerConfig {
            data: folder.path().join("elsewhere"),
            ..ServerConfig::default()
        };
        present_key_ring(&elsewhere).expect_err("none is made");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = folder.path().join("key");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("changed");
            key_ring(&config).expect_err("others can read it");
        }
    }
}
