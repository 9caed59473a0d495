//! C and C++ guests: zig's clang makes a module of the project and the SDK's library, the module becomes a component.

mod compiler;
mod headers;
mod library;
mod sources;

use std::fs;

use crate::build::Made;
use crate::command::run;
use crate::module::component_of;
use crate::project::Project;
use crate::{BuildOptions, Error, Tools};

pub(crate) use compiler::Compiler;
pub(crate) use library::Library;

use sources::Sources;

/// Enough for C, and little enough for many sandboxes. Beyond it a call ends with a trap.
pub(crate) const STACK: &str = "stack-size=262144";

/// Finds or installs the tools; describes them in a line.
pub(crate) fn prepare(tools: &mut Tools<'_>) -> Result<String, Error> {
    let compiler = Compiler::find(tools)?;
    Library::of(tools, &compiler)?;
    Ok(compiler.describe())
}

/// Builds a project into a component.
pub(crate) fn build(tools: &mut Tools<'_>, project: &Project, options: &BuildOptions) -> Result<Made, Error> {
    let sources = Sources::of(&project.folder)?;
    let compiler = Compiler::find(tools)?;
    let library = Library::of(tools, &compiler)?;
    let objects = project.scratch().join("objects");
    // What is left of a source that is gone must not be linked.
    if objects.exists() {
        fs::remove_dir_all(&objects).map_err(Error::file("remove", &objects))?;
    }
    fs::create_dir_all(&objects).map_err(Error::file("create", &objects))?;

    let (mut made, mut read) = (Vec::new(), Vec::new());
    for (number, source) in sources.files.iter().enumerate() {
        let object = objects.join(format!("{number}.o"));
        let mut clang = compiler.clang(tools, source.is_cpp());
        clang.current_dir(&project.folder);
        clang.args(source.flags(&sources.flags)).arg("-I").arg(&library.include);
        clang.arg("-c").arg(&source.file).arg("-o").arg(&object);
        let rule = object.with_extension("d");
        clang.arg("-MMD").arg("-MF").arg(&rule);
        if options.debug {
            clang.arg("-g");
        }
        Compiler::colour(&mut clang, options.output);
        run(&mut clang, options.output, hint)?;
        read.extend(headers::read(&rule));
        made.push(object);
    }
    let module = project.scratch().join("module.wasm");
    let mut linker = compiler.clang(tools, sources.files.iter().any(sources::Source::is_cpp));
    linker.current_dir(&project.folder);
    linker.args(["-O2", "-mexec-model=reactor", "-Wl,-z", &format!("-Wl,{STACK}")]);
    // First, so that what it has is not looked for in the C library.
    linker.arg(&library.wasi).args(&made).arg(&library.archive);
    linker.arg("-o").arg(&module);
    run(&mut linker, options.output, hint)?;
    let bytes = component_of(&module, options.debug)?;
    Ok(Made { bytes, read })
}

/// How a library gets into a guest, where one is missing.
fn hint(said: &str) -> Option<&'static str> {
    const HINT: &str = "a library is compiled along with the guest: put its sources below src, and the folder of its headers, \
                        as -Ifolder, into compile_flags.txt";
    (said.contains("file not found") || said.contains("undefined symbol")).then_some(HINT)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Language;
    use crate::available::available;
    use crate::sample::project;
    use crate::{Machine, build as build_project};

    #[test]
    fn the_bindings_are_those_of_the_contract() {
        let mut files: Vec<_> = crate::sdk::files("wit").collect();
        files.sort();
        let mut hash = Sha256::new();
        for (name, content) in files {
            for part in [name.as_bytes(), &[0], content, &[0]] {
                hash.update(part);
            }
        }
        let mut digest = String::new();
        for byte in hash.finalize() {
            write!(digest, "{byte:02x}").unwrap();
        }
        for (name, content) in crate::sdk::files("c").filter(|(name, _)| name.starts_with("bindings/")) {
            let text = String::from_utf8_lossy(content);
            let advice = "run: cargo run --manifest-path sdk/c/generate/Cargo.toml";
            assert!(text.contains(&digest), "{name} was made of another wit/; {advice}");
        }
    }

    #[test]
    fn without_a_compiler_it_says_what_would_install_one() {
        let cache = tempfile::tempdir().unwrap();
        let machine = Machine {
            path: Vec::new(),
            rustup_home: None,
            cache: cache.path().to_owned(),
            offline: true,
        };
        let project = project(&[("plugin.c", "")]);
        let mut tools = Tools::on(machine, |_| {});
        let error = build_project(&mut tools, project.path(), &BuildOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("pip install ziglang==") && error.contains("TENON_OFFLINE"),
            "{error}"
        );
    }

    /// Needs ziglang in Tenon's cache, or a registry to get it from.
    fn built(files: &[(&str, &str)]) -> Result<Vec<u8>, String> {
        let folder = project(files);
        let mut tools = Tools::from_env(|_| {}).unwrap();
        let built =
            build_project(&mut tools, folder.path(), &BuildOptions::default()).map_err(|error| error.to_string())?;
        Ok(fs::read(Path::new(&built.component)).unwrap())
    }

    const TRANSFORM: &str = "#include <tenon.h>\n\
        static tenon_batch *same(tenon_batch *batch, const tenon_no_config *config) { (void)config; return batch; }\n\
        TENON_TRANSFORM(same, tenon_no_config)\n";

    #[test]
    fn projects_become_small_components_or_are_told_why_not() {
        if !available(Language::C, "c::projects_become_small_components_or_are_told_why_not") {
            return;
        }
        let component = built(&[("plugin.c", TRANSFORM)]).unwrap();
        assert!(component.len() < 50_000, "{}", component.len());
        let names = tenon_component::names_in(&component).unwrap();
        assert!(names.exports.iter().any(|name| name.starts_with("tenon:etl/transform")));
        assert!(!names.imports.iter().any(|name| name.starts_with("wasi")), "{names:?}");

        built(&[("src/plugin.cpp", TRANSFORM), ("src/more.c", "int more;")]).unwrap();

        let error = built(&[("plugin.c", "#include <tenon.h>\nint broken(")]).unwrap_err();
        assert!(error.contains("plugin.c:2"), "{error}");

        for source in ["plugin.c", "plugin.cpp"] {
            let error = built(&[(source, "#include <curl/curl.h>\n")]).unwrap_err();
            assert!(
                error.contains(&format!("{source}:1"))
                    && error.contains("curl/curl.h")
                    && error.contains("compile_flags.txt"),
                "{error}"
            );
        }
        let called = "#include <tenon.h>\nint nowhere(void);\n\
            static tenon_batch *f(tenon_batch *batch, const tenon_no_config *config)\n\
            { (void)config; return nowhere() ? batch : NULL; }\n\
            TENON_TRANSFORM(f, tenon_no_config)\n";
        for source in ["plugin.c", "plugin.cpp"] {
            let error = built(&[(source, called)]).unwrap_err();
            assert!(error.contains("nowhere") && error.contains("below src"), "{error}");
        }

        let undefined = "#include <tenon.h>\nint nowhere(void);\nint here(void) { return nowhere(); }\n";
        let error = built(&[("plugin.c", &format!("{undefined}{TRANSFORM}"))]).map(drop);
        assert!(error.is_ok(), "what nothing calls is left out: {error:?}");
    }

    #[test]
    fn line_tables_stay_if_they_are_asked_for() {
        if !available(Language::C, "c::line_tables_stay_if_they_are_asked_for") {
            return;
        }
        let folder = project(&[("plugin.c", TRANSFORM)]);
        let mut tools = Tools::from_env(|_| {}).unwrap();
        let mut built = |debug| {
            let options = BuildOptions {
                debug,
                ..BuildOptions::default()
            };
            let built = build_project(&mut tools, folder.path(), &options).unwrap();
            (built.fresh, fs::read(&built.component).unwrap())
        };
        let (_, small) = built(false);
        let (is_fresh, large) = built(true);
        assert!(!is_fresh, "it was built in another way before");
        assert!(tenon_component::LineTables::of(&small, usize::MAX).is_empty());
        assert!(!tenon_component::LineTables::of(&large, usize::MAX).is_empty());
    }

    #[test]
    fn a_header_of_another_folder_counts() {
        if !available(Language::C, "c::a_header_of_another_folder_counts") {
            return;
        }
        let folder = project(&[
            ("shop/plugin.c", &format!("#include <sizes.h>\n{TRANSFORM}")),
            ("shop/compile_flags.txt", "-I../inc\n"),
            ("inc/sizes.h", "#define LARGE 1\n"),
        ]);
        let (shop, header) = (folder.path().join("shop"), folder.path().join("inc/sizes.h"));
        let mut tools = Tools::from_env(|_| {}).unwrap();
        let mut is_fresh = || {
            build_project(&mut tools, &shop, &BuildOptions::default())
                .unwrap()
                .fresh
        };
        assert!(!is_fresh());
        assert!(is_fresh());
        fs::write(&header, "#define LARGE 2\n").unwrap();
        assert!(!is_fresh());
        assert!(is_fresh());
        let elsewhere: Vec<_> = crate::sources_elsewhere(&shop).into_iter().collect();
        assert_eq!(elsewhere, [header.canonicalize().unwrap()]);
    }
}
