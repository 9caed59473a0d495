//! WASI preview 1 for core modules whose toolchain imports it, whether they use it or not.
//!
//! The adapter is linked into the component. It has no files, no arguments, no environment and no sockets; prints, clock
//! and random bytes it has from `tenon:etl/host`, so that they are the run's. `preview1/adapter.wat` is all of it.
//!
//! It takes a page of the guest's memory, by `memory.grow`. The allocators of wasi-libc, Rust and AssemblyScript don't mind:
//! they use what their own calls of it give. Go's does; see [`GO_UNUSED`].

use std::ops::Range;

use wasmparser::{DataKind, KnownCustom, Operator, Parser, Payload};

use crate::error::Error;
use crate::world;

/// The name by which modules import it.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";
const ADAPTER: &str = include_str!("preview1/adapter.wat");

/// Go's runtime keeps count of its memory by itself: a page that somebody else takes it takes for its own. But its
/// linker leaves room for the arguments that a browser passes, below the data, and WASI passes none.
const GO_UNUSED: Range<u64> = 4096..4096 + 8192;

/// The adapter for a module, if the module imports preview 1.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Componentize`].
pub(crate) fn adapter(module: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Some(guest) = Guest::look(module)? else {
        return Ok(None);
    };
    let scratch = match (guest.of_go, guest.first_data) {
        (false, _) => 0,
        (true, first) if first >= GO_UNUSED.end => GO_UNUSED.start,
        (true, _) => {
            return Err(Error::Componentize {
                reason: "this version of Go lays out memory in another way than those up to 1.27".to_owned(),
            });
        }
    };
    let text = ADAPTER.replace("SCRATCH", &scratch.to_string());
    let mut adapter = wat::parse_str(text).map_err(|error| Error::componentize(&error))?;
    world::embed_host(&mut adapter)?;
    Ok(Some(adapter))
}

/// What there is to know of a module that imports preview 1.
struct Guest {
    /// Whether Go's own compiler made it.
    of_go: bool,
    /// Where its data begin.
    first_data: u64,
}

impl Guest {
    fn look(module: &[u8]) -> Result<Option<Self>, Error> {
        let mut imports_it = false;
        let mut guest = Guest {
            of_go: false,
            first_data: u64::MAX,
        };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imports_it |= import?.module == MODULE;
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Producers(fields) = section.as_known() {
                        guest.of_go |= is_of_go(fields);
                    }
                }
                Payload::DataSection(segments) => {
                    for segment in segments {
                        if let DataKind::Active { offset_expr, .. } = segment?.kind
                            && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                        {
                            guest.first_data = guest.first_data.min(u64::from(value.cast_unsigned()));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(imports_it.then_some(guest))
    }
}

/// A section that says nothing readable says nothing of Go.
fn is_of_go(fields: wasmparser::ProducersSectionReader<'_>) -> bool {
    fields
        .into_iter()
        .flatten()
        .flat_map(|field| field.values.into_iter().flatten())
        .any(|value| value.name == "Go cmd/compile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adapter_is_small() {
        let module = wat::parse_str(format!(
            r#"(module (import "{MODULE}" "sched_yield" (func (result i32))) (memory (export "memory") 1))"#
        ));
        let adapter = adapter(&module.unwrap()).unwrap().unwrap();
        assert!(adapter.len() < 5_000, "{} bytes", adapter.len());
    }

    #[test]
    fn modules_without_wasi_need_none() {
        let module = wat::parse_str(r#"(module (import "env" "f" (func)))"#).unwrap();
        assert_eq!(adapter(&module).unwrap(), None);
    }
}
