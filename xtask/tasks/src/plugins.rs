use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use tenon_toolchain::{BuildOptions, Language, ToolOutput, Tools, build};

use crate::setup;
use crate::steps::step;
use crate::workspace::{guest_target, root, target};

/// Builds the named guests, or all, into `target/plugins`.
pub(crate) fn run(names: &[String]) -> Result<()> {
    let mut guests = guests_in(root())?;
    if let Some(unknown) = names.iter().find(|name| !guests.contains_key(*name)) {
        let known: Vec<_> = guests.into_keys().collect();
        bail!("there is no guest {unknown}; there are: {}", known.join(", "));
    }
    if !names.is_empty() {
        guests.retain(|name, _| names.contains(name));
    }
    let mut tools = setup::tools()?;
    // A language whose tools cannot be had is named once, and its guests are left out.
    let mut ready = BTreeMap::new();
    for language in guests.values().map(|(_, language)| *language) {
        if ready.contains_key(&language) {
            continue;
        }
        let prepared = step(&format!("looking for what builds guests in {language}"), || {
            Ok(tools
                .prepare(language)
                .inspect(|described| eprintln!("    {described}")))
        })?;
        if let Err(error) = &prepared {
            if language == Language::Rust || !names.is_empty() {
                bail!("{error}");
            }
            println!("SKIPPED guests in {language}, {error}");
        }
        ready.insert(language, prepared.is_ok());
    }
    guests.retain(|_, (_, language)| ready[language]);
    step("building guests", || {
        // Cargo, and side by side with it the others, most of which work on one processor.
        let of_rust = |language: Language| language == Language::Rust;
        let build_those = |rust: bool| {
            let mut tools = setup::tools()?;
            let mut those = guests.iter().filter(|(_, (_, language))| of_rust(*language) == rust);
            those.try_for_each(|(name, (project, _))| build_one(&mut tools, name, project))
        };
        thread::scope(|scope| {
            let rust = scope.spawn(|| build_those(true));
            let others = build_those(false);
            let rust = rust
                .join()
                .map_err(|_| anyhow!("what builds guests in Rust has panicked"))?;
            rust.and(others)
        })
    })
}

fn build_one(tools: &mut Tools<'_>, name: &str, project: &Path) -> Result<()> {
    let options = BuildOptions {
        target_dir: Some(guest_target()?),
        component: Some(target()?.join("plugins").join(format!("{name}.wasm"))),
        output: ToolOutput::Shown,
        ..BuildOptions::default()
    };
    let built = build(tools, project, &options).with_context(|| format!("the guest {name} could not be built"))?;
    let freshness = if built.fresh { ", up to date" } else { "" };
    eprintln!(
        "    {} ({:.1} KiB{freshness})",
        built.component.display(),
        built.bytes as f64 / 1024.0
    );
    Ok(())
}

/// Every guest of the repository, by name: the folders in `plugins` and `tests/guests`; those in `tests/conformance`, which
/// go by `conformance-LANGUAGE`; and of each example its `plugin` folder, or all of it, which go by the example's name.
fn guests_in(root: &Path) -> Result<BTreeMap<String, (PathBuf, Language)>> {
    let mut guests: BTreeMap<String, (PathBuf, Language)> = BTreeMap::new();
    for (parent, prefix) in [
        ("plugins", ""),
        ("tests/guests", ""),
        ("tests/conformance", "conformance-"),
        ("examples", ""),
    ] {
        let Ok(entries) = fs::read_dir(root.join(parent)) else {
            continue;
        };
        for entry in entries {
            let folder = entry.with_context(|| format!("could not read {parent}"))?.path();
            let inner = folder.join("plugin");
            let project = if parent == "examples" && inner.is_dir() {
                inner
            } else {
                folder.clone()
            };
            let name = format!("{prefix}{}", folder.file_name().unwrap_or_default().to_string_lossy());
            let Some(language) = is_guest(parent, &project)
                .then(|| Language::of(&project).ok())
                .flatten()
            else {
                continue;
            };
            if let Some((other, _)) = guests.insert(name.clone(), (project.clone(), language)) {
                bail!(
                    "{} and {} are both called {name}; rename one",
                    other.display(),
                    project.display()
                );
            }
        }
    }
    Ok(guests)
}

/// Whether the folder is meant as one: cargo's target folder is none, and an example may have scripts beside its job.
fn is_guest(parent: &str, project: &Path) -> bool {
    const MANIFESTS: [&str; 5] = ["Cargo.toml", "pyproject.toml", "package.json", "go.mod", "build.zig"];
    let has_manifest = MANIFESTS.iter().any(|file| project.join(file).is_file());
    project.is_dir() && (has_manifest || project.ends_with("plugin") || parent == "tests/conformance")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    /// A folder that is removed again.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, manifests: &[&str]) -> Self {
            let folder = env::temp_dir().join(format!("tenon-tasks-{name}-{}", std::process::id()));
            for manifest in manifests {
                let file = folder.join(manifest);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            }
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn guests_are_found_where_they_belong() {
        let manifests = [
            "plugins/Cargo.toml",
            "plugins/mask/Cargo.toml",
            "plugins/target/CACHEDIR.TAG",
            "tests/guests/echo/Cargo.toml",
            "tests/fuzz/Cargo.toml",
            "examples/flights/plugin/Cargo.toml",
            "examples/plain/job.toml",
            "examples/plain/customers.py",
            "examples/flights-go/plugin/go.mod",
            "tests/conformance/cases.json",
            "tests/conformance/c/src/guest.c",
        ];
        let folder = Folder::new("found", &manifests);
        let guests = guests_in(&folder.0).unwrap();
        let names: Vec<_> = guests.keys().collect();
        assert_eq!(names, ["conformance-c", "echo", "flights", "flights-go", "mask"]);
        assert_eq!(
            guests["flights"],
            (folder.0.join("examples/flights/plugin"), Language::Rust)
        );
        assert_eq!(guests["conformance-c"].1, Language::C);
    }

    #[test]
    fn two_guests_of_one_name_are_refused() {
        let folder = Folder::new("twice", &["plugins/mask/Cargo.toml", "tests/guests/mask/Cargo.toml"]);
        assert!(
            guests_in(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("both called mask")
        );
    }
}
