//! For tests that build guests: projects that are made up.

use std::fs;

/// A folder with these files, by their names from the folder.
pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("it is in the folder")).expect("made");
        fs::write(file, text).expect("written");
    }
    folder
}
