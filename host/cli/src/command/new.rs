use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context;

use crate::args::{Kind, Language, NewArguments};
use crate::exit::Failure;
use crate::output;
use crate::template;

/// `tenon new`
pub fn new(arguments: &NewArguments, quiet: bool) -> Result<(), Failure> {
    make(arguments)?;
    if !quiet {
        let shown = arguments.folder.display();
        let run = match arguments.kind {
            Kind::Transform => "tenon run job.toml",
            Kind::Job => "tenon run .",
        };
        output::print(&format!(
            "made {shown}, with data/orders.csv to try it on\n\
             next:\n  cd {shown}\n  {run}\n  {run} --watch      # again with each change"
        ))?;
    }
    Ok(())
}

/// Makes the project.
pub(super) fn make(arguments: &NewArguments) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let name = package_name(folder).map_err(Failure::usage)?;
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if !is_empty {
        let error = anyhow::anyhow!("{} is there already, and not an empty folder", folder.display());
        return Err(Failure::refused(error));
    }
    let Some(files) = template::files(arguments.lang, arguments.kind, &name) else {
        return Err(Failure::usage(
            "there is no job to begin with in this language; leave out --kind".to_owned(),
        ));
    };
    for (file, content) in files {
        write(&folder.join(file), &content)?;
    }
    if let Some(language) = built_as(arguments.lang) {
        tenon_toolchain::place_sdk(language, folder)
            .context("cannot put the SDK into the project")
            .map_err(Failure::failed)?;
    }
    Ok(())
}

/// What the project is built as, where its SDK is one that the toolchain carries.
fn built_as(language: Language) -> Option<tenon_toolchain::Language> {
    use tenon_toolchain::Language as Built;
    Some(match language {
        Language::Rust => return None,
        Language::Python => Built::Python,
        Language::Js | Language::Ts => Built::JavaScript,
        Language::Go => Built::Go,
        Language::C | Language::Cpp => Built::C,
        Language::Zig => Built::Zig,
    })
}

/// The folder's name, if cargo takes it as that of a package.
pub(super) fn package_name(folder: &Path) -> Result<String, String> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| format!("{} has no name that the plugin could have", folder.display()))?;
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    // A test of this name would be cargo's own crate.
    if begins && name.chars().all(plain) && name.len() <= 64 && name != "test" {
        return Ok(name);
    }
    Err(format!(
        "`{name}` cannot be the name of a plugin: it takes a letter, then at most 63 letters, digits, `-` and `_`"
    ))
}

/// Writes a new file, and makes the folders above it.
fn write(path: &Path, content: &str) -> Result<(), Failure> {
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content.as_bytes())
    };
    written()
        .with_context(|| format!("cannot write {}", path.display()))
        .map_err(Failure::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_named_as_packages_are() {
        for name in ["orders", "reports/monthly-2", "a_b"] {
            assert!(package_name(Path::new(name)).is_ok(), "{name}");
        }
        for name in ["2013", "a b", "..", "/", "äh", "test"] {
            assert!(package_name(Path::new(name)).is_err(), "{name}");
        }
    }
}
