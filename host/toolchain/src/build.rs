use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::component::write;
use crate::elsewhere::named;
use crate::fingerprint::Fingerprint;
use crate::inputs::files_in;
use crate::placed::place_sdk;
use crate::project::Project;
use crate::record::Record;
use crate::{Error, Language, Tools, c, go, javascript, python, rust, zig};

/// How a guest is built.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Where the build keeps what it makes. Rust guests that share a folder share their dependencies. The default is
    /// `target` in the project, or beside the `Cargo.toml` of its workspace.
    pub target_dir: Option<PathBuf>,
    /// Where the component goes. The default is `NAME.component.wasm` in the target folder, or beside cargo's module.
    pub component: Option<PathBuf>,
    /// What happens to the tools' progress, warnings and errors.
    pub output: ToolOutput,
    /// Whether the build must go by the project's `Cargo.lock` as it is.
    pub locked: bool,
    /// Whether the component keeps names and line tables, so that a trap says where in the sources it was: of guests in Rust, C,
    /// C++ and Zig. It is larger by them, and no slower.
    pub debug: bool,
}

/// What happens to what compilers print for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolOutput {
    /// It is kept, and becomes part of the error when the build fails.
    #[default]
    Captured,
    /// It goes to our stderr as it comes.
    Shown,
}

/// A guest that was built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Built {
    /// What it is written in.
    pub language: Language,
    /// The component's file.
    pub component: PathBuf,
    /// The component's size in bytes.
    pub bytes: u64,
    /// Whether it was up to date and nothing was compiled.
    pub fresh: bool,
    /// The interfaces of the contract that it exports, by their names there.
    pub interfaces: Vec<&'static str>,
}

impl Built {
    pub(crate) fn new(language: Language, component: PathBuf, bytes: &[u8], fresh: bool) -> Result<Self, Error> {
        let names = tenon_component::names_in(bytes);
        let inspected = names.and_then(|names| tenon_component::inspect(&names));
        let interfaces = inspected.map_err(|cause| Error::NoComponent {
            module: component.clone(),
            cause,
        })?;
        Ok(Self {
            language,
            component,
            bytes: bytes.len() as u64,
            fresh,
            interfaces: interfaces.interfaces.names(),
        })
    }
}

/// What the tools of a language make of a project.
pub(crate) struct Made {
    /// The component.
    pub(crate) bytes: Vec<u8>,
    /// Files and folders that they have read, in full or from the project's folder: at least those outside of it that no
    /// manifest names by a path.
    pub(crate) read: Vec<PathBuf>,
}

impl From<Vec<u8>> for Made {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            read: Vec::new(),
        }
    }
}

/// Builds the guest in a folder, optimised, into a component, by the tools of its language.
///
/// Settings of a cargo run around us don't reach it, and neither do rustflags that the user has configured.
///
/// # Errors
/// [`Error::NotAProject`] and, for Rust, [`Error::Workspace`] and [`Error::NotCdylib`] for folders that hold no guest;
/// [`Error::NoToolchain`], [`Error::NoTool`] and [`Error::Offline`] where a tool is missing, with what installs it;
/// [`Error::Command`] with the tool's whole output where the guest does not compile; [`Error::Source`] where it cannot
/// become a guest; [`Error::NoComponent`] where it compiles but is no guest of Tenon; [`Error::Start`] and
/// [`Error::File`].
pub fn build(tools: &mut Tools<'_>, project: &Path, options: &BuildOptions) -> Result<Built, Error> {
    let language = Language::of(project)?;
    let build = match language {
        // cargo knows by itself what is up to date.
        Language::Rust => return rust::build(tools.rust()?, project, options),
        Language::Python => python::build,
        Language::JavaScript => javascript::build,
        Language::Go => go::build,
        Language::C => c::build,
        Language::Zig => zig::build,
    };
    let project = Project::new(project, options.target_dir.as_deref())?;
    let component = match &options.component {
        Some(component) => component.clone(),
        None => project.target.join(format!("{}.component.wasm", project.name)),
    };

    place_sdk(language, &project.folder)?;
    // What changes while it is built is to count the next time: so this is looked at before.
    let own = own(language, &project, &component, options.debug);
    let known = Record::read(&project.record());
    let before = elsewhere(&known.elsewhere, &project);
    if let Ok(bytes) = fs::read(&component)
        && known.digests == digests(&own, &before, &bytes)
    {
        return Built::new(language, component, &bytes, true);
    }
    let scratch = project.scratch();
    fs::create_dir_all(&scratch).map_err(Error::file("create", &scratch))?;
    let made = build(tools, &project, options)?;
    write(&component, &made.bytes)?;
    let found = beyond(made.read, &project, &tools.machine().cache);
    let of_found = if found == known.elsewhere {
        before
    } else {
        elsewhere(&found, &project)
    };
    let record = Record {
        digests: digests(&own, &of_found, &made.bytes),
        elsewhere: found,
    };
    record.write(&project.record())?;
    Built::new(language, component, &made.bytes, false)
}

/// What a build reads, as far as that is known before: the project, what its manifest names, its SDK, and this version of
/// the tools.
fn own(language: Language, project: &Project, component: &Path, debug: bool) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.text(env!("TENON_BUILDERS"));
    if debug {
        fingerprint.text("debug");
    }
    for sdk in language.sdks().iter().chain(&["wit"]) {
        fingerprint.text(&crate::sdk::version(sdk));
    }
    // They may be told to lie anywhere in the folder.
    let written = [project.target.as_path(), component].map(in_full);
    fingerprint.folder(&project.folder, &written);
    // A folder that is named may have this project in it.
    fingerprint.paths(&named(&project.folder), std::slice::from_ref(&project.folder));
    fingerprint.to_string()
}

/// What is read elsewhere, as it is now.
fn elsewhere(paths: &BTreeSet<PathBuf>, project: &Project) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.paths(paths, std::slice::from_ref(&project.folder));
    fingerprint.to_string()
}

/// Of what a build has read, that which [`own`] doesn't look at.
fn beyond(read: Vec<PathBuf>, project: &Project, cache: &Path) -> BTreeSet<PathBuf> {
    let own: BTreeSet<_> = files_in(&project.folder, &[]).into_iter().collect();
    // The SDK, which has a version, and what the build itself has made.
    let sdk = project.folder.join(".tenon");
    let others = [cache, sdk.as_path(), project.target.as_path()].map(in_full);
    let read = read
        .into_iter()
        .filter_map(|path| project.folder.join(path).canonicalize().ok());
    let is_beyond = |path: &PathBuf| {
        let is_own = own.contains(path) || (path.is_dir() && path.starts_with(&project.folder));
        !is_own && !others.iter().any(|other| path.starts_with(other))
    };
    read.filter(is_beyond).collect()
}

fn in_full(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn digests(own: &str, elsewhere: &str, component: &[u8]) -> String {
    let mut of_component = Fingerprint::default();
    of_component.bytes(component);
    format!("{own} {elsewhere} {of_component}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_looked_at_anyway_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for file in [
            "shop/src/plugin.c",
            "shop/.tenon/sdk/c/include/tenon.h",
            "shop/node_modules/left-pad/index.js",
            "shop/out/table.h",
            "shop/target/made.h",
            "inc/shared.h",
            "cache/sdk/tenon.h",
        ] {
            let file = top.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let project = Project::new(&top.join("shop"), None).unwrap();
        let read = [
            "src/plugin.c",
            "src",
            ".tenon/sdk/c/include/tenon.h",
            "node_modules/left-pad/index.js",
            "out/table.h",
            "target/made.h",
            "../inc/shared.h",
            "../inc",
            "../gone.h",
            "../cache/sdk/tenon.h",
        ];
        let read = read.iter().map(PathBuf::from).collect();
        let found = beyond(read, &project, &top.join("cache"));
        let expected = [
            "inc",
            "inc/shared.h",
            "shop/node_modules/left-pad/index.js",
            "shop/out/table.h",
        ];
        let expected: BTreeSet<_> = expected.iter().map(|name| top.join(name)).collect();
        assert_eq!(found, expected);
    }
}
