//! Commits on the local file system: staged files, a journal, renames.
//!
//! Everything that is not data has a hidden name that begins with the target's prefix, in the folder that will hold the
//! data: `.tenon-` in a target folder, `.NAME.tenon-` beside a target file.
//!
//! 1. One run at a time holds the lock, which the system releases when the process ends, however it ends. A target folder on
//!    a disk is locked itself, so that no file has to come and go with each run; otherwise a hidden file is, there or beside
//!    the target file.
//! 2. Who gets the lock sweeps what dead runs have left, unless nobody has touched the folder since a run of this process
//!    has left it clean: decided commits are carried out to their end, staged files are removed, except those that a run
//!    has prepared within the last day.
//! 3. Partitions write to staged files, which are synchronised to the disk; a small one only when all are ready. A file
//!    `RUN.prepared` says that all are there; where there is only one, it is that file, under another name.
//! 4. A single file that nothing has to make way for appears by one rename, which decides and carries out at once.
//! 5. Otherwise the journal `RUN.commit` lists what is to be renamed and what is to be removed. Once it has its name, the
//!    run is committed: whoever comes next carries it out. Staged files are renamed, old files removed, the journal
//!    removed. A process that is killed between two renames leaves the rest to the next run, which finishes it before it
//!    does anything else: a file that is neither staged nor in its place then is lost. Sources refuse a folder that holds
//!    a journal, of which a part may be missing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::durable::{ignore_missing, sync, sync_all, write_error, write_new};
use super::local_journal::Journal;
use super::local_left;
use super::local_lock::{LocalLock, Lockable};
use super::prepared::{Held, Prepared, Staged, StagedFile};
use crate::Error;

pub(super) const STAGED: &str = "staged";
pub(super) const PREPARED: &str = "prepared";
pub(super) const COMMIT: &str = "commit";
/// What hidden names in a target folder begin with.
pub(super) const PREFIX: &str = ".tenon-";
const LOCK: &str = "lock";

/// The folder of a local target.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub folder: PathBuf,
    /// What hidden names begin with.
    pub(super) prefix: String,
    /// Name of the file, where the target is one.
    pub(super) file: Option<String>,
    /// Whether there may be no links in the folder: they would have others' files written and removed.
    pub(super) refuses_links: bool,
}

impl Local {
    pub fn new(folder: PathBuf, file: Option<String>) -> Self {
        let prefix = file
            .as_ref()
            .map_or(PREFIX.to_owned(), |name| format!(".{name}.tenon-"));
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
        let mut lock = LocalLock::take(&self.lockable()?, run, target)?;
        lock.was_clean = lock.is_untouched() || self.sweep(run)?;
        Ok((lock, made_folder))
    }

    /// As [`begin`](Self::begin), where that takes no time: a run of this process has just left the folder clean, and nobody
    /// has touched it since. None elsewhere.
    pub fn begin_at_once(&self, run: &str, target: &str) -> Result<Option<LocalLock>, Error> {
        if self.file.is_some() || !local_left::knows(&self.folder) {
            return Ok(None);
        }
        let mut lock = LocalLock::take(&self.lockable()?, run, target)?;
        lock.was_clean = lock.is_untouched();
        Ok(lock.was_clean.then_some(lock))
    }

    fn lockable(&self) -> Result<Lockable, Error> {
        let file = self.hidden(LOCK);
        if self.refuses_links && file.is_symlink() {
            return Err(link(LOCK.to_owned()));
        }
        Ok(Lockable {
            folder: self.folder.clone(),
            is_target: self.file.is_none(),
            file,
        })
    }

    /// Where a partition's attempt writes.
    pub fn staged_name(&self, run: &str, partition: usize, attempt: u32, number: usize) -> String {
        format!("{}{run}.{partition:05}-{attempt}-{number}.{STAGED}", self.prefix)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Says that everything is prepared, durably, and removes what else the run has staged, where it has `tried_again`.
    pub fn prepare(&self, prepared: &mut Prepared, tried_again: bool) -> Result<(), Error> {
        if tried_again {
            let (of_run, kept) = (self.start_of(&prepared.run), staged_names(prepared));
            self.remove_staged(&self.hidden_names()?, |name| {
                name.starts_with(&of_run) && !kept.contains(name)
            });
        }
        let (name, path) = (
            self.journal_name(&prepared.run, PREPARED),
            self.journal(&prepared.run, PREPARED),
        );
        // Its name is all that it says.
        if let [
            StagedFile {
                staged: Some(Staged::File(only)),
                held,
                ..
            },
        ] = prepared.files.as_mut_slice()
        {
            match held.take() {
                Some(Held(bytes)) => write_new(&path, &bytes)?,
                None => self
                    .rename_to_prepared(only, &path)
                    .map_err(|source| write_error("rename a staged file to", &path, source))?,
            }
            *only = name;
        } else {
            for file in &mut prepared.files {
                if let (Some(Staged::File(staged)), Some(Held(bytes))) = (&file.staged, file.held.take()) {
                    write_new(&self.path(staged), &bytes)?;
                }
            }
            File::create(&path).map_err(|source| write_error("create", &path, source))?;
        }
        // The names of the staged files, too.
        sync(&self.folder)
    }

    fn rename_to_prepared(&self, staged: &str, prepared: &Path) -> io::Result<()> {
        let staged = self.path(staged);
        // Others leave it alone for a day from now on, and not from when the last row was written.
        File::options()
            .write(true)
            .open(&staged)?
            .set_modified(SystemTime::now())?;
        fs::rename(&staged, prepared)
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
            remove: self.removals(prepared)?,
            publish: published.collect(),
        };
        journal.check(&path)?;
        // Before it is decided: nothing has changed yet, and what is to be replaced is still there.
        if prepared.files.iter().any(|file| self.is_lost(file)) {
            return Err(gone(prepared));
        }
        if let ([(staged, name)], []) = (journal.publish.as_slice(), journal.remove.as_slice())
            && !name.contains('/')
        {
            return self.publish(staged, name);
        }
        journal.write(&path)?;
        self.carry_out(&path, &journal)
    }

    /// What has to go, without looking through the folder where it can only be nothing.
    fn removals(&self, prepared: &Prepared) -> Result<Vec<String>, Error> {
        if prepared.first().is_some_and(|first| !self.path(first).exists()) {
            return Ok(Vec::new());
        }
        prepared.removals(self.existing()?)
    }

    /// Whether a file is neither staged nor visible.
    fn is_lost(&self, file: &StagedFile) -> bool {
        match &file.staged {
            Some(Staged::File(staged)) => !self.path(staged).exists() && !self.is_visible(file),
            _ => false,
        }
    }

    fn is_visible(&self, file: &StagedFile) -> bool {
        let size = fs::metadata(self.path(&file.path)).map(|data| data.len());
        size.is_ok_and(|size| size == file.bytes)
    }

    /// Makes the only file visible, unless that was done before. That it was prepared is told by its name, which goes.
    fn publish(&self, staged: &str, name: &str) -> Result<(), Error> {
        let new = self.path(name);
        let renamed = ignore_missing(fs::rename(self.path(staged), &new));
        renamed.map_err(|source| write_error("rename a finished file to", &new, source))?;
        sync(&self.folder)
    }

    /// As [`commit`](Self::commit), of what was prepared by whomever: also when it was decided or done already.
    pub fn commit_prepared(&self, prepared: &Prepared) -> Result<(), Error> {
        let path = self.journal(&prepared.run, COMMIT);
        if let Some(journal) = Journal::read(&path)? {
            return self.carry_out(&path, &journal);
        }
        if self.journal(&prepared.run, PREPARED).exists() {
            return self.commit(prepared);
        }
        if prepared.files.iter().any(|file| self.is_visible(file)) {
            // It may have been killed right after the rename.
            return sync(&self.folder);
        }
        if prepared.files.is_empty() {
            return Ok(());
        }
        Err(gone(prepared))
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

    /// Removes what a run has staged and prepared, unless it was decided to commit it: then the next run carries it out.
    pub fn forget(&self, run: &str) -> Result<(), Error> {
        if !self.folder.exists() || self.journal(run, COMMIT).exists() {
            return Ok(());
        }
        self.give_up(run)
    }

    fn give_up(&self, run: &str) -> Result<(), Error> {
        remove(&self.journal(run, PREPARED))?;
        let of_run = self.start_of(run);
        self.remove_staged(&self.hidden_names()?, |name| name.starts_with(&of_run));
        Ok(())
    }

    /// As [`forget`](Self::forget), where nobody can be told that it failed.
    pub fn discard(&self, run: &str) {
        // Hidden and harmless: the next run tries again.
        if let Err(error) = self.forget(run) {
            tracing::warn!(run, %error, "what a run has staged cannot be removed");
        }
    }

    /// The lock of a run that may hold it already, in another place of this process: then none is returned.
    pub fn lock_again(&self, run: &str, target: &str) -> Result<Option<LocalLock>, Error> {
        if !self.folder.exists() {
            return Ok(None);
        }
        LocalLock::take_unless_held_by(&self.lockable()?, run, target)
    }

    fn hidden(&self, name: &str) -> PathBuf {
        self.path(&format!("{}{name}", self.prefix))
    }

    pub(super) fn journal_name(&self, run: &str, kind: &str) -> String {
        format!("{}{kind}", self.start_of(run))
    }

    /// What the names of a run's hidden files begin with.
    pub(super) fn start_of(&self, run: &str) -> String {
        format!("{}{run}.", self.prefix)
    }

    fn journal(&self, run: &str, kind: &str) -> PathBuf {
        self.path(&self.journal_name(run, kind))
    }

    pub(super) fn carry_out(&self, path: &Path, journal: &Journal) -> Result<(), Error> {
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
            match fs::rename(&old, &new) {
                // An earlier attempt at this journal has renamed it. Nobody has removed it since: who has the lock finishes
                // what was decided before anything else.
                Err(error) if error.kind() == io::ErrorKind::NotFound && new.exists() => {}
                // What it was to replace stays.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(Error::Lost {
                        run: journal.run.clone(),
                        file: new,
                        journal: path.to_owned(),
                    });
                }
                renamed => renamed.map_err(failed)?,
            }
        }
        for name in &journal.remove {
            let old = self.path(name);
            remove(&old)?;
            folders.extend(old.parent().map(Path::to_owned));
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
        remove(&self.journal(&journal.run, PREPARED))?;
        remove(path)?;
        sync(&self.folder)
    }
}

pub(super) fn remove(path: &Path) -> Result<(), Error> {
    ignore_missing(fs::remove_file(path)).map_err(|source| write_error("remove", path, source))
}

fn gone(prepared: &Prepared) -> Error {
    Error::Gone {
        target: prepared.target.clone(),
        run: prepared.run.clone(),
    }
}

fn staged_names(prepared: &Prepared) -> HashSet<String> {
    let names = prepared.files.iter().filter_map(|file| match &file.staged {
        Some(Staged::File(name)) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

pub(super) fn link(subject: String) -> Error {
    let reason = "it is a link in the folder that is written to, and could lead out of it".to_owned();
    Error::Config { subject, reason }
}
