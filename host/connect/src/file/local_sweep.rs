//! What dead runs have left in the folder of a local target: commits to carry out to their end, staged files to remove.

use std::fs;
use std::time::Duration;

use super::durable::{age, ignore_missing, write_error};
use super::local::{COMMIT, Local, PREPARED, STAGED, remove};
use super::local_journal::Journal;
use crate::Error;

/// How long a prepared write of another run is left alone.
pub(super) const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

impl Local {
    /// Carries out what other runs have decided, for one that has just taken the lock to commit: what it removes may be
    /// what they have yet to finish.
    pub fn finish_others(&self, run: &str) -> Result<(), Error> {
        let mut names = self.hidden_names()?;
        let own = self.journal_name(run, COMMIT);
        names.retain(|name| *name != own);
        self.finish(&names)
    }

    /// Carries out what was decided, removes what dead runs have left. Whether there was nothing of the kind.
    pub(super) fn sweep(&self, run: &str) -> Result<bool, Error> {
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
    pub(super) fn remove_staged(&self, names: &[String], goes: impl Fn(&str) -> bool) {
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

    pub(super) fn hidden_names(&self) -> Result<Vec<String>, Error> {
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
}

fn extension(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
}
