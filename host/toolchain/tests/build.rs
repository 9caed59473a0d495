//! Building guests with this machine's toolchain, which `cargo xtask setup` gets.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tenon_toolchain::{BuildOptions, Built, Error, Language, Tools, build};

const MANIFEST: &str = "[package]\nname = \"guest\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
const CDYLIB: &str = "[lib]\ncrate-type = [\"cdylib\"]\n";

fn project(manifest: &str, code: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), code).unwrap();
    folder
}

fn build_in(folder: &Path) -> Result<Built, Error> {
    build_as(folder, &BuildOptions::default())
}

fn build_as(folder: &Path, options: &BuildOptions) -> Result<Built, Error> {
    build(&mut Tools::from_env(|_| {}).unwrap(), folder, options)
}

/// Code that exports a function, and the component-type section of a world with such an export: what tenon-sdk's
/// macros make, in short.
fn guest(export: &str) -> String {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str(
            "w.wit",
            "package tenon:etl@0.1.0; interface job { double: func(x: u32) -> u32; } world w { export job; }",
        )
        .unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let section = wit_component::metadata::encode(&resolve, world, wit_component::StringEncoding::UTF8, None).unwrap();
    let (length, bytes) = (section.len(), section);
    format!(
        "#[unsafe(link_section = \"component-type:test\")]\n#[used]\npub static WORLD: [u8; {length}] = {bytes:?};\n\
         #[unsafe(export_name = \"tenon:etl/job@0.1.0#{export}\")]\npub extern \"C\" fn {export}(x: u32) -> u32 {{ x.wrapping_mul(2) }}\n"
    )
}

#[test]
fn a_guest_becomes_a_component() {
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &guest("double"));
    let component = folder.path().join("out/guest.wasm");
    let options = BuildOptions {
        component: Some(component.clone()),
        ..BuildOptions::default()
    };
    let built = build_as(folder.path(), &options).unwrap();
    assert_eq!((built.language, built.interfaces), (Language::Rust, vec!["job"]));
    assert_eq!(built.component, component);
    assert!(!built.fresh);
    let bytes = fs::read(&component).unwrap();
    assert_eq!(built.bytes, bytes.len() as u64);
    wit_parser::decoding::decode(&bytes).unwrap();

    assert!(
        build_as(folder.path(), &options).unwrap().fresh,
        "the second build has nothing to do"
    );
}

#[test]
fn line_tables_stay_if_they_are_asked_for_whatever_the_profile_strips() {
    let profile = "[profile.release]\nstrip = \"symbols\"\n";
    let folder = project(&format!("{MANIFEST}{CDYLIB}{profile}"), &guest("double"));
    let built = |debug| {
        let options = BuildOptions {
            debug,
            ..BuildOptions::default()
        };
        let component = build_as(folder.path(), &options).unwrap().component;
        fs::read(component).unwrap()
    };
    let has = |component: &[u8], section: &str| {
        let mut windows = component.windows(section.len());
        windows.any(|bytes| bytes == section.as_bytes())
    };
    let (small, large) = (built(false), built(true));
    assert!(!has(&small, ".debug_line"));
    assert!(has(&large, ".debug_line") && has(&large, "name") && !has(&large, ".debug_info"));
    assert!(!tenon_component::LineTables::of(&large, usize::MAX).is_empty());
    assert!(built(false) == small, "what is asked for counts, not what is there");
}

#[test]
fn components_go_beside_the_module_by_default() {
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &guest("double"));
    let options = BuildOptions {
        target_dir: Some(folder.path().join("elsewhere")),
        ..BuildOptions::default()
    };
    let built = build_as(folder.path(), &options).unwrap();
    assert!(
        built.component.starts_with(folder.path().join("elsewhere")),
        "{}",
        built.component.display()
    );
    assert!(
        built.component.ends_with("release/guest.component.wasm"),
        "{}",
        built.component.display()
    );
}

#[test]
fn a_missing_export_is_named() {
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &guest("treble"));
    let error = build_in(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoComponent { .. }), "{error}");
    assert!(error.to_string().contains("double"), "{error}");
}

#[test]
fn a_library_that_is_no_guest_is_refused() {
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), "");
    let error = build_in(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoComponent { .. }), "{error}");
    assert!(error.to_string().contains("tenon-sdk"), "{error}");
}

#[test]
fn a_crate_that_is_no_cdylib_is_told_how_to_be_one() {
    let folder = project(MANIFEST, "");
    let error = build_in(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NotCdylib { .. }), "{error}");
    assert!(error.to_string().contains("crate-type = [\"cdylib\"]"), "{error}");
}

#[test]
fn a_compile_error_is_shown_whole() {
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), "pub fn f() -> u32 { \"no number\" }");
    let error = build_in(folder.path()).unwrap_err();
    let Error::Command { command, output, .. } = error else {
        panic!("{error}")
    };
    assert!(command.contains("build --release --target"), "{command}");
    assert!(
        output.contains("mismatched types") && output.contains("src/lib.rs:1"),
        "{output}"
    );
}

#[test]
fn a_crate_that_the_manifest_does_not_name_is_told_how_to_be_named() {
    let code = format!("pub fn padded() {{ left_pad::pad(3) }}\n{}", guest("double"));
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &code);
    let error = build_in(folder.path()).unwrap_err();
    let Error::Command { output, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        output.contains("src/lib.rs:1") && output.contains("cargo add left_pad"),
        "{output}"
    );
}

#[test]
fn crates_that_are_not_for_sandboxes_are_told_why() {
    let calling = |module: &str, function: &str| {
        let call = format!("unsafe {{ {function}(x) }}");
        let declared = format!(
            "#[link(wasm_import_module = \"{module}\")]\nunsafe extern \"C\" {{ fn {function}(x: u32) -> u32; }}\n"
        );
        let code = guest("double").replace("x.wrapping_mul(2)", &call);
        let folder = project(&format!("{MANIFEST}{CDYLIB}"), &format!("{declared}{code}"));
        build_in(folder.path()).unwrap_err().to_string()
    };
    let browser = calling("__wbindgen_placeholder__", "__wbindgen_now");
    assert!(
        browser.contains("a browser") && browser.contains("cargo tree") && browser.contains("__wbindgen_now"),
        "{browser}"
    );
    let library = calling("env", "sqlite3_open");
    assert!(
        library.contains("libraries in C") && library.contains("sqlite3_open"),
        "{library}"
    );

    // As the crate `cc` does on a machine without clang.
    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &guest("double"));
    let script = "fn main() { eprintln!(\"error occurred in cc-rs: failed to find tool\"); std::process::exit(1); }";
    fs::write(folder.path().join("build.rs"), script).unwrap();
    let error = build_in(folder.path()).unwrap_err();
    let Error::Command { output, .. } = error else {
        panic!("{error}")
    };
    assert!(
        output.contains("cc-rs") && output.contains("one that is Rust alone"),
        "{output}"
    );
}

#[test]
fn folders_without_a_guest_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(build_in(empty.path()), Err(Error::NotAProject { .. })));
    assert!(matches!(
        build_in(Path::new("/no/such/folder")),
        Err(Error::NotAProject { .. })
    ));

    let folder = project(&format!("{MANIFEST}{CDYLIB}"), &guest("double"));
    let workspace = tempfile::tempdir().unwrap();
    fs::rename(folder.path(), workspace.path().join("member")).unwrap();
    let member = workspace.path().join("member/Cargo.toml");
    fs::write(
        &member,
        fs::read_to_string(&member).unwrap().replace("[workspace]\n", ""),
    )
    .unwrap();
    fs::write(
        workspace.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"member\"]\nresolver = \"3\"\n",
    )
    .unwrap();
    assert!(matches!(build_in(workspace.path()), Err(Error::Workspace { .. })));
    build_in(&workspace.path().join("member")).unwrap();
}
