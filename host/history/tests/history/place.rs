//! A folder for a history, and runs in it.

use std::path::{Path, PathBuf};

use tenon_history::{Failure, History, NewRun, Outcome, Settings, State};

pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self) -> PathBuf {
        self.path().join("history.db")
    }

    pub fn open(&self) -> History {
        History::open(self.path()).unwrap()
    }

    pub fn with(&self, settings: Settings) -> History {
        History::with_settings(self.path(), settings).unwrap()
    }

    /// Names in a folder of it.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// A connection past the crate, to look and to damage.
    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// Has everything in the database file, and nothing in the write-ahead log.
    pub fn checkpoint(&self) {
        let checkpoint = "pragma wal_checkpoint(truncate)";
        self.sqlite().query_row(checkpoint, [], |_| Ok(())).unwrap();
    }
}

pub fn begun(history: &History, id: &str, job: &str) {
    history.begin(&NewRun::new(id, job)).unwrap();
}

pub fn succeeded(history: &History, id: &str, job: &str) {
    begun(history, id, job);
    history.finish(id, &Outcome::new(State::Succeeded)).unwrap();
}

pub fn failure(sentence: &str) -> Failure {
    Failure {
        sentence: sentence.to_owned(),
        kind: "failed".to_owned(),
        chain: vec!["the disk is full".to_owned()],
    }
}
