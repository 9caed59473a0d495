use std::path::{Path, PathBuf};

use crate::Error;

/// A folder that holds a guest's sources.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// In full.
    pub(crate) folder: PathBuf,
    /// The folder's name, which names the component.
    pub(crate) name: String,
    /// Where the build keeps what it makes.
    pub(crate) target: PathBuf,
}

impl Project {
    /// The project in a folder. `target` is where its build keeps what it makes: `target` in the folder, if not given.
    pub(crate) fn new(folder: &Path, target: Option<&Path>) -> Result<Self, Error> {
        let folder = folder.canonicalize().map_err(Error::file("find", folder))?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let target = match target {
            Some(target) => std::path::absolute(target).unwrap_or_else(|_| target.to_path_buf()),
            None => folder.join("target"),
        };
        Ok(Self {
            name: name.unwrap_or_else(|| "plugin".to_owned()),
            folder,
            target,
        })
    }

    /// A folder for what one build makes on the way to the component.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.target.join(&self.name)
    }

    /// The file of what is noted of its last build. It tells another file in the component's place by its digest.
    pub(crate) fn record(&self) -> PathBuf {
        self.scratch().with_extension("built")
    }
}
