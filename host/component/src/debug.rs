//! What of a core module only debuggers read.

use wasmparser::{Parser, Payload};

use crate::lines;

/// A core module without its custom sections for debuggers, which are many times larger than the rest and which nothing here
/// reads, but for [line tables](crate::LineTables) if they are asked for. Names of functions stay: they make up the traces
/// of traps. `None` where the bytes make no sense.
pub fn without_debug_information(module: &[u8], with_lines: bool) -> Option<Vec<u8>> {
    if !Parser::is_core_wasm(module) {
        return None;
    }
    let mut kept = Vec::with_capacity(module.len());
    let mut end = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.ok()?;
        let range = match (&payload, payload.as_section()) {
            (Payload::Version { range, .. }, _) => range.clone(),
            (_, Some((_, range))) => range,
            // A function, which the section of all of them holds.
            _ => continue,
        };
        // With its kind and its size, which lie before what is said to be its range.
        let section = module.get(end..range.end)?;
        end = range.end;
        let is_left_out = match &payload {
            Payload::CustomSection(custom) => {
                is_for_debuggers(custom.name()) && !(with_lines && lines::is_table(custom.name()))
            }
            _ => false,
        };
        if !is_left_out {
            kept.extend_from_slice(section);
        }
    }
    Some(kept)
}

fn is_for_debuggers(section: &str) -> bool {
    section.starts_with(".debug") || section == "producers"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: u8, name: &str, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id, (1 + name.len() + content.len()) as u8, name.len() as u8];
        section.extend_from_slice(name.as_bytes());
        section.extend_from_slice(content);
        section
    }

    #[test]
    fn only_what_debuggers_read_goes() {
        let functions = wat::parse_str("(module (func) (func (export \"f\")))").unwrap();
        let name = section(0, "name", b"x");
        let (info, lines) = (section(0, ".debug_info", b"much"), section(0, ".debug_line", b"some"));
        let module = [&functions[..], &info, &name, &lines].concat();
        let kept = |with_lines| without_debug_information(&module, with_lines).unwrap();
        assert_eq!(kept(false), [&functions[..], &name].concat());
        assert_eq!(kept(true), [&functions[..], &name, &lines].concat());
        assert_eq!(without_debug_information(&module[..module.len() - 1], false), None);
        assert_eq!(without_debug_information(b"\0as", false), None);
    }
}
