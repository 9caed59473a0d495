//! What is visible in the folder of a local target.

use std::fs;
use std::io;

use super::durable::write_error;
use super::local::{Local, link};
use super::prepared::is_data;
use crate::Error;

impl Local {
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

    /// The first thing that overwriting would have to delete although it is no data.
    pub fn foreign(existing: &[String]) -> Option<&String> {
        existing.iter().find(|path| !is_data(path))
    }
}
