//! The files of SQLite's URLs. Whoever has to know which file a URL means asks here, so that what is checked is what is
//! opened.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::Error;

/// What is written as it is in the path of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// What a URL of SQLite says: a file, and how to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteFile {
    /// The file, with nothing in it that is still to be decoded.
    pub path: PathBuf,
    /// What comes after the `?`, as it is written.
    pub query: String,
}

impl SqliteFile {
    /// Reads `sqlite:path/to/file.db` and `sqlite:///absolute/path`.
    ///
    /// # Errors
    /// [`Error::Config`] for what is no such URL, and for what SQLite itself would read as something else than a path.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let rest = url
            .split_once(':')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("sqlite"));
        let Some((_, rest)) = rest else {
            return Err(refused("expected `sqlite:path/to/file.db`"));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| refused("its path is not UTF-8"))?;
        if path.is_empty() || path == ":memory:" || path.contains('\0') {
            return Err(refused(
                "expected the path of a file: `sqlite:path/to/file.db`. A database in memory is gone with its connection",
            ));
        }
        // SQLite would take it for a URL, with a path and options of its own.
        if path.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:")) {
            return Err(refused("expected the path of a file, without `file:`"));
        }
        Ok(Self {
            path: PathBuf::from(path.as_ref()),
            query: query.to_owned(),
        })
    }

    /// The URL of the file at this path, opened in the same way.
    pub fn url_at(&self, path: &Path) -> String {
        let path = path.to_string_lossy();
        let path = utf8_percent_encode(&path, ENCODED);
        if self.query.is_empty() {
            format!("sqlite:{path}")
        } else {
            format!("sqlite:{path}?{}", self.query)
        }
    }
}

pub(crate) fn refused(reason: &str) -> Error {
    Error::Config {
        subject: "the URL of a SQLite database".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_is_what_is_opened() {
        let path = |url: &str| SqliteFile::parse(url).map(|file| file.path);
        assert_eq!(
            path("sqlite:..%2f..%2Fserver.db").as_deref(),
            Ok(Path::new("../../server.db"))
        );
        assert_eq!(path("SQLite:///a/b%3fc?mode=ro").as_deref(), Ok(Path::new("/a/b?c")));
        for url in [
            "sqlite:file:/etc/x?vfs=unix",
            "sqlite:%66ile:/etc/x%3fmode=memory",
            "sqlite:FILE:x",
            "x.db",
        ] {
            assert!(SqliteFile::parse(url).is_err(), "{url}");
        }
        let file = SqliteFile::parse("sqlite:x?mode=ro").expect("a file");
        let place = Path::new("/a b/50%25/?#c~ä.db");
        let again = SqliteFile::parse(&file.url_at(place)).expect("a file");
        assert_eq!((again.path.as_path(), again.query.as_str()), (place, "mode=ro"));
    }
}
