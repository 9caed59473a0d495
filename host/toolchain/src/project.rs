use std::path::{Path, PathBuf};

use crate::Error;
use crate::fingerprint::Fingerprint;

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
        if self.target == self.folder.join("target") {
            return self.target.join(&self.name);
        }
        // Others are built there too, and may have the same name: every example's project is called `plugin`.
        let mut folder = Fingerprint::default();
        folder.text(&self.folder.to_string_lossy());
        self.target.join(format!("{}-{folder}", self.name))
    }

    /// The file of what is noted of its last build. It tells another file in the component's place by its digest.
    pub(crate) fn record(&self) -> PathBuf {
        self.scratch().with_added_extension("built")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_of_one_name_do_not_meet_where_they_share_a_target() {
        let folder = tempfile::tempdir().unwrap();
        let of = |path: &str, target: Option<&Path>| {
            let project = folder.path().join(path);
            std::fs::create_dir_all(&project).unwrap();
            Project::new(&project, target).unwrap()
        };
        let shared = folder.path().join("shared");
        let (one, two) = (of("one/plugin", Some(&shared)), of("two/plugin", Some(&shared)));
        assert_ne!(one.scratch(), two.scratch());
        assert_ne!(one.record(), two.record());
        assert!(one.scratch().starts_with(&shared) && one.record().starts_with(&shared));
        let alone = of("one/plugin", None);
        assert_eq!(alone.scratch(), alone.folder.join("target/plugin"));
        assert_eq!(alone.record(), alone.folder.join("target/plugin.built"));
    }
}
