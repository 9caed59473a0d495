//! What cargo says it has built: one JSON message per line.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The WebAssembly library of a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    pub(crate) module: PathBuf,
    /// Whether cargo found it up to date.
    pub(crate) fresh: bool,
}

#[derive(Deserialize)]
struct Message<'a> {
    reason: &'a str,
    manifest_path: Option<PathBuf>,
    target: Option<Built>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Deserialize)]
struct Built {
    kind: Vec<String>,
}

/// Finds the `.wasm` library of the package with that manifest. Lines that are no messages are passed over: build
/// scripts and proc macros print some.
pub(crate) fn find(messages: &str, manifest: &Path) -> Option<Artifact> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message<'_>>(line).ok())
        .find_map(|message| {
            let is_library = message
                .target
                .is_some_and(|target| target.kind.iter().any(|kind| kind == "cdylib"));
            if message.reason != "compiler-artifact"
                || !is_library
                || message.manifest_path.as_deref() != Some(manifest)
            {
                return None;
            }
            let module = message
                .filenames
                .into_iter()
                .find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
            Some(Artifact {
                module,
                fresh: message.fresh,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(manifest: &str, kind: &str, files: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"x","manifest_path":"{manifest}","target":{{"kind":["{kind}"],"name":"x"}},"filenames":{files},"fresh":true}}"#
        )
    }

    fn find_in(lines: &[String]) -> Option<Artifact> {
        find(&lines.join("\n"), Path::new("/g/Cargo.toml"))
    }

    #[test]
    fn takes_the_library_of_the_package_and_not_of_a_dependency() {
        let found = find_in(&[
            message("/dep/Cargo.toml", "cdylib", r#"["/t/dep.wasm"]"#),
            "a build script said this".to_owned(),
            r#"{"reason":"build-script-executed","package_id":"x"}"#.to_owned(),
            message("/g/Cargo.toml", "bin", r#"["/t/tool.wasm"]"#),
            message("/g/Cargo.toml", "cdylib", r#"["/t/libg.rlib","/t/g.wasm"]"#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ]);
        assert_eq!(
            found,
            Some(Artifact {
                module: "/t/g.wasm".into(),
                fresh: true
            })
        );
    }

    #[test]
    fn an_ordinary_library_is_none() {
        assert_eq!(find_in(&[message("/g/Cargo.toml", "lib", r#"["/t/libg.rlib"]"#)]), None);
        assert_eq!(find_in(&[]), None);
    }
}
