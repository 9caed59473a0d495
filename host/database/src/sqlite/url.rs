//! URLs of SQLite's files.

use std::path::PathBuf;

use crate::sqlite_file::refused;
use crate::{ConnectionConfig, Error, SqliteFile};

/// A file, and what may be done with it.
#[derive(Debug, Clone)]
pub(super) struct Location {
    /// The file.
    pub path: PathBuf,
    /// Whether it is opened to read only.
    pub read_only: bool,
    /// Whether it is made when a table is first written to it.
    pub create: bool,
}

/// What a URL says: `sqlite:path/to/file.db`, `sqlite:///absolute/path`, with `?mode=ro` to read only and `?mode=rw` for a
/// file that has to be there.
pub(super) fn parse(config: &ConnectionConfig) -> Result<Location, Error> {
    let options = &config.options;
    let has_tls = options.tls.is_some()
        || [&options.tls_ca, &options.tls_certificate, &options.tls_key]
            .into_iter()
            .any(Option::is_some);
    if options.user.is_some() || options.password.is_some() || has_tls {
        return Err(refused(
            "SQLite is a file: it has no `user`, no `password` and no `tls`, `tls_ca`, `tls_certificate` and `tls_key`",
        ));
    }
    let file = SqliteFile::parse(config.url.reveal())?;
    let (mut read_only, mut create) = (false, true);
    for pair in file.query.split('&').filter(|pair| !pair.is_empty()) {
        (read_only, create) = match pair {
            "mode=ro" => (true, false),
            "mode=rw" => (false, false),
            "mode=rwc" => (false, true),
            other => {
                let name = other.split('=').next().unwrap_or_default();
                return Err(refused(&format!(
                    "the option `{name}` is not understood; there are `mode=ro`, `mode=rw` and `mode=rwc`"
                )));
            }
        };
    }
    Ok(Location {
        path: file.path,
        read_only,
        create,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn urls_name_files() {
        let path = |url: &str| parse(&ConnectionConfig::new(url)).map(|location| location.path);
        assert_eq!(path("sqlite:a/b.db").as_deref(), Ok(Path::new("a/b.db")));
        assert_eq!(
            path("sqlite:///a/b%20c.db?mode=ro").as_deref(),
            Ok(Path::new("/a/b c.db"))
        );
        assert!(path("sqlite::memory:").is_err() && path("sqlite:").is_err() && path("sqlite:a?mode=x").is_err());
    }
}
