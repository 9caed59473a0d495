//! Looking into a plugin file before anything of it is compiled.

use serde::Serialize;
use wasmparser::{Parser, Payload};

use crate::error::{Error, clip};

/// The version of `tenon:etl` that this host serves.
pub const CONTRACT_VERSION: &str = "0.1.0";
const CONTRACT: &str = "tenon:etl";
/// Interfaces of the contract that a plugin may import.
const SERVED: [&str; 4] = ["arrow", "batches", "errors", "host"];
/// Packages of WASI that a plugin may import, in a 0.2 version.
const WASI: [&str; 7] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets", "wasi:http"];
/// Longest name shown in an error, in bytes.
const MAX_SHOWN: usize = 200;

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
    fn any(self) -> bool {
        self.transform || self.aggregate || self.source || self.sink || self.job
    }
}

/// What a component says about itself.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub interfaces: Interfaces,
    /// Whether it imports WASI.
    pub wasi: bool,
}

/// Bytes as a component: a core module with wit-bindgen's section is made into one.
pub(crate) fn componentize<'a>(plugin: &str, bytes: &'a [u8]) -> Result<std::borrow::Cow<'a, [u8]>, Error> {
    let refused = |reason: String| Error::Refused { plugin: plugin.to_owned(), reason };
    if Parser::is_component(bytes) {
        return Ok(bytes.into());
    }
    if !Parser::is_core_wasm(bytes) {
        return Err(refused(
            "it is neither a WebAssembly component nor a core module; build it with `tenon build` or an SDK".into(),
        ));
    }
    let encoded = wit_component::ComponentEncoder::default()
        .module(bytes)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| {
            let error = clip(&format!("{error:#}"), 1_000);
            refused(format!("it is a core module that cannot be made into a component: {error}"))
        })?;
    Ok(encoded.into())
}

/// The names of a component's imports and exports.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// Reads the names without compiling anything.
pub(crate) fn names_in(plugin: &str, component: &[u8]) -> Result<Names, Error> {
    let broken = |error: wasmparser::BinaryReaderError| Error::Refused {
        plugin: plugin.to_owned(),
        reason: format!("it is not a valid component: {}", clip(&error.to_string(), MAX_SHOWN)),
    };
    let mut names = Names::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(broken)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    names.imports.push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    names.exports.push(export.map_err(broken)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// What a component offers; an error if it needs or offers what this host cannot serve.
pub(crate) fn inspect(plugin: &str, names: &Names) -> Result<Inspected, Error> {
    let mut inspected = Inspected { interfaces: Interfaces::default(), wasi: false };
    for import in &names.imports {
        inspected.wasi |= check_import(plugin, import)?;
    }
    for export in &names.exports {
        note_export(plugin, export, &mut inspected.interfaces)?;
    }
    if inspected.interfaces.any() {
        return Ok(inspected);
    }
    Err(Error::Refused {
        plugin: plugin.to_owned(),
        reason: format!("it exports none of `{CONTRACT}`'s interfaces (transform, aggregate, source, sink, job)"),
    })
}

/// Whether the import is one of WASI's; an error if it is one that nobody serves.
fn check_import(plugin: &str, name: &str) -> Result<bool, Error> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let (package, item) = interface.split_once('/').unwrap_or((interface, ""));
    if package == CONTRACT {
        check_version(plugin, interface, version)?;
        if SERVED.contains(&item) {
            return Ok(false);
        }
        return Err(not_served(plugin, name, &format!("`{CONTRACT}` has no such import for plugins of this kind")));
    }
    if WASI.contains(&package) {
        if version == "0.2" || version.starts_with("0.2.") {
            return Ok(true);
        }
        return Err(not_served(plugin, name, "of WASI, version 0.2 is there"));
    }
    Err(not_served(plugin, name, "plugins may import `tenon:etl` and WASI 0.2 only"))
}

fn note_export(plugin: &str, name: &str, interfaces: &mut Interfaces) -> Result<(), Error> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let Some((CONTRACT, item)) = interface.split_once('/') else { return Ok(()) };
    let exported = match item {
        "transform" => &mut interfaces.transform,
        "aggregate" => &mut interfaces.aggregate,
        "source" => &mut interfaces.source,
        "sink" => &mut interfaces.sink,
        "job" => &mut interfaces.job,
        _ => return Ok(()),
    };
    check_version(plugin, interface, version)?;
    *exported = true;
    Ok(())
}

fn check_version(plugin: &str, interface: &str, version: &str) -> Result<(), Error> {
    if version == CONTRACT_VERSION {
        return Ok(());
    }
    Err(Error::Version {
        plugin: plugin.to_owned(),
        interface: clip(interface, MAX_SHOWN),
        found: clip(version, MAX_SHOWN),
        served: CONTRACT_VERSION.to_owned(),
    })
}

fn not_served(plugin: &str, import: &str, hint: &str) -> Error {
    let import = clip(import, MAX_SHOWN);
    Error::Refused { plugin: plugin.to_owned(), reason: format!("it imports `{import}`, which this host does not have: {hint}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_served_may_be_imported() {
        assert!(!check_import("p", "tenon:etl/batches@0.1.0").unwrap());
        assert!(check_import("p", "wasi:clocks/wall-clock@0.2.3").unwrap());
        for name in ["tenon:etl/pipeline@0.1.0", "wasi:clocks/wall-clock@0.3.0", "wasi:nn/graph@0.2.0", "evil", "env/x"] {
            let error = check_import("p", name).unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn another_version_is_refused_naming_both() {
        let error = check_import("p", "tenon:etl/batches@0.2.0").unwrap_err().to_string();
        assert!(error.contains("0.2.0") && error.contains(CONTRACT_VERSION), "{error}");
    }

    #[test]
    fn other_files_are_refused() {
        let error = componentize("p", b"PK\x03\x04").unwrap_err().to_string();
        assert!(error.contains("neither a WebAssembly component nor a core module"), "{error}");
        let error = componentize("p", b"\0asm\x01\0\0\0").unwrap_err().to_string();
        assert!(error.contains("cannot be made into a component"), "{error}");
    }
}
