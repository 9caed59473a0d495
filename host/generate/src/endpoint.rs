//! Databases, as job files name them.

use tenon_database::Driver;

use crate::Error;
use crate::toml::Line;

/// A database, as a job file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What it speaks.
    pub driver: Driver,
    /// How to find it.
    pub reference: Reference,
}

/// How a job file says where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// The name of a stored connection.
    Connection(String),
    /// A URL as it is to stand in the job file: `${env:NAME}` and `${secret:name}` in it are references. One with a password
    /// is refused; give `${env:SOURCE_URL}` in its place, or a URL with a secret's reference for the password.
    Url(String),
}

impl Endpoint {
    /// A database.
    pub fn new(driver: Driver, reference: Reference) -> Self {
        Self { driver, reference }
    }

    /// Whether it is a URL with a password that is written out, which no job file may hold.
    pub fn has_password(&self) -> bool {
        matches!(&self.reference, Reference::Url(url) if has_password(url))
    }

    /// The keys of a source or a sink that say where it is.
    pub(crate) fn lines(&self) -> Result<Vec<Line>, Error> {
        let place = match &self.reference {
            Reference::Connection(name) => Line::text("connection", name),
            Reference::Url(url) if has_password(url) => return Err(Error::Password),
            Reference::Url(url) => Line::reference("url", url),
        };
        Ok(vec![Line::text("connector", self.driver.name()), place])
    }
}

/// Whether a URL holds a password that is no reference.
fn has_password(url: &str) -> bool {
    let is_written_out = |password: &str| !password.is_empty() && !is_reference(password);
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    // A password may hold any of the signs that end an authority, so the last `@` counts.
    let user = authority.rsplit_once('@').and_then(|(user, _)| credentials(user));
    if user.is_some_and(|(_, password)| is_written_out(password)) {
        return true;
    }
    let pairs = url
        .split(['?', '&', ';', ':', ' '])
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| {
            let key = key.trim().to_ascii_lowercase();
            ["password", "passwd", "pwd", "token", "secret"]
                .iter()
                .any(|secret| key.ends_with(secret))
        })
        .any(|(_, value)| is_written_out(value.trim()))
}

/// User and password, where `:` in a reference is no divider.
fn credentials(user: &str) -> Option<(&str, &str)> {
    let start = if user.starts_with("${") { user.find('}')? } else { 0 };
    let colon = user[start..].find(':')? + start;
    Some((&user[..colon], &user[colon + 1..]))
}

/// Whether a text is one reference and nothing else, or begins with one whose end has been cut off.
fn is_reference(text: &str) -> bool {
    text.strip_prefix("${")
        .is_some_and(|rest| rest.find('}').is_none_or(|end| end + 1 == rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_written_and_references_are() {
        for url in [
            "postgres://etl:hunter2@h/db",
            "postgres://etl:hun/ter2@h/db",
            "postgres://etl@h/db?password=hunter2",
            "odbc:Driver={X};UID=etl;PWD=hunter2",
            "postgres://${env:U}:hunter2@h/db",
            "postgres://etl:${secret:a}b@h/db",
            "adbc:snowflake?auth_token=hunter2",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in [
            "postgres://etl@h:5432/db",
            "postgres://etl:@h/db",
            "postgres://etl:${secret:pw}@h/db",
            "postgres://${env:U}:${secret:pw}@${env:H}/db",
            "postgres://h/db?password=${env:PW}",
            "${env:SOURCE_URL}",
            "sqlite:some/file.db",
            "odbc:DSN=x;PWD=${secret:p}",
        ] {
            assert!(!has_password(url), "{url}");
        }
    }
}
