//! A named connection.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tenon_database::{ConnectOptions, ConnectionConfig, Driver, Secret};

use crate::{Error, SecretStore, reference};

/// How to reach a database, under a name. It holds no password: references may stand where one would.
///
/// Serialised it is what `tenon connection list --json` prints: references are shown, and there is nothing to hide.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub driver: Driver,
    /// The URL, without a password, and perhaps with references.
    pub url: String,
    /// What else there is to say, with references as they are written. The password is references and nothing else.
    pub options: ConnectOptions,
    /// When it was first stored, if it was not written by hand.
    pub created: Option<DateTime<Utc>>,
    /// When it was last stored.
    pub changed: Option<DateTime<Utc>>,
    /// The file that it is in.
    pub file: PathBuf,
    /// The line of that file that it begins in.
    pub line: usize,
    /// Whether it is the project's or the user's.
    pub scope: Scope,
    /// The user's own file, if there is a connection of that name as well, which is not used here.
    pub hides: Option<PathBuf>,
}

/// Whose file a connection is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The user's own.
    #[default]
    User,
    /// The project's: it comes before the user's.
    Project,
}

/// A connection that is to be stored.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its name.
    pub name: String,
    /// What it speaks; told by the URL's scheme if it is not given.
    pub driver: Option<Driver>,
    /// The URL, perhaps with a password, and perhaps with references.
    pub url: Secret,
    /// What else there is to say. The password among it is treated as the next one is.
    pub options: ConnectOptions,
    /// The password, if it is not in the URL: it goes to the store of secrets. References are kept as they are.
    pub password: Option<Secret>,
    /// Whose file it goes to.
    pub scope: Scope,
    /// Whether it takes the place of one that has its name.
    pub replace: bool,
}

impl NewConnection {
    /// One of the user's, with every option at its default.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            driver: None,
            url: Secret::new(url),
            options: ConnectOptions::default(),
            password: None,
            scope: Scope::User,
            replace: false,
        }
    }
}

impl Connection {
    /// Puts values in the place of references: what is needed to connect.
    ///
    /// # Errors
    /// [`Error::NoVariable`] and [`Error::NoSecret`], with the connection and where it stands.
    pub fn resolve(&self, secrets: &SecretStore) -> Result<ConnectionConfig, Error> {
        let subject = format!("connection `{}` ({}:{})", self.name, self.file.display(), self.line);
        let url = reference::resolve(&self.url, secrets, &subject)?;
        let mut options = options_as_written(&self.options);
        for value in options.values_mut() {
            if let Value::String(text) = value {
                *text = reference::resolve(text, secrets, &subject)?;
            }
        }
        let options = serde_json::from_value(Value::Object(options));
        // Without what serde says, which may show a value.
        let options = options.map_err(|_| Error::BadReference {
            subject,
            reason: "with the values of its references its options are not understood".to_owned(),
        })?;
        Ok(ConnectionConfig {
            url: Secret::new(url),
            options,
        })
    }

    /// Whether it refers to this secret.
    pub fn refers_to(&self, secret: &str) -> bool {
        let mut texts = options_as_written(&self.options).into_iter().map(|(_, value)| value);
        reference::refers_to(&self.url, secret)
            || texts.any(|text| text.as_str().is_some_and(|text| reference::refers_to(text, secret)))
    }

    /// The options that are not at their defaults, as they are written, in their order.
    pub(crate) fn written_options(&self) -> Map<String, Value> {
        written_options(&self.options)
    }
}

/// The options that are not at their defaults, as they are written.
pub(crate) fn written_options(options: &ConnectOptions) -> Map<String, Value> {
    let defaults = options_as_written(&ConnectOptions::default());
    let mut options = options_as_written(options);
    options.retain(|key, value| defaults.get(key) != Some(value));
    options
}

/// The options with the secrets among them, which are not serialised by themselves.
fn options_as_written(options: &ConnectOptions) -> Map<String, Value> {
    let mut map = match serde_json::to_value(options) {
        Ok(Value::Object(map)) => map,
        // Only a path that is not text cannot be serialised, and paths come from texts.
        _ => Map::new(),
    };
    for (name, secret) in options.secrets() {
        if let Some(secret) = secret {
            map.insert(name.to_owned(), secret.reveal().into());
        }
    }
    map
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Connection", 10)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("driver", &self.driver)?;
        fields.serialize_field("url", &self.url)?;
        fields.serialize_field("options", &self.written_options())?;
        fields.serialize_field("created", &self.created)?;
        fields.serialize_field("changed", &self.changed)?;
        fields.serialize_field("file", &self.file)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("scope", &self.scope)?;
        fields.serialize_field("hides", &self.hides)?;
        fields.end()
    }
}
