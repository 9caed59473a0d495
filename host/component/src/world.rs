//! Worlds of core modules: WIT's word for what a component imports and exports.

use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::StringEncoding;
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::contract::{CONTRACT, check_version};
use crate::error::Error;

/// The contract, and so all that a guest may speak of.
const WIT: [(&str, &str); 3] = [
    ("arrow.wit", include_str!("../../../wit/arrow.wit")),
    ("batches.wit", include_str!("../../../wit/batches.wit")),
    ("plugins.wit", include_str!("../../../wit/plugins.wit")),
];
/// Its interfaces.
const INTERFACES: [&str; 10] = [
    "arrow",
    "errors",
    "batches",
    "host",
    "transform",
    "aggregate",
    "source",
    "sink",
    "pipeline",
    "job",
];

/// Adds a component-type section that says what the names of the module's imports and exports say, as compilers name
/// them. Toolchains without custom sections (Go's) leave that to us. `None` where it exports nothing of the contract.
///
/// # Errors
/// [`Error::Version`] for another version of the contract, [`Error::Invalid`], [`Error::Componentize`].
pub(crate) fn embed(module: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut items = Items::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    items.note("import", import?.module)?;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if let (ExternalKind::Func, Some((interface, _))) = (export.kind, export.name.split_once('#')) {
                        items.note("export", interface)?;
                    }
                }
            }
            _ => {}
        }
    }
    if !items.0.iter().any(|item| item.starts_with("export")) {
        return Ok(None);
    }
    let mut module = module.to_vec();
    items.embed_into(&mut module, "guest")?;
    Ok(Some(module))
}

/// Adds a component-type section that says that the module imports `host`.
pub(crate) fn embed_host(module: &mut Vec<u8>) -> Result<(), Error> {
    Items(vec!["import host;".to_owned()]).embed_into(module, "preview1")
}

/// The items of a world.
#[derive(Default)]
struct Items(Vec<String>);

impl Items {
    /// Adds the interface, if it is one of the contract.
    fn note(&mut self, direction: &str, interface: &str) -> Result<(), Error> {
        let (name, version) = interface.split_once('@').unwrap_or((interface, ""));
        let Some((CONTRACT, item)) = name.split_once('/') else {
            return Ok(());
        };
        check_version(name, version)?;
        let item = format!("{direction} {item};");
        let known = INTERFACES.iter().any(|known| item.ends_with(&format!(" {known};")));
        if known && !self.0.contains(&item) {
            self.0.push(item);
        }
        Ok(())
    }

    /// Worlds that are put together must not share a name.
    fn embed_into(&self, module: &mut Vec<u8>, name: &str) -> Result<(), Error> {
        let (resolve, world) = self.world(name)?;
        wit_component::embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
            .map_err(|error| Error::componentize(&error))
    }

    fn world(&self, name: &str) -> Result<(Resolve, WorldId), Error> {
        let items = self.0.join(" ");
        let mut sources = SourceMap::new();
        for (file, text) in WIT {
            sources.push_str(file, text);
        }
        let version = crate::CONTRACT_VERSION;
        sources.push_str(
            "world.wit",
            format!("package {CONTRACT}@{version}; world {name} {{ {items} }}"),
        );
        let parsed = sources.parse().map_err(|(_, error)| Error::componentize(&error))?;
        let mut resolve = Resolve::default();
        let package = resolve
            .push_group(parsed)
            .map_err(|error| Error::componentize(&error))?;
        let world = resolve
            .select_world(&[package], Some(name))
            .map_err(|error| Error::componentize(&error))?;
        Ok((resolve, world))
    }
}
