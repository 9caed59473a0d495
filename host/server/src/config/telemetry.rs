//! What the server tells a collector of OpenTelemetry.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use tenon_job::{Share, Timespan};
use tenon_telemetry::Settings;
use url::Url;

/// What is sent to a collector of OpenTelemetry, by OTLP over HTTP. Without this section, the standard environment variables
/// say it: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The collector's URL, as `http://127.0.0.1:4318`; `/v1/traces` and `/v1/logs` are put behind it.
    pub endpoint: String,
    /// How it is spoken to. Only `http/protobuf`.
    #[serde(default)]
    pub protocol: Protocol,
    /// Headers of each request, as `authorization = "Bearer ${env:OTLP_TOKEN}"`. Nobody is shown their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Concealed>,
    /// Name of the service. Default `tenon`.
    #[serde(default = "service")]
    pub service: String,
    /// More attributes of this server, as `"deployment.environment" = "production"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The part of the traces that are sent, as `0.1` or `"10%"`. A request that is part of a trace already is sent if that
    /// one is. Default all.
    #[serde(default = "all")]
    pub share: Share,
    /// What is sent. Default `["traces", "logs"]`.
    #[serde(default = "signals")]
    pub send: Vec<Signal>,
    /// How long the collector may take to answer. Default 10 s.
    #[serde(default = "timeout")]
    pub timeout: Timespan,
    /// Spans, and as many lines of logs, that may wait to be sent; what comes when so many wait is lost, and counted.
    /// Default 8192.
    #[serde(default = "queue")]
    pub queue: usize,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// OTLP over HTTP, as Protocol Buffers.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

/// A sort of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Requests and runs, with what they are made of.
    Traces,
    /// What runs and the server log.
    Logs,
}

/// A text that nobody is shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Concealed(String);

impl Concealed {
    /// Conceals a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Concealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("...")
    }
}

impl Serialize for Concealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("...")
    }
}

impl TelemetryConfig {
    /// The defaults, with this collector.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            protocol: Protocol::default(),
            headers: BTreeMap::new(),
            service: service(),
            attributes: BTreeMap::new(),
            share: all(),
            send: signals(),
            timeout: timeout(),
            queue: queue(),
        }
    }

    /// The same, for what sends it.
    ///
    /// # Errors
    /// Says which setting makes no sense.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let endpoint = Url::parse(&self.endpoint).map_err(|error| format!("telemetry.endpoint is no URL: {error}"))?;
        let headers = self.headers.iter();
        let settings = Settings {
            headers: headers.map(|(name, value)| (name.clone(), value.0.clone())).collect(),
            service: self.service.clone(),
            attributes: self.attributes.clone(),
            share: self.share.0,
            traces: self.send.contains(&Signal::Traces),
            logs: self.send.contains(&Signal::Logs),
            timeout: self.timeout.0,
            queue: self.queue,
            ..Settings::new(endpoint)
        };
        let checked = settings.check();
        checked.map_err(|error| format!("telemetry.{}", error.to_string().replacen(':', " is not right:", 1)))?;
        Ok(settings)
    }
}

fn service() -> String {
    "tenon".to_owned()
}

fn all() -> Share {
    Share(1.0)
}

fn signals() -> Vec<Signal> {
    vec![Signal::Traces, Signal::Logs]
}

fn timeout() -> Timespan {
    Timespan(Duration::from_secs(10))
}

fn queue() -> usize {
    8192
}
