//! How a Go project finds the SDK, which no module proxy has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{OLDEST, in_project, is_recent};
use crate::command::capture;
use crate::project::Project;
use crate::{Error, Tools};

/// The SDK's module, in programs' imports.
const SDK: &str = "tenon";

/// A workspace of the project and the SDK that Tenon carries, unless the project says by itself where the SDK is.
pub(super) fn workspace(tools: &Tools<'_>, go: &Path, project: &Project) -> Result<Option<PathBuf>, Error> {
    if has_sdk(tools, go, project) {
        return Ok(None);
    }
    let sdk = tools.sdk("go")?;
    let file = project.scratch().join("go.work");
    let (major, minor) = OLDEST;
    let version = required_version(project).unwrap_or_else(|| format!("{major}.{minor}"));
    let text = format!(
        "go {version}\n\nuse (\n\t{}\n\t{}\n)\n",
        quoted(&project.folder),
        quoted(&sdk)
    );
    fs::write(&file, text).map_err(Error::file("write", &file))?;
    Ok(Some(file))
}

/// A path as it stands in a go.work.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string().replace('\\', "/").replace('"', "\\\"");
    format!("\"{path}\"")
}

/// Whether the project says by itself where the SDK is: by `replace` in its go.mod, or by a workspace of its own.
fn has_sdk(tools: &Tools<'_>, go: &Path, project: &Project) -> bool {
    let mut command = in_project(tools, go, project);
    command.env("GOPROXY", "off");
    command.args(["list", "-m", "-f", "{{.Dir}}", SDK]);
    capture(&mut command).is_ok_and(|folder| Path::new(folder.trim()).join("go.mod").is_file())
}

/// The folders of the modules that the build has taken from where they are on this machine: those that a go.mod or go.work
/// puts in the place of others, and those of a workspace. What is of the cache of modules never changes. `go` is its
/// command, as it builds.
pub(super) fn local(mut go: Command) -> Vec<PathBuf> {
    const FOLDERS: &str = "{{with .Module}}{{if or (not .Version) (and .Replace (not .Replace.Version))}}\
                           {{.Dir}}{{end}}{{end}}";
    go.args(["list", "-deps", "-f", FOLDERS, "."]);
    let listed = capture(&mut go).unwrap_or_default();
    let folders = listed.lines().filter(|folder| !folder.is_empty());
    let folders: BTreeSet<_> = folders.map(PathBuf::from).collect();
    folders.into_iter().collect()
}

/// The version that the project's go.mod names, where it is newer than the SDK's: a workspace may not be older than its
/// modules.
fn required_version(project: &Project) -> Option<String> {
    let manifest = fs::read_to_string(project.folder.join("go.mod")).ok()?;
    let version = manifest.lines().find_map(|line| line.trim().strip_prefix("go "))?;
    let version = version.trim().to_owned();
    is_recent(&version).then_some(version)
}
