//! What a URL says.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{ConnectionConfig, Error, Secret, Tls};

/// A server and a database.
#[derive(Clone)]
pub(crate) struct Target {
    /// What it is called, without secrets.
    pub(crate) name: String,
    /// The host.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// The database; the login's own by default.
    pub(crate) database: Option<String>,
    /// The login.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: Secret,
    /// Whether the connection is encrypted.
    pub(crate) tls: Tls,
    /// The name that the server shows.
    pub(crate) application: String,
}

impl Target {
    /// From a configuration.
    pub(crate) fn new(config: &ConnectionConfig) -> Result<Self, Error> {
        let url = Url::parse(config.url.reveal()).map_err(|error| refused(&error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host
            .ok_or_else(|| refused("it has no host"))?
            .trim_matches(['[', ']'])
            .to_owned();
        let user = match &config.options.user {
            Some(user) => user.clone(),
            None => decoded(url.username())?,
        };
        if user.is_empty() {
            return Err(refused("it has no user; say it in the URL or by `user`"));
        }
        let password = match (&config.options.password, url.password()) {
            (Some(password), _) => password.clone(),
            (None, Some(password)) => Secret::new(decoded(password)?),
            (None, None) => Secret::new(""),
        };
        let database = Some(decoded(url.path().trim_matches('/'))?).filter(|database| !database.is_empty());
        let mut target = Self {
            name: String::new(),
            port: url.port().unwrap_or(1433),
            host,
            database,
            user,
            password,
            tls: Tls::Prefer,
            application: "tenon".to_owned(),
        };
        for (key, value) in url.query_pairs() {
            target.set(&key, &value)?;
        }
        target.tls = config.options.tls.unwrap_or(target.tls);
        let database = target
            .database
            .as_deref()
            .map(|database| format!("/{database}"))
            .unwrap_or_default();
        target.name = format!("mssql://{}:{}{database}", target.host, target.port);
        Ok(target)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        match (key, value) {
            ("encrypt", "disable" | "false") => self.tls = Tls::Disable,
            ("encrypt", "prefer") => self.tls = Tls::Prefer,
            ("encrypt", "require" | "true") => self.tls = Tls::Require,
            ("encrypt", "verify-full" | "strict") => self.tls = Tls::VerifyFull,
            ("application", name) => name.clone_into(&mut self.application),
            ("encrypt", _) => return Err(refused("`encrypt` is `disable`, `prefer`, `require` or `verify-full`")),
            _ => {
                return Err(refused(&format!(
                    "there is no option `{key}`; there are `encrypt` and `application`"
                )));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

fn decoded(text: &str) -> Result<String, Error> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| refused("it is not UTF-8"))?;
    Ok(text.into_owned())
}

fn refused(reason: &str) -> Error {
    Error::Config {
        subject: "the URL of a SQL Server database".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_it_all() {
        let config = ConnectionConfig::new("mssql://sa:p%40ss@db.example:1444/my%20shop?encrypt=verify-full");
        let target = Target::new(&config).expect("it is a URL");
        assert_eq!(target.name, "mssql://db.example:1444/my shop");
        assert_eq!((target.user.as_str(), target.password.reveal()), ("sa", "p@ss"));
        assert_eq!((target.port, target.tls), (1444, Tls::VerifyFull));
        assert!(!format!("{target:?}").contains("p@ss"));
        for url in [
            "mssql://h",
            "mssql://u@h?x=y",
            "mssql://u@h?encrypt=perhaps",
            "mssql:///d",
        ] {
            assert!(Target::new(&ConnectionConfig::new(url)).is_err(), "{url}");
        }
    }
}
