//! What a URL says about where the database is.

use std::path::PathBuf;

use crate::Error;

/// Where the database is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Postgres,
}

impl Place {
    pub fn of(url: &str) -> Result<Self, Error> {
        let refused = |reason: &str| {
            Err(Error::Open {
                place: shown(url),
                reason: reason.to_owned(),
            })
        };
        let path = match url.split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => return Ok(Self::Postgres),
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            Some((_, rest)) if rest.starts_with("//") => {
                return refused("it is neither a path, which is SQLite's, nor begins with `postgres://`");
            }
            _ => url,
        };
        match path {
            "" => refused("it has no path"),
            ":memory:" => refused("the server's database is a file, or on a server"),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

/// The URL without what may be secret: the password, and every parameter.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    // A password may hold anything, also what ought to be escaped; the last `@` ends it. Then the parameters cannot be
    // told from it, but what is before the first `:` is the user.
    let (user, server) = match rest.rsplit_once('@') {
        Some((credentials, server)) => (credentials.split(':').next(), server),
        None => (None, rest),
    };
    let server = server.split('?').next().unwrap_or_default();
    match user {
        Some(user) => format!("{scheme}://{user}@{server}"),
        None => format!("{scheme}://{server}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn places_are_told_apart() {
        let file = |path: &str| Place::File(PathBuf::from(path));
        assert_eq!(Place::of("/data/server.db").unwrap(), file("/data/server.db"));
        assert_eq!(Place::of("sqlite:server.db").unwrap(), file("server.db"));
        assert_eq!(Place::of("sqlite:///data/server.db").unwrap(), file("/data/server.db"));
        assert_eq!(Place::of("postgresql://h/d").unwrap(), Place::Postgres);
        for url in ["", "sqlite:", ":memory:", "mysql://root:hunter2@h/d"] {
            let error = Place::of(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgres://me:hunter2@host:5432/db",
            "postgres://me:hunter2@/../@host:5432/db",
            "postgres://me:?hunter2@host:5432/db?x=y",
            "postgres://me@host:5432/db?password=hunter2",
        ] {
            assert_eq!(shown(url), "postgres://me@host:5432/db");
            let debug = format!("{:?}", Settings::new(url));
            assert!(!debug.contains("hunter2"), "{debug}");
        }
        assert_eq!(shown("/data/server.db"), "/data/server.db");
    }
}
