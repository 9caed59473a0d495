//! Reading files that may be components.

use std::borrow::Cow;

use wasmparser::{Parser, Payload};

use crate::error::Error;
use crate::{preview1, world};

/// The names of a component's imports and exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In the file's order.
    pub imports: Vec<String>,
    /// In the file's order.
    pub exports: Vec<String>,
}

/// The bytes as a component: a component as it is, a core module made into one. What the module imports and exports it
/// says in a component-type section, as wit-bindgen leaves one; without that, by the names of its imports and exports.
/// A module that imports WASI preview 1 gets it from the run: prints go to the log, clock and random bytes are the
/// host's, and everything else is denied.
///
/// # Errors
/// [`Error::NotWasm`], [`Error::Invalid`], [`Error::NoWorld`], [`Error::Version`], [`Error::Componentize`].
pub fn componentize(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if Parser::is_component(bytes) {
        return Ok(bytes.into());
    }
    if !Parser::is_core_wasm(bytes) {
        return Err(Error::NotWasm);
    }
    // Decoding takes the sizes that sections announce at their word.
    for payload in Parser::new(0).parse_all(bytes) {
        payload?;
    }
    let (without_section, _) = wit_component::metadata::decode(bytes).map_err(|error| Error::componentize(&error))?;
    let module = match without_section {
        Some(_) => Cow::from(bytes),
        None => world::embed(bytes)?.ok_or(Error::NoWorld)?.into(),
    };
    let mut encoder = wit_component::ComponentEncoder::default()
        .module(&module)
        .map_err(|error| Error::componentize(&error))?
        .validate(true);
    if let Some(adapter) = preview1::adapter(bytes)? {
        encoder = encoder
            .adapter(preview1::MODULE, &adapter)
            .map_err(|error| Error::componentize(&error))?;
    }
    Ok(encoder.encode().map_err(|error| Error::componentize(&error))?.into())
}

/// The names of a component's own imports and exports, not those of what is nested in it.
///
/// # Errors
/// [`Error::Invalid`].
pub fn names_in(component: &[u8]) -> Result<Names, Error> {
    let mut names = Names::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    names.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    names.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_outermost_component() {
        let component = wat::parse_str(
            r#"(component
                (import "outer" (func))
                (component $inner (import "inner" (func)) (export "hidden" (func 0)))
                (export "shown" (func 0)))"#,
        )
        .unwrap();
        let names = names_in(&component).unwrap();
        assert_eq!(
            names,
            Names {
                imports: vec!["outer".into()],
                exports: vec!["shown".into()]
            }
        );
    }

    /// A script that does nothing, with these imports besides.
    fn script(imports: &str, version: &str) -> Vec<u8> {
        let text = format!(
            r#"(module {imports} (memory (export "memory") 1)
                (func (export "tenon:etl/job@{version}#run") (result i32) (i32.const 0)))"#
        );
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn names_make_up_for_a_missing_section() {
        let module = script(r#"(import "tenon:etl/host@0.1.0" "now" (func (param i32)))"#, "0.1.0");
        let names = names_in(&componentize(&module).unwrap()).unwrap();
        assert_eq!(names.exports, ["tenon:etl/job@0.1.0"]);
        assert!(names.imports.contains(&"tenon:etl/host@0.1.0".to_owned()), "{names:?}");
        let error = componentize(&script("", "0.7.0")).unwrap_err();
        assert!(
            matches!(&error, Error::Version { found, .. } if found == "0.7.0"),
            "{error}"
        );
        let foreign = script(r#"(import "env" "now" (func))"#, "0.1.0");
        assert!(matches!(componentize(&foreign), Err(Error::Componentize { .. })));
    }

    #[test]
    fn preview_1_is_served_by_the_host_of_the_run() {
        let imports = r#"
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;
        let names = names_in(&componentize(&script(imports, "0.1.0")).unwrap()).unwrap();
        assert!(
            names.imports.iter().all(|name| name.starts_with("tenon:etl/")),
            "{names:?}"
        );
        assert!(names.imports.contains(&"tenon:etl/host@0.1.0".to_owned()), "{names:?}");
        let made_up = script(r#"(import "wasi_snapshot_preview1" "fly" (func))"#, "0.1.0");
        let error = componentize(&made_up).unwrap_err().to_string();
        assert!(error.contains("fly"), "{error}");
    }

    #[test]
    fn what_is_no_component_says_so() {
        assert_eq!(componentize(b"PK\x03\x04"), Err(Error::NotWasm));
        assert_eq!(componentize(b""), Err(Error::NotWasm));
        assert_eq!(componentize(b"\0asm\x01\0\0\0"), Err(Error::NoWorld));
        let damaged = [&b"\0asm\x01\0\0\0\0\x10\x0e"[..], b"component-type", &[7]].concat();
        assert!(matches!(componentize(&damaged), Err(Error::Componentize { .. })));
        let beyond_the_end = b"\0asm\x01\0\0\0\x0a\x73\x01";
        assert!(matches!(componentize(beyond_the_end), Err(Error::Invalid { .. })));
        let component = wat::parse_str("(component)").unwrap();
        assert!(matches!(
            names_in(&component[..component.len() - 1]),
            Ok(_) | Err(Error::Invalid { .. })
        ));
        assert!(matches!(
            names_in(&[&component[..], &[99, 1]].concat()),
            Err(Error::Invalid { .. })
        ));
    }
}
