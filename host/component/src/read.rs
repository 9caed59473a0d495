//! Reading files that may be components.

use std::borrow::Cow;

use wasmparser::{BinaryReaderError, Parser, Payload};

use crate::error::{Error, shown};

/// The names of a component's imports and exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In the file's order.
    pub imports: Vec<String>,
    /// In the file's order.
    pub exports: Vec<String>,
}

/// The bytes as a component: a component as it is, a core module with a component-type section (as Tenon's SDKs and
/// wit-bindgen leave one) made into one.
///
/// # Errors
/// [`Error::NotWasm`], [`Error::Invalid`], [`Error::NoWorld`], [`Error::Componentize`].
pub fn componentize(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if Parser::is_component(bytes) {
        return Ok(bytes.into());
    }
    if !Parser::is_core_wasm(bytes) {
        return Err(Error::NotWasm);
    }
    let failed = |error: &dyn std::fmt::Display| Error::Componentize {
        reason: shown(&format!("{error:#}")),
    };
    // Decoding takes the sizes that sections announce at their word.
    for payload in Parser::new(0).parse_all(bytes) {
        payload.map_err(|error| Error::Invalid {
            reason: shown(&error.to_string()),
        })?;
    }
    let (without_section, _) = wit_component::metadata::decode(bytes).map_err(|error| failed(&error))?;
    if without_section.is_none() {
        return Err(Error::NoWorld);
    }
    let encoder = wit_component::ComponentEncoder::default()
        .module(bytes)
        .map_err(|error| failed(&error))?;
    Ok(encoder.validate(true).encode().map_err(|error| failed(&error))?.into())
}

/// The names of a component's own imports and exports, not those of what is nested in it.
///
/// # Errors
/// [`Error::Invalid`].
pub fn names_in(component: &[u8]) -> Result<Names, Error> {
    let invalid = |error: BinaryReaderError| Error::Invalid {
        reason: shown(&error.to_string()),
    };
    let mut names = Names::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(invalid)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    names.imports.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    names.exports.push(export.map_err(invalid)?.name.name.to_owned());
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
