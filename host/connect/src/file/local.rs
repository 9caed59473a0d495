//! Commits on the local file system: staged files, a journal, renames.
//!
//! Everything that is not data has a hidden name that begins with the target's prefix, in the folder that will hold the
//! data: `.tenon-` in a target folder, `.NAME.tenon-` beside a target file.
//!
//! 1. One run at a time holds the lock, which the system releases when the process ends, however it ends.
//! 2. Who gets the lock sweeps what dead runs have left: decided commits are carried out to their end, staged files are
//!    removed, except those that a run has prepared within the last day.
//! 3. Partitions write to staged files, which are synchronised to the disk. A journal `RUN.prepared` names them.
//! 4. The journal `RUN.commit` lists what is to be renamed and what is to be removed. Once it has its name, the run is
//!    committed: whoever comes next carries it out.
//! 5. Staged files are renamed, old files removed, the journal removed.
//!
//! A single file appears by one rename, whole or not at all. Several files are renamed one right after the other; a
//! process that is killed in those microseconds leaves the rest to the next run.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::local_lock::LocalLock;
use super::prepared::{Prepared, Staged, is_data};
use crate::Error;

const STAGED: &str = "staged";
const PREPARED: &str = "prepared";
const COMMIT: &str = "commit";
const LOCK: &str = "lock";

/// Threads that synchronise folders.
const SYNCHRONISERS: usize = 16;

/// How long a prepared write of another run is left alone.
pub(super) const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder of a local target.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub folder: PathBuf,
    /// What hidden names begin with.
    prefix: String,
    /// Name of the file, where the target is one.
    file: Option<String>,
    /// Whether there may be no links in the folder: they would have others' files written and removed.
    refuses_links: bool,
}

/// What a commit does. Carrying it out twice is the same as once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    run: String,
    /// Files to remove.
    remove: Vec<String>,
    /// Staged names and what they become.
    publish: Vec<(String, String)>,
}

impl Local {
    pub fn new(folder: PathBuf, file: Option<String>) -> Self {
        let prefix = file
            .as_ref()
            .map_or(".tenon-".to_owned(), |name| format!(".{name}.tenon-"));
        Self {
            folder,
            prefix,
            file,
            refuses_links: false,
        }
    }

    /// The same for somebody who may write below this folder only: links in it are refused.
    #[must_use]
    pub fn confined(mut self, confined: bool) -> Self {
        self.refuses_links = confined;
        self
    }

    /// Takes the lock and sweeps. Also returns whether the folder was made for this.
    pub fn begin(&self, run: &str, target: &str) -> Result<(LocalLock, bool), Error> {
        let made_folder = !self.folder.exists();
        fs::create_dir_all(&self.folder).map_err(|source| write_error("create the folder", &self.folder, source))?;
        let lock = self.hidden(LOCK);
        if self.refuses_links && lock.is_symlink() {
            return Err(link(LOCK.to_owned()));
        }
        let lock = LocalLock::take(lock, run, target)?;
        self.sweep(run)?;
        Ok((lock, made_folder))
    }

    /// Where a partition's attempt writes.
    pub fn staged_name(&self, run: &str, partition: usize, attempt: u32, number: usize) -> String {
        format!("{}{run}.{partition:05}-{attempt}-{number}.{STAGED}", self.prefix)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Visible files, from the folder. Folders that are not `key=value` are not entered; their names end in `/`.
    pub fn existing(&self) -> Result<Vec<String>, Error> {
        if let Some(file) = &self.file {
            let there = self.path(file).exists();
            return Ok(if there { vec![file.clone()] } else { Vec::new() });
        }
        let mut found = Vec::new();
        self.walk("", &mut found)?;
        found.sort_unstable();
        Ok(found)
    }

    fn walk(&self, below: &str, found: &mut Vec<String>) -> Result<(), Error> {
        let folder = self.path(below);
        let failed = |source| write_error("list the folder", &folder, source);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(['.', '_']) {
                continue;
            }
            let path = if below.is_empty() {
                name.clone()
            } else {
                format!("{below}/{name}")
            };
            if self.refuses_links && entry.file_type().map_err(failed)?.is_symlink() {
                return Err(link(path));
            }
            let kind = entry.file_type().map_err(failed)?;
            // Only of a link it has to be asked what is there.
            let is_folder = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
            if !is_folder {
                found.push(path);
            } else if name.contains('=') {
                self.walk(&path, found)?;
            } else {
                found.push(format!("{path}/"));
            }
        }
        Ok(())
    }

    /// Writes the journal of what is prepared.
    pub fn prepare(&self, prepared: &Prepared) -> Result<(), Error> {
        self.remove_staged(&self.hidden_names()?, Some(&prepared.run), &staged_names(prepared));
        self.write_journal(&self.journal(&prepared.run, PREPARED), prepared)
    }

    /// Decides and carries out. The caller holds the lock.
    pub fn commit(&self, prepared: &Prepared) -> Result<(), Error> {
        let path = self.journal(&prepared.run, COMMIT);
        let published = prepared.files.iter().filter_map(|file| match &file.staged {
            Some(Staged::File(name)) => Some((name.clone(), file.path.clone())),
            _ => None,
        });
        let journal = Journal {
            run: prepared.run.clone(),
            remove: prepared.removals(self.existing()?)?,
            publish: published.collect(),
        };
        check_names(&path, &journal)?;
        self.write_journal(&path, &journal)?;
        self.carry_out(&path, &journal)
    }

    /// As [`commit`](Self::commit), of what was prepared by whomever: also when it was decided or done already.
    pub fn commit_prepared(&self, prepared: &Prepared) -> Result<(), Error> {
        let path = self.journal(&prepared.run, COMMIT);
        if let Some(journal) = read_journal::<Journal>(&path)? {
            check_names(&path, &journal)?;
            return self.carry_out(&path, &journal);
        }
        if self.journal(&prepared.run, PREPARED).exists() {
            return self.commit(prepared);
        }
        let visible = prepared.files.iter().any(|file| {
            let size = fs::metadata(self.path(&file.path)).map(|data| data.len());
            size.is_ok_and(|size| size == file.bytes)
        });
        if visible || prepared.files.is_empty() {
            return Ok(());
        }
        Err(Error::Gone {
            target: prepared.target.clone(),
            run: prepared.run.clone(),
        })
    }

    /// Removes what was prepared. The caller holds the lock.
    pub fn abort(&self, prepared: &Prepared) -> Result<(), Error> {
        if self.journal(&prepared.run, COMMIT).exists() {
            return Err(Error::Decided {
                target: prepared.target.clone(),
                run: prepared.run.clone(),
            });
        }
        self.give_up(&prepared.run)
    }

    /// Removes what a run has prepared, unless it was decided to commit it.
    pub fn forget(&self, run: &str) -> Result<(), Error> {
        if !self.folder.exists() || self.journal(run, COMMIT).exists() {
            return Ok(());
        }
        self.give_up(run)
    }

    fn give_up(&self, run: &str) -> Result<(), Error> {
        let path = self.journal(run, PREPARED);
        ignore_missing(fs::remove_file(&path)).map_err(|source| write_error("remove", &path, source))?;
        self.remove_staged(&self.hidden_names()?, Some(run), &HashSet::new());
        Ok(())
    }

    /// Removes what a run has staged and not committed.
    pub fn discard(&self, run: &str) {
        if self.journal(run, COMMIT).exists() {
            // A commit that failed halfway: the next run carries it out.
            return;
        }
        if let Ok(names) = self.hidden_names() {
            self.remove_staged(&names, Some(run), &HashSet::new());
        }
    }

    /// The lock of a run that may hold it already, in another place of this process: then none is returned.
    pub fn lock_again(&self, run: &str, target: &str) -> Result<Option<LocalLock>, Error> {
        if !self.folder.exists() {
            return Ok(None);
        }
        LocalLock::take_unless_held_by(&self.hidden(LOCK), run, target)
    }

    fn hidden(&self, name: &str) -> PathBuf {
        self.path(&format!("{}{name}", self.prefix))
    }

    fn journal(&self, run: &str, kind: &str) -> PathBuf {
        self.hidden(&format!("{run}.{kind}"))
    }

    fn write_journal(&self, path: &Path, journal: &impl Serialize) -> Result<(), Error> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{STAGED}"));
        let draft = PathBuf::from(draft);
        let failed = |source| write_error("write the commit journal", &draft, source);
        let text = serde_json::to_vec(journal).map_err(|error| failed(error.into()))?;
        let mut file = File::create(&draft).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, path).map_err(failed)?;
        sync(&self.folder)
    }

    fn carry_out(&self, path: &Path, journal: &Journal) -> Result<(), Error> {
        let mut folders = HashSet::new();
        for (staged, name) in &journal.publish {
            let (old, new) = (self.path(staged), self.path(name));
            let failed = |source| write_error("rename a finished file to", &new, source);
            let parent = new.parent().unwrap_or(&self.folder).to_owned();
            let is_new = folders.insert(parent.clone());
            folders.extend(
                parent
                    .ancestors()
                    .skip(1)
                    .filter(|above| above.starts_with(&self.folder))
                    .map(Path::to_owned),
            );
            if is_new && old.exists() {
                fs::create_dir_all(&parent).map_err(|source| write_error("create the folder", &parent, source))?;
            }
            // Missing: an earlier attempt at this journal has renamed it.
            ignore_missing(fs::rename(&old, &new)).map_err(failed)?;
        }
        for name in &journal.remove {
            let old = self.path(name);
            ignore_missing(fs::remove_file(&old)).map_err(|source| write_error("remove", &old, source))?;
            // The folders of a partition go with its last file.
            let parents = old.ancestors().skip(1).take_while(|parent| *parent != self.folder);
            for parent in parents {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
        }
        folders.insert(self.folder.clone());
        sync_all(folders.into_iter().filter(|folder| folder.exists()).collect())?;
        for done in [self.journal(&journal.run, PREPARED), path.to_owned()] {
            ignore_missing(fs::remove_file(&done)).map_err(|source| write_error("remove", &done, source))?;
        }
        sync(&self.folder)
    }

    /// Carries out what was decided, removes what dead runs have left.
    fn sweep(&self, run: &str) -> Result<(), Error> {
        let names = self.hidden_names()?;
        for name in names.iter().filter(|name| extension(name) == Some(COMMIT)) {
            let path = self.path(name);
            let Some(journal) = read_journal::<Journal>(&path)? else {
                continue;
            };
            check_names(&path, &journal)?;
            tracing::info!(run = journal.run, "completing the commit of a run that died");
            self.carry_out(&path, &journal)?;
        }
        let mut kept = HashSet::new();
        for name in self
            .hidden_names()?
            .iter()
            .filter(|name| extension(name) == Some(PREPARED))
        {
            let path = self.path(name);
            let Some(prepared) = read_journal::<Prepared>(&path)? else {
                continue;
            };
            if prepared.run != run && age(&path) < PATIENCE {
                kept.extend(staged_names(&prepared));
            } else {
                ignore_missing(fs::remove_file(&path)).map_err(|source| write_error("remove", &path, source))?;
            }
        }
        self.remove_staged(&names, None, &kept);
        Ok(())
    }

    /// Removes staged files, of one run or of all, except those to keep.
    fn remove_staged(&self, names: &[String], run: Option<&str>, keep: &HashSet<String>) {
        let of_run = run.map(|run| format!("{}{run}.", self.prefix));
        for name in names {
            let is_of_run = of_run.as_ref().is_none_or(|start| name.starts_with(start));
            if extension(name) != Some(STAGED) || !is_of_run || keep.contains(name) {
                continue;
            }
            // Hidden and harmless: the next run tries again.
            if let Err(error) = ignore_missing(fs::remove_file(self.path(name))) {
                tracing::warn!(file = name, %error, "cannot remove a staged file");
            }
        }
    }

    fn hidden_names(&self) -> Result<Vec<String>, Error> {
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

    /// The first thing that overwriting would have to delete although it is no data.
    pub fn foreign(existing: &[String]) -> Option<&String> {
        existing.iter().find(|path| !is_data(path))
    }
}

fn staged_names(prepared: &Prepared) -> HashSet<String> {
    let names = prepared.files.iter().filter_map(|file| match &file.staged {
        Some(Staged::File(name)) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn read_journal<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|source| write_error("read", path, source))?,
    };
    let journal = serde_json::from_slice(&text);
    journal.map(Some).map_err(|source| Error::Journal {
        path: path.display().to_string(),
        source,
    })
}

fn link(subject: String) -> Error {
    let reason = "it is a link in the folder that is written to, and could lead out of it".to_owned();
    Error::Config { subject, reason }
}

/// A journal is a file that anyone who can write to the folder could have put there: it must not lead out of it.
fn check_names(path: &Path, journal: &Journal) -> Result<(), Error> {
    let inside = |name: &String| {
        !name.is_empty()
            && Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
    };
    let mut names = journal
        .remove
        .iter()
        .chain(journal.publish.iter().flat_map(|(from, to)| [from, to]));
    if names.all(inside) {
        return Ok(());
    }
    Err(Error::Journal {
        path: path.display().to_string(),
        source: serde::de::Error::custom("a name in it leads out of the folder"),
    })
}

fn age(path: &Path) -> Duration {
    let modified = fs::metadata(path).and_then(|data| data.modified());
    let modified = modified.unwrap_or_else(|_| SystemTime::now());
    SystemTime::now().duration_since(modified).unwrap_or_default()
}

/// Makes renames and removals in folders durable. Side by side: disks synchronise many folders as fast as one.
fn sync_all(mut folders: Vec<PathBuf>) -> Result<(), Error> {
    let Some(last) = folders.pop() else { return Ok(()) };
    let share = folders.len().div_ceil(SYNCHRONISERS).max(1);
    std::thread::scope(|scope| {
        let threads = folders
            .chunks(share)
            .map(|folders| scope.spawn(|| folders.iter().try_for_each(|folder| sync(folder))));
        let threads: Vec<_> = threads.collect();
        let done = threads.into_iter().map(|thread| {
            let panicked = |_| {
                Err(write_error(
                    "synchronise",
                    &last,
                    io::Error::other("the thread panicked"),
                ))
            };
            thread.join().unwrap_or_else(panicked)
        });
        done.collect::<Result<(), Error>>()
    })?;
    sync(&last)
}

/// Makes renames and removals in a folder durable.
fn sync(folder: &Path) -> Result<(), Error> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| write_error("synchronise the folder", folder, source))
}

fn extension(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
}

fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn write_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Write {
        action,
        path: path.to_owned(),
        source,
    }
}
