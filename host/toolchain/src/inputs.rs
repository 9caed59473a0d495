//! Which files of a project's folder a build may read.

use std::fs;
use std::path::{Path, PathBuf};

/// What builds and jobs write, where it is in a project's own folder. Further below, folders of these names are like any
/// other.
const WRITTEN: [&str; 2] = ["target", "out"];
/// Files by which a folder says that it holds nothing of its own: cargo's folders, and Python's environments.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];
/// Where package managers note which packages `node_modules` has, and in which versions.
const INSTALLED: [&str; 4] = [
    ".package-lock.json",
    ".pnpm/lock.yaml",
    ".yarn-integrity",
    ".yarn-state.yml",
];

/// The files and folders of a folder that a build may read, in order. `top` says that it is the folder of a project, where
/// `target` and `out` are what builds and jobs write.
///
/// Hidden ones are of tools and editors. Of `node_modules` there are the files that say what is installed there: they are
/// few where the packages' own are many, and change with them. Links to folders are not followed.
pub fn sources_in(folder: &Path, top: bool) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "__pycache__" || (top && WRITTEN.contains(&&*name)) {
            continue;
        }
        if name == "node_modules" {
            let installed = INSTALLED.iter().map(|file| path.join(file));
            sources.extend(installed.filter(|file| file.is_file()));
            continue;
        }
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let is_marked = || MARKS.iter().any(|mark| path.join(mark).is_file());
        if path.is_file() || (path.is_dir() && !is_link && !is_marked()) {
            sources.push(path);
        }
    }
    sources.sort();
    sources
}

/// All files below the folder of a project that a build may read, but those that are `except` or below it.
pub(crate) fn files_in(folder: &Path, except: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(folder, true, except, &mut files);
    files
}

fn collect(folder: &Path, top: bool, except: &[PathBuf], files: &mut Vec<PathBuf>) {
    for path in sources_in(folder, top) {
        if except.contains(&path) {
            continue;
        }
        if path.is_dir() {
            collect(&path, false, except, files);
        } else {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        folder
    }

    fn names(folder: &Path, except: &[PathBuf]) -> Vec<String> {
        let files = files_in(folder, except);
        let names = files.iter().map(|file| file.strip_prefix(folder).unwrap());
        names.map(|name| name.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_sources_can_import_or_embed_counts() {
        let folder = folder(&[
            "main.go",
            "data/table.json",
            "src/data/table.json",
            "src/out/table.json",
            "src/target/table.json",
        ]);
        let expected = [
            "data/table.json",
            "main.go",
            "src/data/table.json",
            "src/out/table.json",
            "src/target/table.json",
        ];
        assert_eq!(names(folder.path(), &[]), expected);
        let except = [folder.path().join("data"), folder.path().join("main.go")];
        assert_eq!(names(folder.path(), &except), expected[2..]);
    }

    #[test]
    fn what_is_built_written_or_fetched_does_not() {
        let folder = folder(&[
            "plugin.py",
            "target/plugin.component.wasm",
            "out/classified.csv",
            ".tenon/sdk/python/tenon.py",
            "__pycache__/plugin.pyc",
            "tests/__pycache__/test.pyc",
            "environment/pyvenv.cfg",
            "environment/lib/packages.py",
            "fuzz/target/CACHEDIR.TAG",
            "fuzz/target/debug/fuzz",
        ]);
        assert_eq!(names(folder.path(), &[]), ["plugin.py"]);
    }

    #[test]
    fn packages_count_by_what_says_their_versions() {
        let folder = folder(&[
            "package.json",
            "node_modules/.package-lock.json",
            "node_modules/left-pad/index.js",
            "src/index.js",
        ]);
        assert_eq!(
            names(folder.path(), &[]),
            ["node_modules/.package-lock.json", "package.json", "src/index.js"]
        );
    }
}
