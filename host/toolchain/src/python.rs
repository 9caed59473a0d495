//! Python guests: componentize-py takes a snapshot of CPython after it has imported the project.

use std::fs;

use crate::build::Made;
use crate::command::{failure, line};
use crate::project::Project;
use crate::{BuildOptions, Error, Tools};

/// What the SDK's build script calls.
const PACKAGES: [&str; 1] = ["componentize-py==0.25.1"];

/// Finds or installs the tools; describes them in a line.
pub(crate) fn prepare(tools: &mut Tools<'_>) -> Result<String, Error> {
    let programs = tools.python_packages(&PACKAGES)?;
    Ok(format!("{} in {}", PACKAGES[0].replace("==", " "), programs.display()))
}

/// Builds a project into a component.
///
/// The work is done by `componentize.py` of the SDK, which prints a sentence for people where the project is at fault.
pub(crate) fn build(tools: &mut Tools<'_>, project: &Project, _options: &BuildOptions) -> Result<Made, Error> {
    let programs = tools.python_packages(&PACKAGES)?;
    let (sdk, wit) = (tools.sdk("python")?, tools.wit()?);
    let scratch = project.scratch();
    let component = scratch.join("componentized.wasm");

    let mut python = tools.command(&programs.join("python"));
    python.arg(sdk.join("componentize.py")).arg(&project.folder);
    python.arg("--wit").arg(&wit).arg("--work").arg(&scratch);
    python.arg("--output").arg(&component);
    if tools.machine().offline {
        python.arg("--offline");
    }
    let ran = python.output().map_err(|cause| Error::Start {
        command: line(&python),
        cause,
    })?;
    let told = String::from_utf8_lossy(&ran.stderr);
    match ran.status.code() {
        Some(0) => {}
        Some(1) if !told.trim().is_empty() && !told.starts_with("Traceback") => {
            return Err(Error::Source {
                place: project.folder.clone(),
                problem: told.trim().to_owned(),
            });
        }
        _ => {
            return Err(failure(
                &python,
                ran.status,
                &String::from_utf8_lossy(&ran.stdout),
                &told,
            ));
        }
    }
    let bytes = fs::read(&component).map_err(Error::file("read", &component))?;
    fs::remove_file(&component).map_err(Error::file("remove", &component))?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Language;
    use crate::available::available;
    use crate::sample::project;
    use crate::{Machine, build as build_project};

    /// As a machine whose cache may be filled, but where nothing is in it yet.
    fn offline(cache: &Path) -> Machine {
        Machine {
            path: Vec::new(),
            rustup_home: None,
            cache: cache.to_owned(),
            offline: true,
        }
    }

    #[test]
    fn without_its_tools_it_says_what_would_install_them() {
        let cache = tempfile::tempdir().unwrap();
        let project = project(&[("plugin.py", "")]);
        let mut tools = Tools::on(offline(cache.path()), |_| {});
        let error = build_project(&mut tools, project.path(), &BuildOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("pip install componentize-py==0.25.1") && error.contains("TENON_OFFLINE"),
            "{error}"
        );
    }

    /// Needs componentize-py in Tenon's cache, or a registry to get it from.
    fn built(files: &[(&str, &str)]) -> Result<u64, String> {
        let folder = project(files);
        let mut tools = Tools::from_env(|_| {}).unwrap();
        build_project(&mut tools, folder.path(), &BuildOptions::default())
            .map(|built| built.bytes)
            .map_err(|error| error.to_string())
    }

    const TRANSFORM: &str = "from tenon import transform\n\n@transform\ndef same(batch):\n    return batch\n";

    #[test]
    fn projects_become_components_or_are_told_why_not() {
        if !available(
            Language::Python,
            "python::projects_become_components_or_are_told_why_not",
        ) {
            return;
        }
        assert!(built(&[("plugin.py", TRANSFORM)]).unwrap() > 10_000_000);

        let unbundled = format!("import attr\n{TRANSFORM}");
        let error = built(&[("plugin.py", &unbundled)]).unwrap_err();
        assert!(error.contains("dependencies = [\"attr\"]"), "{error}");

        let native = "[project]\nname = \"plugin\"\ndependencies = [\"numpy\"]\n";
        let error = built(&[("plugin.py", TRANSFORM), ("pyproject.toml", native)]).unwrap_err();
        assert!(error.contains("numpy") && error.contains("native code"), "{error}");

        let error = built(&[("one.py", TRANSFORM), ("two.py", TRANSFORM)]).unwrap_err();
        assert!(error.contains("[tool.tenon]"), "{error}");
    }
}
