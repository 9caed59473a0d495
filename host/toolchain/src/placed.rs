//! The SDK in a project, for the project's tests and for editors.

use std::fs;
use std::path::Path;

use crate::component::write;
use crate::{Error, Language, sdk};

/// Files that may say that the project wants the SDK, by naming the folder that it is to be in.
const ASKING: [&str; 7] = [
    "pyproject.toml",
    "package.json",
    "go.mod",
    "Makefile",
    "compile_flags.txt",
    "CMakeLists.txt",
    "build.zig",
];

/// Puts the SDKs of a language, in this version, where the project's tests look for them, if they do: `.tenon/sdk/NAME`.
/// [`build`](crate::build) does so each time.
///
/// # Errors
/// [`Error::File`].
pub fn place_sdk(language: Language, project: &Path) -> Result<(), Error> {
    language.sdks().iter().try_for_each(|name| place(name, project))
}

fn place(name: &str, project: &Path) -> Result<(), Error> {
    let place = format!(".tenon/sdk/{name}");
    let asks = |file: &str| fs::read_to_string(project.join(file)).is_ok_and(|text| text.contains(&place));
    let folder = project.join(&place);
    // A link is somebody's own arrangement.
    if !ASKING.iter().any(|file| asks(file)) || folder.is_symlink() {
        return Ok(());
    }
    let version = sdk::version(name);
    let placed = folder.join("placed");
    if fs::read_to_string(&placed).is_ok_and(|placed| placed == version) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Error::file("remove", &folder))?;
    }
    for (file, content) in sdk::files(name) {
        write(&folder.join(file), content)?;
    }
    fs::write(&placed, version).map_err(Error::file("write", &placed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_put_where_the_project_asks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let header = folder.path().join(".tenon/sdk/c/include/tenon.h");
        place_sdk(Language::C, folder.path()).unwrap();
        assert!(!header.exists());
        fs::write(folder.path().join("Makefile"), "SDK := .tenon/sdk/c\n").unwrap();
        place_sdk(Language::C, folder.path()).unwrap();
        assert!(header.is_file());
        fs::write(folder.path().join(".tenon/sdk/c/placed"), "another version").unwrap();
        fs::remove_file(&header).unwrap();
        place_sdk(Language::C, folder.path()).unwrap();
        assert!(header.is_file());
    }
}
