//! The interpreters that come with the command, which run scripts as they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use tenon_toolchain::Machine;

use crate::exit::Failure;

/// Those that were put into this command when it was built, by their names. Empty where it was built without.
const SHIPPED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));
/// Names a folder with other ones.
const FOLDER: &str = "TENON_PLUGINS";
/// Their names.
const NAMES: [&str; 3] = ["javascript", "python", "rhai"];

/// The component of an interpreter: from the folder that `TENON_PLUGINS` names, from the command itself, or from
/// `plugins` beside the command or its folder.
pub fn component(name: &str) -> Result<PathBuf, Failure> {
    if let Some(folder) = named() {
        let path = folder.join(file_of(name));
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Failure::refused(anyhow!(
                "there is no interpreter {}, where {FOLDER} says to look for it",
                path.display()
            )))
        };
    }
    if let Some((_, bytes)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return unpacked(name, bytes).map_err(Failure::failed);
    }
    let mut places = beside().into_iter().map(|folder| folder.join(file_of(name)));
    places.find(|path| path.is_file()).ok_or_else(|| {
        Failure::refused(anyhow!(
            "this tenon comes without the interpreter `{name}`: name the folder that holds {} in {FOLDER}; in Tenon's \
             repository, `cargo xtask plugins {name}` builds it",
            file_of(name)
        ))
    })
}

/// The folder that holds the interpreters, for a server: it is looked for in the same places. None if there is none.
pub fn folder() -> Result<Option<PathBuf>, Failure> {
    if let Some(folder) = named() {
        return Ok(Some(folder));
    }
    let mut unpacked_in = None;
    for (name, bytes) in SHIPPED {
        let file = unpacked(name, bytes).map_err(Failure::failed)?;
        unpacked_in = file.parent().map(Path::to_owned);
    }
    let has_one = |folder: &PathBuf| NAMES.iter().any(|name| folder.join(file_of(name)).is_file());
    Ok(unpacked_in.or_else(|| beside().into_iter().find(has_one)))
}

/// The folder that the environment names.
fn named() -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
    folder.map(PathBuf::from)
}

/// Folders beside the command, and beside its folder.
fn beside() -> Vec<PathBuf> {
    let command = std::env::current_exe().unwrap_or_default();
    let places = command.ancestors().skip(1).take(2);
    places.map(|place| place.join("plugins")).collect()
}

fn file_of(name: &str) -> String {
    format!("{name}.wasm")
}

/// Its file in the cache. Those of another command are in another folder.
fn unpacked(name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = Machine::from_env()?
        .cache
        .join("interpreters")
        .join(env!("TENON_SHIPPED"));
    let file = folder.join(file_of(name));
    let is_there = file.metadata().is_ok_and(|there| there.len() == bytes.len() as u64);
    if is_there {
        return Ok(file);
    }
    let written = || {
        fs::create_dir_all(&folder)?;
        let mut making = tempfile::NamedTempFile::new_in(&folder)?;
        std::io::Write::write_all(&mut making, bytes)?;
        making.persist(&file).map_err(|error| error.error)?;
        std::io::Result::Ok(())
    };
    written().with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
