use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tenon_toolchain::{BuildOptions, CargoOutput, Toolchain, build};

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
    let toolchain = setup::run()?;
    step("building guests", || {
        guests
            .iter()
            .try_for_each(|(name, project)| build_one(&toolchain, name, project))
    })
}

fn build_one(toolchain: &Toolchain, name: &str, project: &Path) -> Result<()> {
    let options = BuildOptions {
        target_dir: Some(guest_target()?),
        component: Some(target()?.join("plugins").join(format!("{name}.wasm"))),
        cargo_output: CargoOutput::Shown,
        ..BuildOptions::default()
    };
    let built = build(toolchain, project, &options).with_context(|| format!("the guest {name} could not be built"))?;
    let freshness = if built.fresh { ", up to date" } else { "" };
    eprintln!(
        "    {} ({:.1} KiB{freshness})",
        built.component.display(),
        built.bytes as f64 / 1024.0
    );
    Ok(())
}

/// Every guest of the repository, by name: the folders in `plugins` and `tests/guests`, and the `plugin` folder of an
/// example, which goes by the example's name.
fn guests_in(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut guests = BTreeMap::new();
    for (parent, inner) in [("plugins", ""), ("tests/guests", ""), ("examples", "plugin")] {
        let Ok(entries) = fs::read_dir(root.join(parent)) else {
            continue;
        };
        for entry in entries {
            let folder = entry.with_context(|| format!("could not read {parent}"))?.path();
            let project = if inner.is_empty() {
                folder.clone()
            } else {
                folder.join(inner)
            };
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !project.join("Cargo.toml").is_file() {
                continue;
            }
            if let Some(other) = guests.insert(name.clone(), project.clone()) {
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
        ];
        let folder = Folder::new("found", &manifests);
        let guests = guests_in(&folder.0).unwrap();
        assert_eq!(guests.keys().collect::<Vec<_>>(), ["echo", "flights", "mask"]);
        assert_eq!(guests["flights"], folder.0.join("examples/flights/plugin"));
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
