use std::fmt;
use std::fs;
use std::path::Path;

use crate::Error;

/// What a project is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Rust, by cargo.
    Rust,
    /// Python, by componentize-py.
    Python,
    /// JavaScript or TypeScript, by QuickJS.
    JavaScript,
    /// Go, by its own compiler.
    Go,
    /// C or C++, by clang.
    C,
    /// Zig, by its own compiler.
    Zig,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 6] = [Self::Rust, Self::Python, Self::JavaScript, Self::Go, Self::C, Self::Zig];

    /// The language of the project in a folder, by the files in it: `Cargo.toml`, `pyproject.toml`, `package.json`,
    /// `go.mod` and `build.zig` come first, then the sources in the folder or its `src`.
    ///
    /// # Errors
    /// [`Error::NotAProject`] where none of them is there, [`Error::File`].
    pub fn of(project: &Path) -> Result<Self, Error> {
        const MANIFESTS: [(&str, Language); 5] = [
            ("Cargo.toml", Language::Rust),
            ("pyproject.toml", Language::Python),
            ("package.json", Language::JavaScript),
            ("go.mod", Language::Go),
            ("build.zig", Language::Zig),
        ];
        let by_manifest = MANIFESTS.iter().find(|(file, _)| project.join(file).is_file());
        if let Some((_, language)) = by_manifest {
            return Ok(*language);
        }
        for folder in [project.to_path_buf(), project.join("src")] {
            if !folder.is_dir() {
                continue;
            }
            let entries = fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
            let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            files.sort();
            if let Some(language) = files.iter().find_map(|file| Self::of_source(file)) {
                return Ok(language);
            }
        }
        Err(Error::NotAProject {
            project: project.to_path_buf(),
        })
    }

    /// The SDKs that its guests are built with, of those that this crate carries.
    pub(crate) fn sdks(self) -> &'static [&'static str] {
        match self {
            // A crate, which cargo finds.
            Self::Rust => &[],
            Self::Python => &["python"],
            Self::JavaScript => &["js"],
            Self::Go => &["go"],
            Self::C => &["c"],
            Self::Zig => &["zig", "c"],
        }
    }

    fn of_source(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "c" | "cc" | "cpp" | "cxx" => Some(Self::C),
            "zig" => Some(Self::Zig),
            "py" => Some(Self::Python),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Go => "Go",
            Self::C => "C",
            Self::Zig => "Zig",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_the_language() {
        for (file, language) in [
            ("Cargo.toml", Language::Rust),
            ("pyproject.toml", Language::Python),
            ("package.json", Language::JavaScript),
            ("go.mod", Language::Go),
            ("build.zig", Language::Zig),
            ("plugin.c", Language::C),
            ("src/plugin.cpp", Language::C),
            ("src/main.zig", Language::Zig),
            ("plugin.py", Language::Python),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
            assert_eq!(Language::of(folder.path()).unwrap(), language, "{file}");
        }
    }

    #[test]
    fn a_folder_of_something_else_is_no_project() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        let error = Language::of(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("Cargo.toml") && error.contains("pyproject.toml"),
            "{error}"
        );
    }
}
