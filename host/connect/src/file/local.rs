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
//! 3. Partitions write to staged files, which are synchronised to the disk. A file `RUN.prepared` says that all are there;
//!    where there is only one, it is that file, under another name.
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
use std::time::{Duration, SystemTime};

use super::durable::{age, ignore_missing, sync, sync_all, write_error};
use super::local_journal::Journal;
use super::local_lock::{LocalLock, Lockable};
use super::prepared::{Prepared, Staged, StagedFile, is_data};
use crate::Error;

pub(super) const STAGED: &str = "staged";
const PREPARED: &str = "prepared";
pub(super) const COMMIT: &str = "commit";
/// What hidden names in a target folder begin with.
pub(super) const PREFIX: &str = ".tenon-";
const LOCK: &str = "lock";

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
                ..
            },
        ] = prepared.files.as_mut_slice()
        {
            self.rename_to_prepared(only, &path)
                .map_err(|source| write_error("rename a staged file to", &path, source))?;
            *only = name;
        } else {
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

    /// Carries out what other runs have decided, for one that has just taken the lock to commit: what it removes may be
    /// what they have yet to finish.
    pub fn finish_others(&self, run: &str) -> Result<(), Error> {
        let mut names = self.hidden_names()?;
        let own = self.journal_name(run, COMMIT);
        names.retain(|name| *name != own);
        self.finish(&names)
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

    fn journal_name(&self, run: &str, kind: &str) -> String {
        format!("{}{kind}", self.start_of(run))
    }

    /// What the names of a run's hidden files begin with.
    fn start_of(&self, run: &str) -> String {
        format!("{}{run}.", self.prefix)
    }

    fn journal(&self, run: &str, kind: &str) -> PathBuf {
        self.path(&self.journal_name(run, kind))
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

    /// Carries out what was decided, removes what dead runs have left. Whether there was nothing of the kind.
    fn sweep(&self, run: &str) -> Result<bool, Error> {
        let names = self.hidden_names()?;
        self.finish(&names)?;
        // What the names of prepared files begin with.
        let mut kept = Vec::new();
        for name in names.iter().filter(|name| extension(name) == Some(PREPARED)) {
            let path = self.path(name);
            let start = name.strip_suffix(PREPARED).unwrap_or_default();
            if start != self.start_of(run) && age(&path) < PATIENCE {
                kept.push(start);
            } else {
                remove(&path)?;
            }
        }
        self.remove_staged(&names, |name| !kept.iter().any(|start| name.starts_with(start)));
        Ok(names.is_empty())
    }

    /// Carries out the commits among those names.
    fn finish(&self, names: &[String]) -> Result<(), Error> {
        for name in names.iter().filter(|name| extension(name) == Some(COMMIT)) {
            let path = self.path(name);
            let Some(journal) = Journal::read(&path)? else {
                continue;
            };
            tracing::info!(run = journal.run, "completing the commit of a run that died");
            self.carry_out(&path, &journal)?;
        }
        Ok(())
    }

    /// Removes the staged files among those names that go.
    fn remove_staged(&self, names: &[String], goes: impl Fn(&str) -> bool) {
        for name in names
            .iter()
            .filter(|name| extension(name) == Some(STAGED) && goes(name))
        {
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

fn remove(path: &Path) -> Result<(), Error> {
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

fn link(subject: String) -> Error {
    let reason = "it is a link in the folder that is written to, and could lead out of it".to_owned();
    Error::Config { subject, reason }
}

fn extension(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
}
