//! JavaScript and TypeScript guests: bundled by esbuild, put into QuickJS by componentize-qjs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::Made;
use crate::command::capture;
use crate::project::Project;
use crate::{BuildOptions, Error, Tools};

const PACKAGES: [&str; 2] = ["componentize-qjs@0.4.5", "esbuild@0.28.2"];
const OLDEST_NODE: u32 = 20;
const ADVICE: &str = "apt-get install nodejs npm     # Node.js 20 or newer";

/// Finds or installs the tools; describes them in a line.
pub(crate) fn prepare(tools: &mut Tools<'_>) -> Result<String, Error> {
    let (_, version) = node(tools)?;
    tools.node_packages(&PACKAGES)?;
    Ok(format!("Node.js {version}, {}", PACKAGES.join(", ")))
}

/// Builds a project into a component.
pub(crate) fn build(tools: &mut Tools<'_>, project: &Project, _options: &BuildOptions) -> Result<Made, Error> {
    let (node, _) = node(tools)?;
    let packages = tools.node_packages(&PACKAGES)?;
    let component = project.scratch().join("component.wasm");
    let mut builder = tools.command(&node);
    builder
        .arg(tools.sdk("js")?.join("tools/componentize.js"))
        .arg(&project.folder)
        .arg(&component)
        .arg(tools.wit()?)
        .arg(&packages);
    match capture(&mut builder) {
        Ok(_) => Ok(Made {
            bytes: fs::read(&component).map_err(Error::file("read", &component))?,
            read: read(&component.with_added_extension("inputs"))?,
        }),
        // What is wrong with the project is a sentence about it; how the builder was called doesn't help.
        Err(Error::Command { output, .. }) if output.starts_with(MISTAKE) => Err(Error::Source {
            place: project.folder.clone(),
            problem: output[MISTAKE.len()..].trim().to_owned(),
        }),
        Err(error) => Err(error),
    }
}

/// The files that were bundled, which the builder lists.
fn read(list: &Path) -> Result<Vec<PathBuf>, Error> {
    let text = fs::read_to_string(list).map_err(Error::file("read", list))?;
    Ok(text.lines().map(PathBuf::from).collect())
}

/// How the builder begins what it says about the project.
const MISTAKE: &str = "mistake: ";

/// The machine's Node.js, if it is new enough, and its version.
fn node(tools: &Tools<'_>) -> Result<(PathBuf, String), Error> {
    let missing = |problem: String| Error::NoTool {
        tool: "Node.js".to_owned(),
        problem,
        advice: ADVICE.to_owned(),
    };
    let Some(node) = tools.machine().program("node") else {
        return Err(missing("is not installed".to_owned()));
    };
    let version = version(tools, &node)?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(missing(format!("is too old: {} is {version}", node.display())));
    }
    Ok((node, version))
}

fn version(tools: &Tools<'_>, node: &Path) -> Result<String, Error> {
    let said = capture(tools.command(node).arg("--version"))?;
    Ok(said.trim().trim_start_matches('v').to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
