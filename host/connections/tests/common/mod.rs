//! A home folder for a test, with an environment of its own.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tenon_connections::{Connections, Environment, Places, SecretStore};

pub struct Home {
    folder: PathBuf,
    variables: Vec<(String, String)>,
    temporary: Option<TempDir>,
}

impl Home {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(variables: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = fs::canonicalize(temporary.path()).expect("there");
        let mut home = Self::at(folder);
        home.temporary = Some(temporary);
        home.and(variables)
    }

    pub fn at(folder: PathBuf) -> Self {
        fs::create_dir_all(folder.join("work")).expect("made");
        let home = ("HOME".to_owned(), folder.display().to_string());
        Self {
            folder,
            variables: vec![home],
            temporary: None,
        }
    }

    pub fn and(mut self, variables: &[(&str, &str)]) -> Self {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.variables.extend(owned);
        self
    }

    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
    }

    /// Writes a file that is closed to others.
    pub fn write_closed(&self, path: &str, text: impl AsRef<[u8]>) {
        self.write(path, text);
        self.chmod(path, 0o600);
    }

    pub fn chmod(&self, path: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("changed");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("there")
    }

    pub fn places(&self) -> Places {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        Places::new(Environment::of(variables), &self.path("work")).expect("places")
    }

    pub fn connections(&self) -> Connections {
        Connections::open(&self.places()).expect("understood")
    }

    pub fn secrets(&self) -> SecretStore {
        SecretStore::new(&self.places())
    }
}
