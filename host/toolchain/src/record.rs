//! What is noted of a build beside its component, by which to tell whether that is up to date.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// What is noted of a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Digests of what it has read, and of the component.
    pub(crate) digests: String,
    /// What it has read outside its project's folder, or in parts of it that are not looked through.
    pub(crate) elsewhere: BTreeSet<PathBuf>,
}

impl Record {
    /// The record in a file; an empty one where there is none.
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines();
        Self {
            digests: lines.next().unwrap_or_default().to_owned(),
            elsewhere: lines.map(PathBuf::from).collect(),
        }
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Error> {
        let mut text = format!("{}\n", self.digests);
        for path in &self.elsewhere {
            text.push_str(&path.to_string_lossy());
            text.push('\n');
        }
        fs::write(file, text).map_err(Error::file("write", file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.built");
        assert_eq!(Record::read(&file), Record::default());
        let record = Record {
            digests: "a b c".to_owned(),
            elsewhere: BTreeSet::from(["/inc/a b.h".into(), "/lib".into()]),
        };
        record.write(&file).unwrap();
        assert_eq!(Record::read(&file), record);
    }
}
