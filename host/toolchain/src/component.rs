//! Core modules into components.

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::Path;

use wit_component::ComponentEncoder;

use crate::Error;

/// How a binary module begins: magic number, then version 1 of layer 0.
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// How a component begins: magic number, then version 13 of layer 1.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Turns a core module with a component-type section, as tenon-sdk and wit-bindgen leave one, into a component. A
/// component is returned as it is. `name` is the module's path, for errors.
///
/// # Errors
/// [`Error::NotWasm`], [`Error::NoWorld`], [`Error::Componentize`].
pub fn componentize<'a>(name: &Path, module: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    match module.get(..8) {
        Some(header) if header == COMPONENT => return Ok(Cow::Borrowed(module)),
        Some(header) if header == MODULE => {}
        _ => {
            return Err(Error::NotWasm {
                module: name.to_path_buf(),
            });
        }
    }
    let fault = |error: &anyhow::Error| Error::Componentize {
        module: name.to_path_buf(),
        reason: format!("{error:#}"),
    };
    let (without_section, _) = wit_component::metadata::decode(module).map_err(|error| fault(&error))?;
    if without_section.is_none() {
        return Err(Error::NoWorld {
            module: name.to_path_buf(),
        });
    }
    let encoder = ComponentEncoder::default()
        .module(module)
        .map_err(|error| fault(&error))?;
    let component = encoder.validate(true).encode().map_err(|error| fault(&error))?;
    Ok(Cow::Owned(component))
}

/// Writes a file at once, so that nobody reads half of it; leaves it alone where it has these bytes.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let mut file = tempfile::Builder::new()
        .prefix(".component-")
        .tempfile_in(folder)
        .map_err(Error::file("write to", folder))?;
    make_readable(file.as_file()).map_err(Error::file("set the permissions of", file.path()))?;
    file.write_all(bytes).map_err(Error::file("write", path))?;
    file.persist(path)
        .map_err(|error| Error::file("write", path)(error.error))?;
    Ok(())
}

/// Temporary files are their owner's alone; a component is as public as any build product.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_MODULE: &[u8] = &MODULE;

    #[test]
    fn a_component_stays_as_it_is() {
        let component = [&COMPONENT[..], b"rest"].concat();
        assert_eq!(componentize(Path::new("c.wasm"), &component).unwrap(), component);
    }

    #[test]
    fn a_module_without_a_world_is_refused() {
        let error = componentize(Path::new("m.wasm"), EMPTY_MODULE).unwrap_err();
        assert!(matches!(error, Error::NoWorld { .. }), "{error}");
        assert!(
            error.to_string().starts_with("m.wasm does not say which WIT world"),
            "{error}"
        );
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in [&b""[..], b"\0asm", b"not WebAssembly"] {
            assert!(matches!(
                componentize(Path::new("x"), bytes),
                Err(Error::NotWasm { .. })
            ));
        }
    }

    #[test]
    fn a_damaged_section_names_the_module() {
        // A custom section, id 0, of 16 bytes: a name of 14, and one byte that is no component.
        let module = [EMPTY_MODULE, &[0, 16, 14], b"component-type", &[7]].concat();
        let error = componentize(Path::new("m.wasm"), &module).unwrap_err();
        assert!(matches!(error, Error::Componentize { .. }), "{error}");
        assert!(
            error.to_string().starts_with("m.wasm cannot become a component"),
            "{error}"
        );
    }

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.wasm");
        write(&path, b"one").unwrap();
        let time = path.metadata().unwrap().modified().unwrap();
        write(&path, b"one").unwrap();
        assert_eq!(path.metadata().unwrap().modified().unwrap(), time);
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
