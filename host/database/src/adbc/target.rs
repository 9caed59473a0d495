//! What a URL says: which driver, and its options.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{ConnectOptions, ConnectionConfig, Error};

/// Options whose values are shown.
const SHOWN: [&str; 4] = ["entrypoint", "path", "username", "adbc.connection.catalog"];

/// A driver and its options.
#[derive(Clone)]
pub(crate) struct Target {
    /// The driver's name, or the path of its library.
    pub(crate) driver: String,
    /// The function that the library begins with, where it is not the usual one.
    pub(crate) entrypoint: Option<String>,
    /// Options of the database, secrets among them.
    pub(crate) options: Vec<(String, String)>,
    /// What it is called, without secrets.
    pub(crate) name: String,
    /// What must not be shown, wherever a driver says it.
    pub(crate) secrets: Vec<String>,
}

impl Target {
    /// From a configuration.
    pub(crate) fn new(config: &ConnectionConfig) -> Result<Self, Error> {
        let url = config.url.reveal();
        let rest = url
            .strip_prefix("adbc:")
            .ok_or_else(|| refused("it does not begin with `adbc:`"))?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (driver, query) = rest.split_once('?').unwrap_or((rest, ""));
        let driver = decoded(driver)?;
        if driver.is_empty() {
            return Err(refused(
                "it names no driver: `adbc://DRIVER?uri=...`, with the driver's name or the path of its library",
            ));
        }
        no_tls(&config.options)?;
        let mut options = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| refused("an option of it has no value; `&` in a value is `%26`"))?;
            options.push((decoded(key)?, decoded(value)?));
        }
        let entrypoint = take(&mut options, "entrypoint");
        let mut target = Self {
            name: String::new(),
            secrets: Vec::new(),
            driver,
            entrypoint,
            options,
        };
        target.log_in_as(&config.options);
        target.find_secrets();
        target.name = target.shown();
        Ok(target)
    }

    /// Says user and password where the driver looks for them: that of Postgres only in its URI.
    fn log_in_as(&mut self, options: &ConnectOptions) {
        let user = options.user.clone().or_else(|| take(&mut self.options, "username"));
        let password = options.password.as_ref().map(|password| password.reveal().to_owned());
        let password = password.or_else(|| take(&mut self.options, "password"));
        let uri = self.options.iter_mut().find(|(key, _)| key == "uri");
        if let Some((_, uri)) = uri
            && let Ok(mut url) = Url::parse(uri)
            && matches!(url.scheme(), "postgres" | "postgresql")
        {
            let with_user = user.as_ref().is_none_or(|user| url.set_username(user).is_ok());
            let with_password = password
                .as_ref()
                .is_none_or(|password| url.set_password(Some(password)).is_ok());
            if with_user && with_password {
                self.secrets.extend(password);
                url.as_str().clone_into(uri);
                return;
            }
        }
        self.options.extend(user.map(|user| ("username".to_owned(), user)));
        self.options
            .extend(password.map(|password| ("password".to_owned(), password)));
    }

    fn find_secrets(&mut self) {
        for (key, value) in &self.options {
            if let Ok(url) = Url::parse(value)
                && let Some(password) = url.password()
            {
                self.secrets.push(password.to_owned());
                self.secrets.extend(decoded(password).ok());
                self.secrets.push(value.clone());
            } else if key != "uri" && !SHOWN.contains(&key.as_str()) || says_password(value) {
                self.secrets.push(value.clone());
            }
        }
        self.secrets.retain(|secret| secret.len() > 2);
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    fn shown(&self) -> String {
        let library = std::path::Path::new(&self.driver);
        let driver = library
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or(&self.driver);
        let place = self.options.iter().find(|(key, _)| key == "uri" || key == "path");
        let place = place.and_then(|(_, value)| match Url::parse(value) {
            Ok(url) if url.has_host() => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                Some(format!(
                    "{}://{}{port}{}",
                    url.scheme(),
                    url.host_str().unwrap_or_default(),
                    url.path()
                ))
            }
            _ if says_password(value) => None,
            _ => Some(value.split('?').next().unwrap_or_default().to_owned()),
        });
        match place {
            Some(place) => format!("adbc://{driver}?uri={place}"),
            None => format!("adbc://{driver}"),
        }
    }

    /// A text without secrets.
    pub(crate) fn scrubbed(&self, text: &str) -> String {
        let hide = |text: String, secret: &String| text.replace(secret.as_str(), "***");
        self.secrets.iter().fold(text.to_owned(), hide)
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

fn says_password(text: &str) -> bool {
    let text = text.to_lowercase();
    ["password", "pwd", "token", "secret"]
        .iter()
        .any(|word| text.contains(word))
}

fn take(options: &mut Vec<(String, String)>, key: &str) -> Option<String> {
    let position = options.iter().position(|(known, _)| known == key)?;
    Some(options.remove(position).1)
}

/// Encryption is the driver's own matter.
fn no_tls(options: &ConnectOptions) -> Result<(), Error> {
    let set = [
        ("tls", options.tls.is_some()),
        ("tls_ca", options.tls_ca.is_some()),
        ("tls_certificate", options.tls_certificate.is_some()),
        ("tls_key", options.tls_key.is_some()),
    ];
    match set.iter().find(|(_, set)| *set) {
        None => Ok(()),
        Some((option, _)) => Err(Error::Config {
            subject: format!("`{option}`"),
            reason: "an ADBC driver takes settings of TLS in its own options only; say it in the URL".to_owned(),
        }),
    }
}

fn decoded(text: &str) -> Result<String, Error> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| refused("it is not UTF-8"))?;
    if text.contains('\0') {
        return Err(refused("it holds a zero byte"));
    }
    Ok(text.into_owned())
}

fn refused(reason: &str) -> Error {
    Error::Config {
        subject: "the URL of an ADBC database".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn target(url: &str) -> Target {
        Target::new(&ConnectionConfig::new(url)).expect("it is a URL")
    }

    #[test]
    fn a_url_names_driver_and_options() {
        let file = target("adbc:///opt/libadbc_driver_sqlite.so?uri=/tmp/a%20b.db&adbc.x=1");
        assert_eq!(file.driver, "/opt/libadbc_driver_sqlite.so");
        assert_eq!(file.options[0], ("uri".to_owned(), "/tmp/a b.db".to_owned()));
        assert_eq!(file.name, "adbc://libadbc_driver_sqlite?uri=/tmp/a b.db");
        assert_eq!(target("adbc://sqlite").driver, "sqlite");
        for url in ["sqlite:x", "adbc:", "adbc://?uri=x", "adbc://x?y"] {
            assert!(Target::new(&ConnectionConfig::new(url)).is_err(), "{url}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let mut config = ConnectionConfig::new("adbc://adbc_driver_postgresql?uri=postgresql://u@h:5432/d?x=y");
        config.options.password = Some(Secret::new("hunter2!"));
        let target = Target::new(&config).expect("it is a URL");
        assert_eq!(target.options[0].1, "postgresql://u:hunter2!@h:5432/d?x=y");
        assert_eq!(target.name, "adbc://adbc_driver_postgresql?uri=postgresql://h:5432/d");
        assert_eq!(
            target.scrubbed("no postgresql://u:hunter2!@h:5432/d?x=y, hunter2!"),
            "no ***, ***"
        );
        let words = self::target("adbc://d?uri=host=h password=geheim&password=p123");
        assert_eq!(words.name, "adbc://d");
        assert_eq!(words.scrubbed("p123 host=h password=geheim"), "*** ***");
    }
}
