//! The component's file.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::Error;

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
