//! The smallest useful job: one source, one function, one sink.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_runtime::{HttpGrant, Limits};

use crate::job::{Job, MaxRejects, Secret};
use crate::step::PluginStep;

/// One source, one function of a plugin, one sink.
#[derive(Debug, Clone)]
pub struct Transform {
    /// What the job and its step are called; otherwise as the function, or else the plugin.
    pub name: Option<String>,
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The function; may be left out where the plugin has only one.
    pub function: Option<String>,
    /// The function's configuration.
    pub config: Value,
    /// What is read.
    pub source: SourceConfig,
    /// Where the function's rows go.
    pub sink: SinkConfig,
    /// Where rejected rows go. They are only counted otherwise.
    pub rejects: Option<SinkConfig>,
    /// Rejected rows at which the run fails; any number is fine by default.
    pub max_rejects: Option<MaxRejects>,
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

impl Transform {
    /// Every other setting at its default.
    pub fn new(plugin: impl Into<PathBuf>, source: impl Into<SourceConfig>, sink: impl Into<SinkConfig>) -> Self {
        Self {
            name: None,
            plugin: plugin.into(),
            function: None,
            config: Value::Object(Map::new()),
            source: source.into(),
            sink: sink.into(),
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

    /// The same as a job with a source `source`, a step of the same name, a sink `sink` and a
    /// sink `rejects`.
    pub fn job(&self) -> Job {
        let file = || self.plugin.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let step = self
            .name
            .clone()
            .or_else(|| self.function.clone())
            .or_else(file)
            .unwrap_or_else(|| "transform".to_owned());
        let plugin = PluginStep {
            function: self.function.clone(),
            config: self.config.clone(),
            ..PluginStep::new("source", &self.plugin)
        };
        let mut job = Job::new(&step)
            .source("source", self.source.clone())
            .step(&step, plugin)
            .sink("sink", &step, self.sink.clone());
        if let Some(rejects) = &self.rejects {
            job = job.rejects("rejects", &step, rejects.clone());
        }
        Job {
            max_rejects: self.max_rejects,
            partitions: self.partitions,
            parameters: self.parameters.clone(),
            secrets: self.secrets.clone(),
            http: self.http.clone(),
            limits: self.limits.clone(),
            timeout: self.timeout,
            ..job
        }
    }
}
