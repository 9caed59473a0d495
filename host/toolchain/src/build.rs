use std::fs;
use std::path::{Path, PathBuf};

use crate::component::write;
use crate::fingerprint::Fingerprint;
use crate::placed::place_sdk;
use crate::project::Project;
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
    let fingerprint = fingerprint(language, &project)?.to_string();
    // Beside the component, by whose digest it tells another file in its place.
    let record = project.scratch().with_extension("built");
    if let Ok(bytes) = fs::read(&component)
        && fs::read_to_string(&record).is_ok_and(|record| record == recorded(&fingerprint, &bytes))
    {
        return Built::new(language, component, &bytes, true);
    }
    let scratch = project.scratch();
    fs::create_dir_all(&scratch).map_err(Error::file("create", &scratch))?;
    let bytes = build(tools, &project, options)?;
    write(&component, &bytes)?;
    fs::write(&record, recorded(&fingerprint, &bytes)).map_err(Error::file("write", &record))?;
    Built::new(language, component, &bytes, false)
}

/// Everything that a build reads: the project, its SDK, and this version of the tools.
fn fingerprint(language: Language, project: &Project) -> Result<Fingerprint, Error> {
    let mut fingerprint = Fingerprint::default();
    fingerprint.text(env!("TENON_BUILDERS"));
    for sdk in language.sdks().iter().chain(&["wit"]) {
        fingerprint.text(&crate::sdk::version(sdk));
    }
    fingerprint.folder(&project.folder)?;
    Ok(fingerprint)
}

fn recorded(fingerprint: &str, component: &[u8]) -> String {
    let mut of_component = Fingerprint::default();
    of_component.bytes(component);
    format!("{fingerprint} {of_component}\n")
}
