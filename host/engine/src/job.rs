//! What is to be done.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_runtime::{HttpGrant, Limits};

/// One source, one function of a plugin, one sink.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name of the job; the function's name by default.
    pub name: Option<String>,
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The function; may be left out where the plugin has only one.
    pub function: Option<String>,
    /// The function's configuration.
    pub config: Value,
    /// What is read.
    pub source: ReadConfig,
    /// Where the function's rows go.
    pub sink: WriteConfig,
    /// Where rejected rows go: the columns of the source, the step and the reason. They are only counted otherwise.
    pub rejects: Option<WriteConfig>,
    /// Rows that may be rejected before the run fails; any number by default.
    pub max_rejects: Option<u64>,
    /// Partitions that run side by side; one per core by default. A function that keeps state gets one.
    pub partitions: Option<usize>,
    /// What the plugin may ask for by name.
    pub parameters: BTreeMap<String, String>,
    /// Secrets that the plugin is granted, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Hosts that the plugin may send HTTP requests to.
    pub http: Vec<HttpGrant>,
    /// What its sandboxes may use.
    pub limits: Limits,
    /// Time after which the run is given up; none by default.
    pub timeout: Option<Duration>,
}

impl Job {
    /// A job with every other setting at its default.
    pub fn new(plugin: impl Into<PathBuf>, source: ReadConfig, sink: WriteConfig) -> Self {
        Self {
            name: None,
            plugin: plugin.into(),
            function: None,
            config: Value::Object(Map::new()),
            source,
            sink,
            rejects: None,
            max_rejects: None,
            partitions: None,
            parameters: BTreeMap::new(),
            secrets: BTreeMap::new(),
            http: Vec::new(),
            limits: Limits::default(),
            timeout: None,
        }
    }
}

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let mut job = Job::new("p.wasm", ReadConfig::new("in.csv"), WriteConfig::new("out/"));
        job.secrets.insert("key".to_owned(), Secret::new("hunter2"));
        assert!(!format!("{job:?}").contains("hunter2"));
    }
}
