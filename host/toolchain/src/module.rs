//! From a core module to a component.

use std::fs;
use std::path::Path;

use tenon_component::without_debug_information;

use crate::Error;

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
