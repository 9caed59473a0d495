//! What OpenTelemetry's exporters send.

use std::future::Future;

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{LogExporter, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _, SdkLogRecord};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use crate::client::Client;
use crate::{Error, Settings};

/// A line of a log, with who made it.
pub(crate) type Line = (SdkLogRecord, InstrumentationScope);

/// Sends many things in one request.
pub(crate) trait Export<T>: Send + 'static {
    /// Sends them, or says why not.
    fn export(&self, batch: &[T]) -> impl Future<Output = Result<(), String>> + Send;
}

impl Export<SpanData> for SpanExporter {
    async fn export(&self, batch: &[SpanData]) -> Result<(), String> {
        let exported = opentelemetry_sdk::trace::SpanExporter::export(self, batch.to_vec()).await;
        exported.map_err(|error| error.to_string())
    }
}

impl Export<Line> for LogExporter {
    async fn export(&self, batch: &[Line]) -> Result<(), String> {
        let lines: Vec<_> = batch.iter().map(|(line, scope)| (line, scope)).collect();
        let exported = opentelemetry_sdk::logs::LogExporter::export(self, LogBatch::new(&lines)).await;
        exported.map_err(|error| error.to_string())
    }
}

/// What sends spans.
pub(crate) fn spans(settings: &Settings, client: Client, resource: &Resource) -> Result<SpanExporter, Error> {
    let exporter = directed(SpanExporter::builder().with_http(), "traces", settings, client).build();
    let mut exporter = exporter.map_err(|error| Error::client(&error))?;
    exporter.set_resource(resource);
    Ok(exporter)
}

/// What sends lines of logs.
pub(crate) fn logs(settings: &Settings, client: Client, resource: &Resource) -> Result<LogExporter, Error> {
    let exporter = directed(LogExporter::builder().with_http(), "logs", settings, client).build();
    let mut exporter = exporter.map_err(|error| Error::client(&error))?;
    exporter.set_resource(resource);
    Ok(exporter)
}

/// Has an exporter send a signal to its place, by this client, each batch once.
fn directed<B: WithExportConfig + WithHttpConfig>(exporter: B, signal: &str, settings: &Settings, client: Client) -> B {
    exporter
        .with_endpoint(settings.url(signal))
        .with_timeout(settings.timeout)
        .with_retry_policy(RetryPolicy::disabled())
        .with_http_client(client)
}

/// What all of it is about: this server. `instance` tells it from others of the service.
pub(crate) fn resource(settings: &Settings, instance: &str) -> Resource {
    let own = [
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance.to_owned()),
        KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        KeyValue::new("telemetry.sdk.language", "rust"),
    ];
    let given = settings.attributes.iter();
    let given = given.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    Resource::builder_empty()
        .with_attributes(own)
        .with_attributes(given)
        .with_attribute(KeyValue::new("service.name", settings.service.clone()))
        .build()
}
