//! Zig guests: zig makes an object of the project, which is linked with the library of the C SDK as a C guest is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::Made;
use crate::c::{Compiler, Library, STACK};
use crate::command::{coloured, run};
use crate::module::component_of;
use crate::project::Project;
use crate::{BuildOptions, Error, Tools};

/// Where a project's functions may begin, the first that is there.
const ROOTS: [&str; 4] = ["src/main.zig", "main.zig", "src/plugin.zig", "plugin.zig"];

/// Finds or installs the tools; describes them in a line.
pub(crate) fn prepare(tools: &mut Tools<'_>) -> Result<String, Error> {
    crate::c::prepare(tools)
}

/// Builds a project into a component.
pub(crate) fn build(tools: &mut Tools<'_>, project: &Project, options: &BuildOptions) -> Result<Made, Error> {
    let plugin = root_of(&project.folder)?;
    let compiler = Compiler::find(tools)?;
    let library = Library::of(tools, &compiler)?;
    let sdk = tools.sdk("zig")?.join("src");
    let object = project.scratch().join("plugin.o");
    let module = project.scratch().join("module.wasm");

    let mut zig = compiler.zig(tools);
    zig.current_dir(&project.folder);
    // Safe, since the checks cost a transform little and say what went wrong. Freestanding, since what Zig's library asks
    // of a system the SDK has from the host.
    zig.args([
        "build-obj",
        "-target",
        "wasm32-freestanding",
        "-mcpu=generic+simd128",
        "-OReleaseSafe",
    ]);
    zig.args(["--name", &project.name, "--dep", "tenon", "--dep", "plugin"]);
    zig.arg(module_argument("root", &sdk.join("root.zig")));
    zig.arg(module_argument("tenon", &sdk.join("tenon.zig")));
    zig.args(["--dep", "tenon"]).arg(module_argument("plugin", &plugin));
    zig.arg(format!("-femit-bin={}", object.display()));
    if coloured(options.output) {
        zig.env("CLICOLOR_FORCE", "1");
    }
    run(&mut zig, options.output, hint)?;

    let mut linker = compiler.clang(tools, false);
    linker.args(["-O2", "-mexec-model=reactor", "-Wl,-z", &format!("-Wl,{STACK}")]);
    linker
        .args([&library.wasi, &object, &library.archive])
        .arg("-o")
        .arg(&module);
    run(&mut linker, options.output, hint)?;
    // Zig refuses to read what is outside the folder of a module's root.
    component_of(&module, options.debug).map(Made::from)
}

/// What it means where a project asks for what is not its own.
fn hint(said: &str) -> Option<&'static str> {
    const PACKAGE: &str = "packages of build.zig.zon are not fetched, and only `tenon` and Zig's own library are imported by name: \
                           put the sources of a package into the project, and import its file, as in \
                           @import(\"folders/main.zig\")";
    const NATIVE: &str = "libraries in C are not linked to a guest in Zig, and a sandbox has no system whose own could be called: \
                          call what is in Zig, let the host compute, as in batch.eval(\"..\"), or write the guest in C, which \
                          compiles a library along with it";
    if said.contains("no module named '") {
        return Some(PACKAGE);
    }
    (said.contains("undefined symbol") || said.contains("@cImport")).then_some(NATIVE)
}

fn module_argument(name: &str, file: &Path) -> String {
    format!("-M{name}={}", file.display())
}

/// The file that the plugin begins with: one of the usual names, or the only one in the folder.
fn root_of(project: &Path) -> Result<PathBuf, Error> {
    if let Some(root) = ROOTS.iter().find(|root| project.join(root).is_file()) {
        return Ok(PathBuf::from(root));
    }
    let entries = fs::read_dir(project).map_err(Error::file("read", project))?;
    let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let is_source = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "zig");
    let mut sources: Vec<_> = names
        .filter(|file| is_source(file) && file != Path::new("build.zig"))
        .collect();
    match sources.len() {
        1 => Ok(sources.remove(0)),
        count => Err(Error::Source {
            place: project.to_path_buf(),
            problem: format!(
                "there are {count} Zig files, and none of {}: name the one that calls tenon.register src/main.zig",
                ROOTS.join(", ")
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;
    use crate::available::available;
    use crate::sample::project;
    use crate::{Machine, build as build_project};

    #[test]
    fn tests_in_zig_compile_all_of_the_c_sdk() {
        let (_, build) = crate::sdk::files("zig").find(|(name, _)| *name == "build.zig").unwrap();
        let build = String::from_utf8_lossy(build);
        let is_c = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "c");
        let sources = crate::sdk::files("c").map(|(name, _)| name);
        let sources = sources.filter(|name| name.starts_with("src/") || name.starts_with("testing/"));
        for name in sources.filter(|name| is_c(name) && !["src/wasi.c", "testing/main.c"].contains(name)) {
            assert!(build.contains(&format!("\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn what_is_not_the_projects_is_spoken_of() {
        // Of zig 0.17.
        let package = "src/main.zig:45:19: error: no module named 'known-folders' available within module 'plugin'\n";
        assert!(hint(package).unwrap().contains("build.zig.zon"));
        for native in [
            "src/main.zig:45:11: error: invalid builtin function: '@cImport'\n",
            "error: wasm-ld: plugin.o: undefined symbol: curl_easy_init\n",
        ] {
            assert!(hint(native).unwrap().contains("libraries in C"), "{native}");
        }
        assert_eq!(hint("src/main.zig:3:5: error: expected ';' after statement\n"), None);
    }

    #[test]
    fn the_root_is_found_or_asked_for() {
        let usual = project(&[("build.zig", ""), ("src/main.zig", ""), ("other.zig", "")]);
        assert_eq!(root_of(usual.path()).unwrap(), Path::new("src/main.zig"));
        let only = project(&[("build.zig", ""), ("orders.zig", "")]);
        assert_eq!(root_of(only.path()).unwrap(), Path::new("orders.zig"));
        let error = root_of(project(&[("a.zig", ""), ("b.zig", "")]).path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2 Zig files") && error.contains("src/main.zig"),
            "{error}"
        );
    }

    /// What is said where a machine has no more than these programs, which are shell scripts.
    #[cfg(unix)]
    fn said_with(programs: &[(&str, &str)], offline: bool) -> String {
        let (path, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (name, script) in programs {
            let (program, text) = (path.path().join(name), cache.path().join("script"));
            fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
            // Another process writes it: a test beside this one that just then forks would hold it open for writing, and the
            // system starts no file that is.
            let mut install = std::process::Command::new("install");
            let installed = install.args(["-m", "755"]).args([&text, &program]).status();
            assert!(installed.unwrap().success());
        }
        let machine = Machine {
            path: vec![path.path().to_owned()],
            rustup_home: None,
            cache: cache.path().to_owned(),
            offline,
        };
        let folder = project(&[("src/main.zig", "")]);
        let mut tools = Tools::on(machine, |_| {});
        let built = build_project(&mut tools, folder.path(), &BuildOptions::default());
        built.unwrap_err().to_string()
    }

    #[cfg(unix)]
    #[test]
    fn without_zig_it_says_what_would_install_it() {
        let offline = said_with(&[], true);
        assert!(
            offline.contains("pip install ziglang==0.17.1") && offline.contains("TENON_OFFLINE"),
            "{offline}"
        );
        let nothing = said_with(&[], false);
        assert!(
            nothing.contains("Python is not installed") && nothing.contains("apt-get install python3"),
            "{nothing}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_a_zig_of_the_version_that_serves_is_taken() {
        for version in ["0.9.1", "0.16.0", "0.18.0-dev.5"] {
            let said = said_with(&[("zig", &format!("echo {version}"))], true);
            assert!(said.contains("pip install ziglang==0.17.1"), "{version}: {said}");
        }
        // What it can't compile is the project's or the SDK's fault then, and not the machine's.
        let said = said_with(
            &[(
                "zig",
                "[ \"$1\" = version ] && echo 0.17.2 || { echo wrong >&2; exit 1; }",
            )],
            true,
        );
        assert!(said.contains("wrong") && !said.contains("pip install"), "{said}");
    }

    /// Needs ziglang in Tenon's cache, or a registry to get it from.
    fn built(source: &str, debug: bool) -> Result<Vec<u8>, String> {
        let folder = project(&[("src/main.zig", source)]);
        let mut tools = Tools::from_env(|_| {}).unwrap();
        let options = BuildOptions {
            debug,
            ..BuildOptions::default()
        };
        let built = build_project(&mut tools, folder.path(), &options).map_err(|error| error.to_string())?;
        Ok(fs::read(&built.component).unwrap())
    }

    #[test]
    fn projects_become_small_components_or_are_told_why_not() {
        if !available(
            Language::Zig,
            "zig::projects_become_small_components_or_are_told_why_not",
        ) {
            return;
        }
        let source = "const tenon = @import(\"tenon\");\n\
            fn same(batch: tenon.Batch) tenon.Batch { return batch; }\n\
            comptime { tenon.register(.{tenon.transform(\"same\", same, .{})}); }\n";
        let component = built(source, false).unwrap();
        assert!(component.len() < 50_000, "{}", component.len());
        let names = tenon_component::names_in(&component).unwrap();
        assert!(!names.imports.iter().any(|name| name.starts_with("wasi")), "{names:?}");

        let error = built(&source.replace("return batch;", "return nothing;"), false).unwrap_err();
        assert!(error.contains("main.zig:2"), "{error}");

        let lines = |component: &[u8]| tenon_component::LineTables::of(component, usize::MAX);
        let with_lines = built(source, true).unwrap();
        assert!(lines(&component).is_empty() && !lines(&with_lines).is_empty());

        let error = built(
            &source.replace("return batch;", "_ = @import(\"leftpad\"); return batch;"),
            false,
        )
        .unwrap_err();
        assert!(
            error.contains("leftpad") && error.contains("put the sources of a package into the project"),
            "{error}"
        );
    }
}
