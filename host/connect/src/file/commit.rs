//! Makes the files of a run visible all at once, also when the process dies in the middle.
//!
//! Everything that is not data has a hidden name that begins with the target's prefix, in the folder that will hold the
//! data: `.tenon-` in a target folder, `.NAME.tenon-` beside a target file.
//!
//! 1. One run at a time holds the lock, which the system releases when the process ends, however it ends.
//! 2. Who gets the lock sweeps what dead runs have left: a journal is carried out to its end, staged files are removed.
//! 3. Partitions write to staged files, which are synchronised to the disk.
//! 4. The journal lists what is to be removed and what is to be renamed. Once it has its name, the run is committed:
//!    whoever comes next carries it out.
//! 5. Old files are removed, staged files renamed, the journal removed.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::Error;

const STAGED: &str = "staged";
const JOURNAL: &str = "commit";
const LOCK: &str = "lock";

/// The place where a run's files are staged and committed. Dropping it removes what was not committed.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    prefix: String,
    run: String,
    /// Held as long as the run writes.
    lock: File,
    /// Whether the folder was made for this run.
    made_folder: bool,
    abandoned: AtomicBool,
}

/// What a commit does. Carrying it out twice is the same as once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    run: String,
    /// Names to remove.
    remove: Vec<String>,
    /// Staged names and the names that they get.
    publish: Vec<(String, String)>,
}

impl Staging {
    /// Takes the lock and sweeps what dead runs have left. `target` is for messages.
    pub fn begin(folder: &Path, prefix: &str, run: &str, target: &str) -> Result<Self, Error> {
        let made_folder = !folder.exists();
        fs::create_dir_all(folder).map_err(|source| write_error("create the folder", folder, source))?;
        let lock = take_lock(&folder.join(format!("{prefix}{LOCK}")), target)?;
        let staging = Self {
            folder: folder.to_owned(),
            prefix: prefix.to_owned(),
            run: run.to_owned(),
            lock,
            made_folder,
            abandoned: AtomicBool::new(false),
        };
        staging.sweep()?;
        Ok(staging)
    }

    /// Where a partition's try writes.
    pub fn staged_name(&self, partition: usize, attempt: u32) -> String {
        format!("{}{}-{partition:05}-{attempt}.{STAGED}", self.prefix, self.run)
    }

    /// Where the files are staged and become visible.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes staged files visible under their new names, and removes others.
    pub fn commit(&self, remove: Vec<String>, publish: Vec<(String, String)>) -> Result<(), Error> {
        let journal = Journal {
            run: self.run.clone(),
            remove,
            publish,
        };
        let path = self.path(&format!("{}{}.{JOURNAL}", self.prefix, self.run));
        self.write_journal(&path, &journal)?;
        self.carry_out(&path, &journal)
    }

    fn write_journal(&self, path: &Path, journal: &Journal) -> Result<(), Error> {
        let draft = self.path(&format!("{}{}-journal.{STAGED}", self.prefix, self.run));
        let failed = |source| write_error("write the commit journal", &draft, source);
        let text = serde_json::to_vec(journal).map_err(|error| failed(error.into()))?;
        let mut file = File::create(&draft).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, path).map_err(failed)?;
        self.sync_folder()
    }

    fn carry_out(&self, path: &Path, journal: &Journal) -> Result<(), Error> {
        for name in &journal.remove {
            let old = self.path(name);
            ignore_missing(fs::remove_file(&old)).map_err(|source| write_error("remove", &old, source))?;
        }
        for (staged, name) in &journal.publish {
            let new = self.path(name);
            let renamed = fs::rename(self.path(staged), &new);
            // Missing: an earlier attempt at this journal has renamed it.
            ignore_missing(renamed).map_err(|source| write_error("rename a finished file to", &new, source))?;
        }
        self.sync_folder()?;
        fs::remove_file(path).map_err(|source| write_error("remove", path, source))?;
        self.sync_folder()
    }

    /// Removes what was not committed and releases the lock, even while a writer still holds a file. Only the first
    /// call does anything.
    pub fn abandon(&self) {
        if self.abandoned.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Ok(names) = self.own_names() {
            self.remove_staged(&names);
        }
        // Before the lock is released, so that nobody else holds a lock on this file.
        ignore_missing(fs::remove_file(self.path(&format!("{}{LOCK}", self.prefix)))).ok();
        self.lock.unlock().ok();
        if self.made_folder {
            // Fails, as it should, once data are in it.
            fs::remove_dir(&self.folder).ok();
        }
    }

    /// Carries out what was committed, removes what was not.
    fn sweep(&self) -> Result<(), Error> {
        let names = self.own_names()?;
        for name in names.iter().filter(|name| extension(name) == Some(JOURNAL)) {
            let path = self.path(name);
            let text = fs::read(&path).map_err(|source| write_error("read", &path, source))?;
            let journal: Journal = serde_json::from_slice(&text).map_err(|source| Error::Journal {
                path: path.clone(),
                source,
            })?;
            let plain = |name: &String| Path::new(name).file_name() == Some(OsStr::new(name));
            if !journal
                .remove
                .iter()
                .chain(journal.publish.iter().flat_map(|(from, to)| [from, to]))
                .all(plain)
            {
                let source = serde::de::Error::custom("a name in it leads out of the folder");
                return Err(Error::Journal { path, source });
            }
            tracing::info!(run = journal.run, "completing the commit of a run that died");
            self.carry_out(&path, &journal)?;
        }
        self.remove_staged(&names);
        Ok(())
    }

    fn remove_staged(&self, names: &[String]) {
        for name in names.iter().filter(|name| extension(name) == Some(STAGED)) {
            // Hidden and harmless: the next run tries again.
            if let Err(error) = ignore_missing(fs::remove_file(self.path(name))) {
                tracing::warn!(file = name, %error, "cannot remove a staged file");
            }
        }
    }

    fn own_names(&self) -> Result<Vec<String>, Error> {
        let failed = |source| write_error("list the folder", &self.folder, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().filter(|name| name.starts_with(&self.prefix)) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Makes renames and removals in the folder durable.
    fn sync_folder(&self) -> Result<(), Error> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| write_error("synchronise the folder", &self.folder, source))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Takes the lock, unless another run has it.
fn take_lock(path: &Path, target: &str) -> Result<File, Error> {
    loop {
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|source| write_error("create", path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Busy {
                    target: target.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(write_error("lock", path, source)),
        }
        // The run before may have removed the file between the two steps; its name then stands for another file.
        if is_same_file(&lock, path) {
            return Ok(lock);
        }
    }
}

#[cfg(unix)]
fn is_same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (open.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(two)) => one.dev() == two.dev() && one.ino() == two.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

fn extension(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
}

fn ignore_missing(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn write_error(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Write {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(staging: &Staging, partition: usize, content: &str) -> String {
        let name = staging.staged_name(partition, 1);
        fs::write(staging.path(&name), content).expect("staged");
        name
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_commit_that_died_is_completed_by_the_next_run() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("old.csv"), "old").expect("written");
        let dead = Staging::begin(folder.path(), ".tenon-", "dead", "out").expect("begun");
        let (one, two) = (stage(&dead, 0, "one"), stage(&dead, 1, "two"));
        let publish = vec![(one.clone(), "1.csv".to_owned()), (two, "2.csv".to_owned())];
        let journal = Journal {
            run: "dead".to_owned(),
            remove: vec!["old.csv".to_owned()],
            publish,
        };
        dead.write_journal(&dead.path(".tenon-dead.commit"), &journal)
            .expect("written");
        // Died after the first rename: nothing cleans up, the lock is gone.
        fs::rename(dead.path(&one), dead.path("1.csv")).expect("renamed");
        dead.lock.unlock().expect("unlocked");
        std::mem::forget(dead);

        drop(Staging::begin(folder.path(), ".tenon-", "next", "out").expect("begun"));
        assert_eq!(names(folder.path()), ["1.csv", "2.csv"]);
        assert_eq!(
            fs::read_to_string(folder.path().join("2.csv")).expect("readable"),
            "two"
        );
    }

    #[test]
    fn what_a_dead_run_staged_is_swept_and_other_files_are_left() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(".hidden"), "").expect("written");
        let dead = Staging::begin(folder.path(), ".tenon-", "dead", "out").expect("begun");
        stage(&dead, 0, "half");
        dead.lock.unlock().expect("unlocked");
        std::mem::forget(dead);
        let next = Staging::begin(folder.path(), ".tenon-", "next", "out").expect("begun");
        assert_eq!(names(folder.path()), [".hidden", ".tenon-lock"]);
        drop(next);
        assert_eq!(names(folder.path()), [".hidden"]);
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Staging::begin(folder.path(), ".tenon-", "first", "out").expect("begun");
        let second = Staging::begin(folder.path(), ".tenon-", "second", "out").expect_err("locked");
        assert!(matches!(second, Error::Busy { .. }), "{second}");
        drop(first);
        Staging::begin(folder.path(), ".tenon-", "third", "out").expect("free again");
    }

    #[test]
    fn a_journal_that_leads_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = r#"{"run":"x","remove":["../precious"],"publish":[]}"#;
        fs::write(folder.path().join(".tenon-x.commit"), text).expect("written");
        let error = Staging::begin(folder.path(), ".tenon-", "next", "out").expect_err("refused");
        assert!(matches!(error, Error::Journal { .. }), "{error}");
    }

    #[test]
    fn a_folder_made_for_nothing_is_removed() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("out");
        let staging = Staging::begin(&folder, ".tenon-", "run", "out").expect("begun");
        stage(&staging, 0, "half");
        drop(staging);
        assert!(!folder.exists());
    }
}
