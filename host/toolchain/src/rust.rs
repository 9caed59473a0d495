//! Rust guests: cargo makes a module, the module becomes a component.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{failure, line};
use crate::component::write;
use crate::{BuildOptions, Built, Error, Language, ToolOutput, Toolchain, artifact};

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
    cargo
}

/// Runs it and returns the messages.
fn run_cargo(mut cargo: Command, output: ToolOutput) -> Result<String, Error> {
    let stderr = match output {
        ToolOutput::Captured => Stdio::piped(),
        ToolOutput::Shown => Stdio::inherit(),
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
