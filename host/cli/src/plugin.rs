//! Finds the plugin that a command names, and builds it where it is a project.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tenon_host::engine::Secret;
use tenon_host::job::interpreter_of;
use tenon_host::runtime::{CacheConfig, Runtime, RuntimeConfig};
use tenon_toolchain::{BuildOptions, Built, Machine, ToolOutput, Tools};

use crate::exit::Failure;
use crate::interpreter;
use crate::output::say;

/// The component: the file itself, what the project folder is built into, or the interpreter of a script.
pub async fn component(plugin: &Path, quiet: bool) -> Result<PathBuf, Failure> {
    if plugin.is_dir() {
        return Ok(build(plugin, None, builds_for_debugging(), quiet).await?.component);
    }
    if !plugin.exists() {
        let error = anyhow::anyhow!("there is no plugin {}", plugin.display());
        return Err(Failure::refused(error));
    }
    if let Some(interpreter) = interpreter_of(plugin) {
        return interpreter::component(interpreter);
    }
    Ok(plugin.to_owned())
}

/// What a plugin is called after its file or folder. `.` has no name of its own, and so has that of the folder.
pub fn name(plugin: &Path) -> Option<String> {
    let of_folder = || Some(plugin.canonicalize().ok()?.file_name()?.to_os_string());
    let name = plugin.file_stem().map(OsStr::to_os_string).or_else(of_folder)?;
    Some(name.to_string_lossy().into_owned())
}

/// Whether `TENON_BUILD_DEBUG` says that components are to keep what tells the file and line of a trap: for all the
/// commands that build a project on their way.
pub fn builds_for_debugging() -> bool {
    std::env::var_os("TENON_BUILD_DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Builds a project folder. `output` is where the component goes; with `debug` it keeps what tells the file and line of a
/// trap.
pub async fn build(project: &Path, output: Option<PathBuf>, debug: bool, quiet: bool) -> Result<Built, Failure> {
    let project = project.to_owned();
    let shown = project.display().to_string();
    let building = tokio::task::spawn_blocking(move || {
        let mut tools = Tools::from_env(|step| {
            if !quiet {
                say!("{step}");
            }
        })?;
        let tool_output = if quiet { ToolOutput::Captured } else { ToolOutput::Shown };
        let options = BuildOptions {
            component: output,
            output: tool_output,
            debug,
            ..BuildOptions::default()
        };
        tenon_toolchain::build(&mut tools, &project, &options)
    });
    let built = building
        .await
        .context("the build broke down")
        .map_err(Failure::failed)?;
    built
        .with_context(|| format!("cannot build the plugin in {shown}"))
        .map_err(Failure::refused)
}

/// The values of secrets that come from environment variables.
pub fn secrets(named: &[(String, String)]) -> Result<BTreeMap<String, Secret>, Failure> {
    let value = |(name, variable): &(String, String)| {
        let value = std::env::var(variable).map_err(|_| {
            Failure::usage(format!(
                "the secret `{name}` is to come from {variable}, which is not set or not text"
            ))
        })?;
        Ok((name.clone(), Secret::new(value)))
    };
    named.iter().map(value).collect()
}

/// A runtime that keeps compiled plugins from one command to the next.
pub fn runtime(memory_limit: Option<usize>) -> Result<Runtime, Failure> {
    let cache = CacheConfig {
        folder: cache_folder(),
        ..CacheConfig::default()
    };
    let mut config = RuntimeConfig {
        cache,
        ..RuntimeConfig::default()
    };
    if let Some(bytes) = memory_limit {
        config.limits.memory = bytes;
    }
    Runtime::new(config)
        .context("cannot start the sandboxes")
        .map_err(Failure::failed)
}

/// Beside what the toolchain keeps. Without any such folder, plugins are compiled each time.
fn cache_folder() -> Option<PathBuf> {
    Some(Machine::from_env().ok()?.cache.join("plugins"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_called_after_their_files() {
        let here = std::env::current_dir().expect("a folder");
        let here = here.file_name().expect("a name").to_str().expect("text");
        for (plugin, expected) in [("plugins/mask.wasm", "mask"), ("shop", "shop"), (".", here)] {
            assert_eq!(name(Path::new(plugin)).as_deref(), Some(expected));
        }
        assert_eq!(name(Path::new("/no/such/..")), None);
    }
}
