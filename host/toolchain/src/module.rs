//! From a core module to a component.

use std::fs;
use std::path::Path;

use crate::Error;

/// A WebAssembly module begins with these and its version.
const HEADER: usize = 8;
/// What the runtime reads to say where in its sources a guest trapped.
const LINES: [&[u8]; 2] = [b".debug_line", b".debug_line_str"];

/// The component of a module. Names of functions stay in it, since they make up the traces of traps, and line tables if they
/// are asked for; other debug information, which is many times larger and which nothing reads, does not.
pub(crate) fn component_of(module: &Path, with_lines: bool) -> Result<Vec<u8>, Error> {
    let bytes = fs::read(module).map_err(Error::file("read", module))?;
    let bytes = without_debug_information(&bytes, with_lines).unwrap_or(bytes);
    let component = tenon_component::componentize(&bytes).map_err(|cause| Error::NoComponent {
        module: module.to_path_buf(),
        cause,
    })?;
    Ok(component.into_owned())
}

/// The module without its custom sections for debuggers, but for line tables if they are asked for; `None` where it makes no
/// sense.
pub(crate) fn without_debug_information(module: &[u8], with_lines: bool) -> Option<Vec<u8>> {
    let mut kept = module.get(..HEADER)?.to_vec();
    let mut at = HEADER;
    while at < module.len() {
        let (size, start) = number(module, at + 1)?;
        let end = start.checked_add(size)?;
        let section = module.get(at..end)?;
        let is_custom = module[at] == 0;
        let is_left_out = is_custom && {
            let name = name_at(module, start)?;
            is_for_debuggers(name) && !(with_lines && LINES.contains(&name))
        };
        if !is_left_out {
            kept.extend_from_slice(section);
        }
        at = end;
    }
    Some(kept)
}

fn is_for_debuggers(name: &[u8]) -> bool {
    name.starts_with(b".debug") || name == b"producers"
}

fn name_at(module: &[u8], at: usize) -> Option<&[u8]> {
    let (length, start) = number(module, at)?;
    module.get(start..start.checked_add(length)?)
}

/// A number in LEB128, and where it ends.
fn number(module: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut number, mut shift) = (0usize, 0);
    loop {
        let byte = *module.get(at)?;
        at += 1;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte < 0x80 {
            return Some((number, at));
        }
    }
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
        let header = b"\0asm\x01\0\0\0".to_vec();
        let name = section(0, "name", b"x");
        let (info, lines) = (section(0, ".debug_info", b"much"), section(0, ".debug_line", b"some"));
        let module = [&header[..], &info, &name, &lines].concat();
        let kept = |with_lines| without_debug_information(&module, with_lines).unwrap();
        assert_eq!(kept(false), [&header[..], &name].concat());
        assert_eq!(kept(true), [&header[..], &name, &lines].concat());
        assert_eq!(without_debug_information(&module[..module.len() - 1], false), None);
        assert_eq!(without_debug_information(b"\0as", false), None);
    }
}
