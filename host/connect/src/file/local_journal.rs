//! What a commit on the local file system has decided.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::{sync, write_error};
use super::local::{COMMIT, PREFIX, STAGED};
use crate::Error;

/// What a commit does. Carrying it out twice is the same as once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    pub run: String,
    /// Files to remove.
    pub remove: Vec<String>,
    /// Staged names and what they become.
    pub publish: Vec<(String, String)>,
}

impl Journal {
    /// What stands in a file; none where there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| write_error("read", path, source))?,
        };
        let journal: Self = serde_json::from_slice(&text).map_err(|source| damaged(path, source))?;
        journal.check(path)?;
        Ok(Some(journal))
    }

    /// A journal is a file that anyone who can write to the folder could have put there: it must not lead out of it.
    pub fn check(&self, path: &Path) -> Result<(), Error> {
        let inside = |name: &String| {
            !name.is_empty()
                && Path::new(name)
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)))
        };
        let renamed = self.publish.iter().flat_map(|(from, to)| [from, to]);
        if self.remove.iter().chain(renamed).all(inside) {
            return Ok(());
        }
        let reason = "a name in it leads out of the folder";
        Err(damaged(path, serde::de::Error::custom(reason)))
    }

    /// Puts it there durably: all of it, or nothing.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{STAGED}"));
        let draft = PathBuf::from(draft);
        let failed = |source| write_error("write the commit journal", &draft, source);
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        let mut file = File::create(&draft).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, path).map_err(failed)?;
        path.parent().map_or(Ok(()), sync)
    }
}

/// The run of which a file of this name, in a target folder, is the journal.
pub(super) fn committing(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)?.strip_suffix(COMMIT)?.strip_suffix('.')
}

fn damaged(path: &Path, source: serde_json::Error) -> Error {
    Error::Journal {
        path: path.display().to_string(),
        source,
    }
}
