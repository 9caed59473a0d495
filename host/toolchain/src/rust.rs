//! Rust guests: cargo makes a module, the module becomes a component.

mod foreign;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{coloured, run_to_end};
use crate::component::write;
use crate::{BuildOptions, Built, Error, Language, ToolOutput, Toolchain, artifact};

use foreign::{hint, reason};

/// Builds the guest crate in a folder.
pub(crate) fn build(toolchain: &Toolchain, project: &Path, options: &BuildOptions) -> Result<Built, Error> {
    let manifest = project.join("Cargo.toml");
    // cargo names manifests in full, and so the two can be compared.
    let manifest = manifest.canonicalize().map_err(Error::file("find", &manifest))?;
    let messages = run_cargo(cargo(toolchain, &manifest, options), options.output)?;
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

    let mut module = fs::read(&artifact.module).map_err(Error::file("read", &artifact.module))?;
    if options.debug {
        module = tenon_component::without_debug_information(&module, true).unwrap_or(module);
    }
    let bytes = tenon_component::componentize(&module).map_err(|cause| match reason(&cause) {
        Some(reason) => Error::Source {
            place: manifest.clone(),
            problem: format!("{reason}: {cause}"),
        },
        None => Error::NoComponent {
            module: artifact.module.clone(),
            cause,
        },
    })?;
    let component = options
        .component
        .clone()
        .unwrap_or_else(|| artifact.module.with_extension("component.wasm"));
    write(&component, &bytes)?;
    Built::new(Language::Rust, component, &bytes, artifact.fresh)
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
    if options.debug {
        // Whatever the project's profile strips, the names of functions among it.
        cargo.args(["--config", "profile.release.debug=\"line-tables-only\""]);
        cargo.args(["--config", "profile.release.strip=false"]);
    }
    cargo
}

/// Runs it and returns the messages.
fn run_cargo(mut cargo: Command, output: ToolOutput) -> Result<String, Error> {
    const COLOUR: &str = "CARGO_TERM_COLOR";
    if coloured(output) && env::var_os(COLOUR).is_none() {
        cargo.env(COLOUR, "always");
    }
    let ended = run_to_end(&mut cargo, output)?;
    if ended.succeeded() {
        return Ok(ended.stdout);
    }
    // What it says on stdout is for us.
    Err(ended.failure(&cargo, "", hint(&ended.stderr)))
}
