//! URLs of SQLite's files.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::{ConnectionConfig, Error};

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
    let url = config.url.reveal();
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
    let (mut read_only, mut create) = (false, true);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
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
        path: PathBuf::from(path.as_ref()),
        read_only,
        create,
    })
}

fn refused(reason: &str) -> Error {
    Error::Config {
        subject: "the URL of a SQLite database".to_owned(),
        reason: reason.to_owned(),
    }
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
