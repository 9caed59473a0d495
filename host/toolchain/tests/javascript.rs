//! Building JavaScript and TypeScript guests, with Node.js and the packages that the build installs into the cache.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tenon_toolchain::{BuildOptions, Error, Language, Machine, Tools, build};

/// A project of these files, by name.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const MANIFEST: (&str, &str) = ("package.json", r#"{ "name": "guest", "type": "module" }"#);

fn built(folder: &Path) -> Result<Vec<u8>, Error> {
    let built = build(&mut Tools::from_env(|_| {}).unwrap(), folder, &BuildOptions::default())?;
    assert_eq!(built.language, Language::JavaScript);
    Ok(fs::read(built.component).unwrap())
}

/// What is said of a project that can't be built.
fn refusal(files: &[(&str, &str)]) -> String {
    let folder = project(files);
    let error = built(folder.path()).unwrap_err();
    assert!(matches!(error, Error::Source { .. }), "{error}");
    error.to_string()
}

fn exports(component: &[u8], interface: &str) -> bool {
    let wit_parser::decoding::DecodedWasm::Component(resolve, world) = wit_parser::decoding::decode(component).unwrap()
    else {
        panic!("it is a package, and no component")
    };
    let mut exports = resolve.worlds[world].exports.keys();
    exports.any(|key| resolve.name_world_key(key) == format!("tenon:etl/{interface}@0.1.0"))
}

#[test]
fn a_transform_in_typescript_becomes_a_component() {
    let source = r#"
        import { integer, transform, type Batch } from "@tenon/sdk";
        import { twice } from "./twice.js";
        export const double = transform({
          config: { times: integer({ default: 1 }) },
          process: (batch: Batch, config) => (twice(config.times) > 0 ? batch : undefined),
        });
    "#;
    let twice = "export const twice = (value: number): number => value * 2;";
    let folder = project(&[MANIFEST, ("src/index.ts", source), ("src/twice.ts", twice)]);
    let component = built(folder.path()).unwrap();
    assert!(exports(&component, "transform") && !exports(&component, "job"));
    assert!(component.len() < 2 << 20, "{} bytes", component.len());
}

#[test]
fn a_project_with_a_job_exports_one() {
    let source = r#"
        import { job } from "@tenon/sdk";
        export const run = job((ctx) => { ctx.read("orders.csv").write("out.csv"); });
    "#;
    let folder = project(&[MANIFEST, ("index.js", source)]);
    assert!(exports(&built(folder.path()).unwrap(), "job"));
}

#[test]
fn packages_are_bundled() {
    let source = r#"
        import { transform } from "@tenon/sdk";
        import leftPad from "left-pad";
        export const padded = transform({ doc: leftPad("x", 3), process: (batch) => batch });
    "#;
    let package = r#"{ "name": "left-pad", "main": "index.js" }"#;
    let code = "module.exports = (text, width) => String(text).padStart(width);";
    let folder = project(&[
        MANIFEST,
        ("src/index.js", source),
        ("node_modules/left-pad/package.json", package),
        ("node_modules/left-pad/index.js", code),
    ]);
    built(folder.path()).unwrap();
}

#[test]
fn what_is_bundled_counts_wherever_it_lies() {
    let source = r#"
        import { transform } from "@tenon/sdk";
        import { unit } from "../../shared/units.js";
        import table from "./data/table.json";
        import leftPad from "left-pad";
        export const padded = transform({ doc: leftPad(unit + table.a, 3), process: (batch) => batch });
    "#;
    let package = r#"{ "name": "left-pad", "main": "index.js" }"#;
    let code = "module.exports = (text, width) => String(text).padStart(width);";
    let folder = project(&[
        ("shop/package.json", MANIFEST.1),
        ("shop/src/index.js", source),
        ("shop/src/data/table.json", r#"{ "a": 1 }"#),
        ("shop/node_modules/left-pad/package.json", package),
        ("shop/node_modules/left-pad/index.js", code),
        ("shared/units.js", "export const unit = 1;"),
    ]);
    let shop = folder.path().join("shop");
    let is_fresh = || {
        let built = build(&mut Tools::from_env(|_| {}).unwrap(), &shop, &BuildOptions::default());
        built.unwrap().fresh
    };
    assert!(!is_fresh());
    assert!(is_fresh());
    for (file, text) in [
        ("shared/units.js", "export const unit = 2;"),
        ("shop/src/data/table.json", r#"{ "a": 2 }"#),
        (
            "shop/node_modules/left-pad/index.js",
            "module.exports = (text) => String(text);",
        ),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
        assert!(!is_fresh(), "{file}");
    }
    assert!(is_fresh());
}

#[test]
fn what_the_sandbox_has_not_is_refused_with_the_reason() {
    let files = refusal(&[
        MANIFEST,
        ("src/index.js", "import fs from \"node:fs\"; export default fs;"),
    ]);
    assert!(
        files.contains("src/index.js") && files.contains("a part of Node.js"),
        "{files}"
    );

    let source = ("src/index.js", "import \"fast-hash\";");
    let package = ("node_modules/fast-hash/package.json", r#"{ "main": "index.js" }"#);
    let code = "require(\"./build/hash.node\");";
    let native = refusal(&[MANIFEST, source, package, ("node_modules/fast-hash/index.js", code)]);
    assert!(
        native.contains("the package `fast-hash` has native code") && native.contains("can't run in a sandbox"),
        "{native}"
    );

    for (main, code) in [
        // The package's module is the native code itself.
        ("build/hash.node", ""),
        // Its name is put together when it runs.
        ("index.js", "require(\"./build/\" + globalThis.kind + \".node\");"),
        // It is in a package for each kind of machine, which npm installs where it fits.
        ("index.js", "require(\"@fast/hash-linux-x64-gnu\");"),
    ] {
        let package = format!(r#"{{ "main": "{main}" }}"#);
        let package = ("node_modules/fast-hash/package.json", package.as_str());
        let (code, built) = (
            ("node_modules/fast-hash/index.js", code),
            ("node_modules/fast-hash/build/hash.node", ""),
        );
        let native = refusal(&[MANIFEST, source, package, code, built]);
        assert!(
            native.contains("the package `fast-hash` has native code") && !native.contains("npm install"),
            "{native}"
        );
    }

    for source in ["src/index.js", "src/index.ts"] {
        let missing = refusal(&[MANIFEST, (source, "import \"left-pad\";")]);
        assert!(
            missing.contains(&format!("{source}:1")) && missing.contains("npm install left-pad"),
            "{missing}"
        );
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let syntax = refusal(&[MANIFEST, ("src/index.ts", "export const a = ;")]);
    assert!(syntax.contains("src/index.ts:1:18"), "{syntax}");

    let thrown = "import { transform } from \"@tenon/sdk\";\n\nexport const a = transform({ proces: () => [] });";
    let thrown = refusal(&[MANIFEST, ("src/index.js", thrown)]);
    assert!(
        thrown.contains("no key `proces`") && thrown.contains("src/index.js:3"),
        "{thrown}"
    );

    let unknown = refusal(&[
        MANIFEST,
        ("src/index.js", "import { frob } from \"@tenon/sdk\"; frob();"),
    ]);
    assert!(unknown.contains("@tenon/sdk has no `frob`"), "{unknown}");

    let empty = refusal(&[MANIFEST]);
    assert!(empty.contains("src/index.ts"), "{empty}");
}

#[cfg(unix)]
#[test]
fn a_node_that_is_missing_or_too_old_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project(&[MANIFEST, ("src/index.js", "")]);
    let bin = tempfile::tempdir().unwrap();
    let tools = || {
        let machine = Machine {
            path: vec![bin.path().to_owned()],
            rustup_home: None,
            cache: bin.path().join("cache"),
            offline: true,
        };
        build(&mut Tools::on(machine, |_| {}), folder.path(), &BuildOptions::default())
            .unwrap_err()
            .to_string()
    };
    let missing = tools();
    assert!(
        missing.contains("Node.js is not installed") && missing.contains("apt-get install"),
        "{missing}"
    );

    let node = bin.path().join("node");
    fs::write(&node, "#!/bin/sh\necho v16.20.0\n").unwrap();
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).unwrap();
    let old = tools();
    assert!(old.contains("too old") && old.contains("16.20.0"), "{old}");

    fs::write(&node, "#!/bin/sh\necho v22.0.0\n").unwrap();
    let offline = tools();
    assert!(
        offline.contains("TENON_OFFLINE") && offline.contains("npm install componentize-qjs@0.4.5"),
        "{offline}"
    );
}
