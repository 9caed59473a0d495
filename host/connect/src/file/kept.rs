//! A sink as it was configured, for whoever finishes its commit: without secrets, but with their names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::WriteConfig;
use crate::Secret;

/// What a sink was configured with. It holds no secrets: in their place it says what they are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptConfig {
    config: WriteConfig,
    /// What the secrets are called, by the options of the store that they are given to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, String>,
}

impl KeptConfig {
    /// Keeps a configuration. `name_of` says what a value is called, if it is a secret. Options that must not be seen and
    /// have no name are left out.
    pub fn of(config: &WriteConfig, name_of: impl Fn(&str) -> Option<String>) -> Self {
        let mut config = config.clone();
        let mut secrets = BTreeMap::new();
        for (option, secret) in config.store.secrets() {
            let name = secret.take().and_then(|secret| name_of(secret.reveal()));
            secrets.extend(name.map(|name| (option.to_owned(), name)));
        }
        for (option, text) in config.store.texts() {
            if let Some(name) = text.as_deref().and_then(&name_of) {
                *text = None;
                secrets.insert(option.to_owned(), name);
            }
        }
        Self { config, secrets }
    }

    /// The configuration with its secrets, whose values are `value_of` their names.
    ///
    /// # Errors
    /// With the name of one that has no value.
    pub fn restored(&self, value_of: impl Fn(&str) -> Option<String>) -> Result<WriteConfig, String> {
        let mut config = self.config.clone();
        let value = |option: &str| match self.secrets.get(option) {
            None => Ok(None),
            Some(name) => value_of(name).map(Some).ok_or_else(|| name.clone()),
        };
        for (option, secret) in config.store.secrets() {
            if let Some(value) = value(option)? {
                *secret = Some(Secret::new(value));
            }
        }
        for (option, text) in config.store.texts() {
            if let Some(value) = value(option)? {
                *text = Some(value);
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::super::store::StoreOptions;
    use super::*;

    #[test]
    fn secrets_are_kept_by_name() {
        let config = WriteConfig {
            format: Some(Format::Csv),
            store: StoreOptions {
                endpoint: Some("http://127.0.0.1:9000".to_owned()),
                access_key_id: Some("the-id".to_owned()),
                secret_access_key: Some(Secret::new("hunter2")),
                session_token: Some(Secret::new("nobody-granted-it")),
                ..StoreOptions::default()
            },
            ..WriteConfig::new("s3://lake/out")
        };
        let granted = [("id", "the-id"), ("key", "hunter2")];
        let name_of = |value: &str| {
            let found = granted.iter().find(|(_, granted)| *granted == value);
            found.map(|(name, _)| (*name).to_owned())
        };
        let text = serde_json::to_string(&KeptConfig::of(&config, name_of)).expect("serialised");
        for hidden in ["hunter2", "the-id", "nobody-granted-it"] {
            assert!(!text.contains(hidden), "{text}");
        }
        let kept: KeptConfig = serde_json::from_str(&text).expect("deserialised");
        let value_of = |name: &str| {
            let found = granted.iter().find(|(granted, _)| *granted == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut expected = config;
        expected.store.session_token = None;
        assert_eq!(kept.restored(value_of), Ok(expected));
        assert_eq!(kept.restored(|_| None), Err("key".to_owned()));
    }
}
