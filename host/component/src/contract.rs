//! What a component may import and what Tenon calls of its exports.

use serde::Serialize;

use crate::error::{Error, shown};
use crate::read::Names;

/// The version of `tenon:etl` that this host serves.
pub const CONTRACT_VERSION: &str = "0.1.0";
/// The package of the contract.
pub(crate) const CONTRACT: &str = "tenon:etl";
/// Interfaces of the contract that a component may import.
const SERVED: [&str; 4] = ["arrow", "batches", "errors", "host"];
/// The interface that only a component with a script may import.
const FRAMES: &str = "pipeline";
/// Packages of WASI that a component may import, in a 0.2 version.
const WASI: [&str; 7] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
    "wasi:sockets",
    "wasi:http",
];

/// Which interfaces of the contract a component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "one per interface of the contract")]
pub struct Interfaces {
    /// Functions over batches.
    pub transform: bool,
    /// Aggregate functions.
    pub aggregate: bool,
    /// A connector that reads.
    pub source: bool,
    /// A connector that writes.
    pub sink: bool,
    /// A script that drives a job.
    pub job: bool,
}

impl Interfaces {
    /// Their names in the contract.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            ("transform", self.transform),
            ("aggregate", self.aggregate),
            ("source", self.source),
            ("sink", self.sink),
            ("job", self.job),
        ];
        all.into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(name, _)| name)
            .collect()
    }

    fn any(self) -> bool {
        self.transform || self.aggregate || self.source || self.sink || self.job
    }
}

/// What a component says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// What it exports.
    pub interfaces: Interfaces,
    /// Whether it imports WASI.
    pub wasi: bool,
}

/// What a component offers; an error if it needs or offers what this host cannot serve.
///
/// # Errors
/// [`Error::Import`], [`Error::Version`], [`Error::NoInterface`].
pub fn inspect(names: &Names) -> Result<Inspected, Error> {
    let mut inspected = Inspected::default();
    for export in &names.exports {
        note_export(export, &mut inspected.interfaces)?;
    }
    for import in &names.imports {
        inspected.wasi |= check_import(import, inspected.interfaces.job)?;
    }
    if inspected.interfaces.any() {
        Ok(inspected)
    } else {
        Err(Error::NoInterface)
    }
}

/// Whether the import is one of WASI's; an error if it is one that nobody serves, or nobody serves to a component without
/// a script.
fn check_import(name: &str, script: bool) -> Result<bool, Error> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let (package, item) = interface.split_once('/').unwrap_or((interface, ""));
    if package == CONTRACT {
        check_version(interface, version)?;
        if SERVED.contains(&item) || (script && item == FRAMES) {
            return Ok(false);
        }
        let hint = match item {
            FRAMES => "frames are for scripts, and it exports no `job`",
            _ => "plugins may import `batches` and `host` of `tenon:etl`, those with a `job` also `pipeline`",
        };
        return Err(not_served(name, hint));
    }
    if WASI.contains(&package) {
        if version == "0.2" || version.starts_with("0.2.") {
            return Ok(true);
        }
        return Err(not_served(name, "of WASI, version 0.2 is there"));
    }
    Err(not_served(name, "plugins may import `tenon:etl` and WASI 0.2 only"))
}

fn note_export(name: &str, interfaces: &mut Interfaces) -> Result<(), Error> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let Some((CONTRACT, item)) = interface.split_once('/') else {
        return Ok(());
    };
    let exported = match item {
        "transform" => &mut interfaces.transform,
        "aggregate" => &mut interfaces.aggregate,
        "source" => &mut interfaces.source,
        "sink" => &mut interfaces.sink,
        "job" => &mut interfaces.job,
        _ => return Ok(()),
    };
    check_version(interface, version)?;
    *exported = true;
    Ok(())
}

pub(crate) fn check_version(interface: &str, version: &str) -> Result<(), Error> {
    if version == CONTRACT_VERSION {
        return Ok(());
    }
    Err(Error::Version {
        interface: shown(interface),
        found: shown(version),
        served: CONTRACT_VERSION,
    })
}

fn not_served(import: &str, hint: &str) -> Error {
    Error::Import {
        import: shown(import),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_served_may_be_imported() {
        assert!(!check_import("tenon:etl/batches@0.1.0", false).unwrap());
        assert!(check_import("wasi:clocks/wall-clock@0.2.3", false).unwrap());
        for name in [
            "tenon:etl/pipeline@0.1.0",
            "wasi:clocks/wall-clock@0.3.0",
            "wasi:nn/graph@0.2.0",
            "evil",
            "env/x",
        ] {
            let error = check_import(name, false).unwrap_err();
            assert!(
                matches!(&error, Error::Import { import, .. } if import == name),
                "{error}"
            );
        }
    }

    #[test]
    fn frames_are_for_scripts() {
        let names = |exports: &[&str]| Names {
            imports: vec!["tenon:etl/pipeline@0.1.0".into()],
            exports: exports.iter().map(|&name| name.to_owned()).collect(),
        };
        let script = inspect(&names(&["tenon:etl/transform@0.1.0", "tenon:etl/job@0.1.0"])).unwrap();
        assert!(script.interfaces.job && script.interfaces.transform);
        assert!(inspect(&names(&["tenon:etl/job@0.1.0"])).unwrap().interfaces.job);
        let error = inspect(&names(&["tenon:etl/transform@0.1.0"])).unwrap_err();
        assert!(error.to_string().contains("it exports no `job`"), "{error}");
    }

    #[test]
    fn another_version_is_refused_naming_both() {
        let error = check_import("tenon:etl/batches@0.2.0", false).unwrap_err().to_string();
        assert!(error.contains("0.2.0") && error.contains(CONTRACT_VERSION), "{error}");
        let exports = Names {
            exports: vec!["tenon:etl/transform@0.3.0".into()],
            ..Names::default()
        };
        assert!(matches!(inspect(&exports), Err(Error::Version { .. })));
    }

    #[test]
    fn a_component_without_our_exports_is_refused() {
        let names = Names {
            exports: vec!["wasi:cli/run@0.2.0".into()],
            ..Names::default()
        };
        assert_eq!(inspect(&names), Err(Error::NoInterface));
    }
}
