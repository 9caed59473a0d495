//! How two configurations differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::ServerConfig;

/// What is fixed when a server begins, with all that is below it.
const FIXED: [&str; 6] = ["listen", "data", "database", "name", "key_file", "sandboxes"];

/// What is different in another configuration.
#[derive(Debug)]
pub(super) struct Changes {
    /// Settings that change, with what they were and will be; secrets are left out.
    pub settings: BTreeMap<String, (Value, Value)>,
    /// A sentence for each setting that cannot change.
    pub refused: Vec<String>,
    /// The other configuration, with what cannot change as it was.
    pub next: ServerConfig,
}

impl Changes {
    pub fn between(before: &ServerConfig, after: ServerConfig) -> Self {
        let mut settings = different(&flat(before), &flat(&after));
        // These do not show when they differ, nor what they are.
        let headers = |config: &ServerConfig| config.telemetry.as_ref().map(|telemetry| telemetry.headers.clone());
        if headers(before) != headers(&after) {
            let concealed = || Value::from("...");
            settings.retain(|name, _| !name.starts_with("telemetry.headers"));
            settings.insert("telemetry.headers".to_owned(), (concealed(), concealed()));
        }
        if before.database != after.database && !settings.contains_key("database") {
            let shown = flat(before).remove("database").unwrap_or_default();
            settings.insert("database".to_owned(), (shown, Value::Null));
        }
        let (fixed, settings): (BTreeMap<_, _>, BTreeMap<_, _>) =
            settings.into_iter().partition(|(name, _)| is_fixed(name));
        let refused = fixed.iter().map(|(name, (before, _))| {
            let still = match before {
                Value::Null => "its default".to_owned(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            format!("`{name}` needs a restart; still at {still}")
        });
        Self {
            refused: refused.collect(),
            next: ServerConfig {
                listen: before.listen,
                data: before.data.clone(),
                database: before.database.clone(),
                name: before.name.clone(),
                key_file: before.key_file.clone(),
                sandboxes: before.sandboxes.clone(),
                ..after
            },
            settings,
        }
    }

    /// The names of the settings that change.
    pub fn names(&self) -> Vec<String> {
        self.settings.keys().cloned().collect()
    }

    /// What was and what will be, by setting.
    pub fn details(&self) -> Value {
        let settings = self.settings.iter();
        let settings: Map<String, Value> = settings
            .map(|(name, (before, after))| (name.clone(), json!({ "before": before, "after": after })))
            .collect();
        json!({ "settings": settings, "refused": self.refused })
    }
}

fn is_fixed(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    FIXED.contains(&first)
}

/// All settings by their names, as `runs.concurrent`, without secrets.
fn flat(config: &ServerConfig) -> BTreeMap<String, Value> {
    let mut settings = BTreeMap::new();
    let shown = serde_json::to_value(config.without_secrets()).unwrap_or_default();
    add(&mut settings, String::new(), shown);
    settings
}

fn add(settings: &mut BTreeMap<String, Value>, name: String, value: Value) {
    match value {
        Value::Object(parts) => {
            for (part, value) in parts {
                let name = if name.is_empty() {
                    part
                } else {
                    format!("{name}.{part}")
                };
                add(settings, name, value);
            }
        }
        Value::Null => {}
        value => {
            settings.insert(name, value);
        }
    }
}

fn different(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> BTreeMap<String, (Value, Value)> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let both = names.into_iter().map(|name| {
        let value = |settings: &BTreeMap<String, Value>| settings.get(name).cloned().unwrap_or_default();
        (name.clone(), (value(before), value(after)))
    });
    both.filter(|(_, (before, after))| before != after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Concealed, TelemetryConfig};

    #[test]
    fn what_cannot_change_is_named_and_stays() {
        let before = ServerConfig {
            database: Some("postgres://tenon:old@db/tenon".to_owned()),
            ..ServerConfig::default()
        };
        let mut after = before.clone();
        after.listen = ([127, 0, 0, 1], 8000).into();
        after.database = Some("postgres://tenon:new@db/tenon".to_owned());
        after.sandboxes.pool.floor += 1;
        after.runs.concurrent += 1;
        let changes = Changes::between(&before, after);
        assert_eq!(
            changes.refused,
            [
                "`database` needs a restart; still at postgres://tenon:...@db/tenon",
                "`listen` needs a restart; still at 127.0.0.1:7433",
                "`sandboxes.pool.floor` needs a restart; still at 1",
            ]
        );
        assert_eq!(changes.names(), ["runs.concurrent"]);
        assert_eq!(
            (changes.next.listen, &changes.next.database),
            (before.listen, &before.database)
        );
        assert_eq!(changes.next.runs.concurrent, before.runs.concurrent + 1);
    }

    #[test]
    fn a_secret_changes_without_being_told() {
        let config = |secret: &str| {
            let mut telemetry = TelemetryConfig::new("http://c:4318");
            telemetry
                .headers
                .insert("authorization".to_owned(), Concealed::new(secret));
            ServerConfig {
                telemetry: Some(telemetry),
                ..ServerConfig::default()
            }
        };
        let changes = Changes::between(&config("hunter2"), config("hunter3"));
        assert_eq!(changes.names(), ["telemetry.headers"]);
        assert!(!changes.details().to_string().contains("hunter"));
        let same = Changes::between(&config("hunter2"), config("hunter2"));
        assert!(same.settings.is_empty() && same.refused.is_empty());
    }

    #[test]
    fn a_section_comes_and_goes() {
        let with = ServerConfig {
            telemetry: Some(TelemetryConfig::new("http://c:4318")),
            ..ServerConfig::default()
        };
        let changes = Changes::between(&ServerConfig::default(), with.clone());
        let endpoint = &changes.settings["telemetry.endpoint"];
        assert_eq!(endpoint, &(Value::Null, Value::from("http://c:4318")));
        let names = changes.names();
        assert_eq!(Changes::between(&with, ServerConfig::default()).names(), names);
    }
}
