//! What a project is compiled of, and how.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// Flags for clang, one per line, which editors read too.
const FLAGS: &str = "compile_flags.txt";

/// The sources of a project.
pub(super) struct Sources {
    /// By their names from the project's folder.
    pub(super) files: Vec<Source>,
    /// What the project says in its flags file.
    pub(super) flags: Vec<String>,
}

/// A source in C or C++.
pub(super) struct Source {
    pub(super) file: PathBuf,
}

impl Sources {
    /// Those in the folder, and those in its `src` and below. Tests are elsewhere.
    pub(super) fn of(project: &Path) -> Result<Self, Error> {
        let mut files = Vec::new();
        collect(project, Path::new(""), false, &mut files)?;
        if project.join("src").is_dir() {
            collect(project, Path::new("src"), true, &mut files)?;
        }
        files.sort();
        let file = project.join(FLAGS);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(Error::file("read", &file)(cause)),
        };
        let lines = text.lines().map(str::trim);
        Ok(Self {
            files: files.into_iter().map(|file| Source { file }).collect(),
            flags: lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl Source {
    pub(super) fn is_cpp(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension != "c")
    }

    /// How it is compiled: the project's own flags come last, and so win.
    pub(super) fn flags(&self, own: &[String]) -> Vec<String> {
        let language: &[&str] = if self.is_cpp() {
            &[
                "-std=gnu++20",
                "-fno-exceptions",
                "-fno-rtti",
                "-Wno-missing-field-initializers",
            ]
        } else {
            &["-std=gnu17"]
        };
        // Zig turns assertions off where it optimises; the SDK makes them errors with a message.
        let common = [
            "-UNDEBUG",
            "-O2",
            "-ffunction-sections",
            "-fdata-sections",
            "-Wall",
            "-Wextra",
            // A function takes its configuration whether it has one or not.
            "-Wno-unused-parameter",
            "-ffile-prefix-map=./=",
        ];
        let flags = common.iter().chain(language).map(|flag| (*flag).to_owned());
        let fits = |flag: &&String| match flag.strip_prefix("-std=") {
            Some(standard) => standard.contains("++") == self.is_cpp(),
            None => true,
        };
        flags.chain(own.iter().filter(fits).cloned()).collect()
    }
}

fn collect(project: &Path, folder: &Path, deeper: bool, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let whole = project.join(folder);
    for entry in fs::read_dir(&whole).map_err(Error::file("read", &whole))? {
        let entry = entry.map_err(Error::file("read", &whole))?;
        let file = folder.join(entry.file_name());
        if deeper && entry.path().is_dir() {
            collect(project, &file, true, files)?;
        }
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("c" | "cc" | "cpp" | "cxx")) {
            files.push(file);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_in_the_folder_and_below_src() {
        let project = tempfile::tempdir().unwrap();
        for file in ["a.c", "src/b.cpp", "src/deep/c.cc", "tests/d.c", "e.h"] {
            let file = project.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        fs::write(project.path().join(FLAGS), "# ours\n-DX=1\n-std=c++23\n").unwrap();
        let sources = Sources::of(project.path()).unwrap();
        let files: Vec<_> = sources
            .files
            .iter()
            .map(|source| source.file.to_str().unwrap())
            .collect();
        assert_eq!(files, ["a.c", "src/b.cpp", "src/deep/c.cc"]);
        let flags = sources.files[0].flags(&sources.flags);
        assert!(flags.contains(&"-DX=1".to_owned()) && !flags.contains(&"-std=c++23".to_owned()));
        assert!(
            sources.files[1]
                .flags(&sources.flags)
                .contains(&"-std=c++23".to_owned())
        );
    }
}
