use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{failure, line};
use crate::component::write;
use crate::{Error, Toolchain, artifact};

/// How a guest is built.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Where cargo keeps what it builds. Guests that share a folder share their dependencies. The default is cargo's:
    /// `target` beside the `Cargo.toml` of the project or its workspace.
    pub target_dir: Option<PathBuf>,
    /// Where the component goes. The default is beside the core module, as `NAME.component.wasm`.
    pub component: Option<PathBuf>,
    /// What happens to cargo's progress, warnings and errors.
    pub cargo_output: CargoOutput,
    /// Whether the build must go by the project's `Cargo.lock` as it is.
    pub locked: bool,
}

/// What happens to what cargo prints for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CargoOutput {
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
    /// The component's file.
    pub component: PathBuf,
    /// The component's size in bytes.
    pub bytes: u64,
    /// Whether cargo found the guest up to date and compiled nothing.
    pub fresh: bool,
}

/// Builds the guest crate in a folder, optimised, into a component.
///
/// Settings of a cargo run around us don't reach it, and neither do rustflags that the user has configured.
///
/// # Errors
/// [`Error::NotAProject`], [`Error::Workspace`] and [`Error::NotCdylib`] for folders that hold no guest,
/// [`Error::Command`] with cargo's whole output where the guest does not compile, [`Error::NoComponent`] where it
/// compiles but is no guest of Tenon, [`Error::Start`] and [`Error::File`].
pub fn build(toolchain: &Toolchain, project: &Path, options: &BuildOptions) -> Result<Built, Error> {
    let manifest = project.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::NotAProject {
            project: project.to_path_buf(),
        });
    }
    // cargo names manifests in full, and so the two can be compared.
    let manifest = manifest.canonicalize().map_err(Error::file("find", &manifest))?;
    let messages = run_cargo(cargo(toolchain, &manifest, options), options.cargo_output)?;
    let Some(artifact) = artifact::find(&messages, &manifest) else {
        let text = fs::read_to_string(&manifest).map_err(Error::file("read", &manifest))?;
        let is_package = text.lines().any(|line| line.trim_start().starts_with("[package]"));
        let project = project.to_path_buf();
        return Err(if is_package {
            Error::NotCdylib { project }
        } else {
            Error::Workspace { project }
        });
    };

    let module = fs::read(&artifact.module).map_err(Error::file("read", &artifact.module))?;
    let bytes = tenon_component::componentize(&module).map_err(|cause| Error::NoComponent {
        module: artifact.module.clone(),
        cause,
    })?;
    let component = options
        .component
        .clone()
        .unwrap_or_else(|| artifact.module.with_extension("component.wasm"));
    write(&component, &bytes)?;
    Ok(Built {
        component,
        bytes: bytes.len() as u64,
        fresh: artifact.fresh,
    })
}

fn cargo(toolchain: &Toolchain, manifest: &Path, options: &BuildOptions) -> Command {
    let mut cargo = toolchain.cargo();
    if let Some(folder) = manifest.parent() {
        // cargo looks for its configuration from here upwards.
        cargo.current_dir(folder);
    }
    cargo.args(["build", "--release", "--target", toolchain.target().triple()]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    if let Some(folder) = &options.target_dir {
        // Ours is meant from here, cargo's would be from the project's folder.
        cargo
            .arg("--target-dir")
            .arg(std::path::absolute(folder).unwrap_or_else(|_| folder.clone()));
    }
    if options.locked {
        cargo.arg("--locked");
    }
    cargo
}

/// Runs it and returns the messages.
fn run_cargo(mut cargo: Command, output: CargoOutput) -> Result<String, Error> {
    let stderr = match output {
        CargoOutput::Captured => Stdio::piped(),
        CargoOutput::Shown => Stdio::inherit(),
    };
    cargo.stdout(Stdio::piped()).stderr(stderr);
    let finished = cargo.spawn().and_then(std::process::Child::wait_with_output);
    let finished = finished.map_err(|cause| Error::Start {
        command: line(&cargo),
        cause,
    })?;
    if !finished.status.success() {
        return Err(failure(
            &cargo,
            finished.status,
            "",
            &String::from_utf8_lossy(&finished.stderr),
        ));
    }
    Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
}
