//! What a process sends, all of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceContextExt, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, Key, KeyValue};
use opentelemetry_otlp::{LogExporter, SpanExporter};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider, SpanData, SpanEvents, SpanLinks,
};

use crate::client::Client;
use crate::export::{self, Line};
use crate::outlet::Outlet;
use crate::run::RunTrace;
use crate::sampler::Share;
use crate::sinks::{LineSink, SpanSink, namespaced};
use crate::switches::Switches;
use crate::{Error, Settings};

/// Who makes the spans and lines.
const SCOPE: &str = "tenon";
/// Bytes of a text that are sent.
const LONGEST_TEXT: usize = 64 << 10;

/// What a process sends to a collector: nothing until it is [told](Self::apply) to. Clones are one.
#[derive(Clone)]
pub struct Telemetry(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub switches: Arc<Switches>,
    pub tracer: SdkTracer,
    logger: SdkLogger,
    share: Share,
    spans: Arc<Outlet<SpanData>>,
    lines: Arc<Outlet<Line>>,
    /// What is in force.
    settings: Mutex<Option<Settings>>,
}

/// Settings whose exporters are ready: [applying](Telemetry::apply) them cannot fail.
pub struct Prepared {
    settings: Option<Settings>,
    exporters: Option<(SpanExporter, LogExporter)>,
}

/// Something that has happened, of which is told when it is over.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it was, as `step`.
    pub name: &'static str,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// More about it. Names without a dot become `tenon.NAME`.
    pub attributes: Vec<KeyValue>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A line of a run's log.
#[derive(Clone, Debug)]
pub struct LogLine<'a> {
    /// When it was said.
    pub time: SystemTime,
    /// How much it matters.
    pub level: tracing::Level,
    /// What was said.
    pub message: &'a str,
    /// More about it. Names without a dot become `tenon.NAME`.
    pub attributes: Vec<(&'static str, String)>,
    /// The span that it is about.
    pub span: SpanContext,
}

impl Default for Telemetry {
    fn default() -> Self {
        let share = Share::new(1.0);
        let (spans, lines) = (Arc::new(Outlet::new("traces")), Arc::new(Outlet::new("logs")));
        let tracers = SdkTracerProvider::builder()
            .with_sampler(share.clone())
            .with_span_processor(SpanSink(Arc::clone(&spans)))
            .build();
        let loggers = SdkLoggerProvider::builder()
            .with_log_processor(LineSink(Arc::clone(&lines)))
            .build();
        Self(Arc::new(Shared {
            switches: Arc::default(),
            tracer: tracers.tracer(SCOPE),
            logger: loggers.logger(SCOPE),
            share,
            spans,
            lines,
            settings: Mutex::default(),
        }))
    }
}

impl Telemetry {
    /// Makes what these settings need. `instance` is the name of the server, which tells it from others.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Client`].
    pub fn prepare(settings: Option<Settings>, instance: &str) -> Result<Prepared, Error> {
        let Some(settings) = settings else {
            return Ok(Prepared {
                settings: None,
                exporters: None,
            });
        };
        settings.check()?;
        let client = Client::new(&settings)?;
        let resource = export::resource(&settings, instance);
        let spans = export::spans(&settings, client.clone(), &resource)?;
        let lines = export::logs(&settings, client, &resource)?;
        Ok(Prepared {
            settings: Some(settings),
            exporters: Some((spans, lines)),
        })
    }

    /// From now on these settings are in force. What waits to be sent still goes where it was to go. Needs a Tokio runtime.
    pub async fn apply(&self, prepared: Prepared) {
        let Prepared { settings, exporters } = prepared;
        let shared = &self.0;
        let before = self.set(settings.clone());
        let Some((settings, (spans, lines))) = settings.zip(exporters) else {
            shared.switches.set(false, false);
            shared.spans.close(Duration::ZERO).await;
            shared.lines.close(Duration::ZERO).await;
            return;
        };
        shared.share.set(settings.share);
        if before.is_some_and(|before| before.is_like(&settings)) {
            return;
        }
        if settings.traces {
            shared.spans.open(spans, settings.queue, settings.timeout);
        } else {
            shared.spans.close(Duration::ZERO).await;
        }
        if settings.logs {
            shared.lines.open(lines, settings.queue, settings.timeout);
        } else {
            shared.lines.close(Duration::ZERO).await;
        }
        shared.switches.set(settings.traces, settings.logs);
    }

    /// Sends what waits, for as long as `limit`, and nothing any more after that.
    pub async fn end(&self, limit: Duration) {
        self.set(None);
        self.0.switches.set(false, false);
        tokio::join!(self.0.spans.close(limit), self.0.lines.close(limit));
    }

    /// How many spans and lines of logs were lost, because the queue was full or the collector did not take them.
    pub fn lost(&self) -> (u64, u64) {
        (self.0.spans.lost(), self.0.lines.lost())
    }

    /// How many spans and lines of logs were sent.
    pub fn sent(&self) -> (u64, u64) {
        (self.0.spans.sent(), self.0.lines.sent())
    }

    /// Whether traces are sent.
    pub fn sends_traces(&self) -> bool {
        self.0.switches.traces()
    }

    /// Whether logs are sent.
    pub fn sends_logs(&self) -> bool {
        self.0.switches.logs()
    }

    /// The trace of a run.
    pub fn run(&self, run: &str) -> RunTrace {
        RunTrace::new(run, |trace| self.sends_traces() && self.0.share.has(trace))
    }

    /// Tells of a whole run, the root of its trace.
    pub fn ran(&self, run: &RunTrace, ran: Finished) {
        if run.is_sent() {
            let own = SpanContext::new(
                run.0.trace_id(),
                run.0.span_id(),
                run.0.trace_flags(),
                false,
                run.0.trace_state().clone(),
            );
            self.push(own, SpanId::INVALID, ran);
        }
    }

    /// Tells of something that was a part of the span that is current.
    pub fn was_part(&self, part: Finished) {
        let parent = current_span();
        if !parent.is_sampled() || !self.sends_traces() {
            return;
        }
        let own = SpanContext::new(
            parent.trace_id(),
            RandomIdGenerator::default().new_span_id(),
            parent.trace_flags(),
            false,
            parent.trace_state().clone(),
        );
        self.push(own, parent.span_id(), part);
    }

    /// Sends a line of a run's log.
    pub fn log(&self, line: LogLine<'_>) {
        if !self.sends_logs() {
            return;
        }
        let (severity, name) = severity(line.level);
        let mut record = self.0.logger.create_log_record();
        record.set_timestamp(line.time);
        record.set_observed_timestamp(SystemTime::now());
        record.set_severity_number(severity);
        record.set_severity_text(name);
        record.set_body(AnyValue::from(clip(line.message).to_owned()));
        for (name, value) in line.attributes {
            record.add_attribute(namespaced(&Key::from_static_str(name)), value);
        }
        if line.span.is_valid() {
            let span = &line.span;
            record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
        }
        self.0.logger.emit(record);
    }

    fn push(&self, own: SpanContext, parent: SpanId, finished: Finished) {
        let attributes = finished.attributes.into_iter();
        let attributes = attributes.map(|KeyValue { key, value, .. }| KeyValue::new(namespaced(&key), value));
        self.0.spans.push(SpanData {
            span_context: own,
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: finished.name.into(),
            start_time: finished.began,
            end_time: finished.ended.max(finished.began),
            attributes: attributes.collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: finished
                .error
                .map_or(Status::Unset, |error| Status::error(clip(&error).to_owned())),
            instrumentation_scope: InstrumentationScope::builder(SCOPE).build(),
        });
    }

    fn set(&self, settings: Option<Settings>) -> Option<Settings> {
        let mut known = self.0.settings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, settings)
    }
}

/// The span in which the caller is; an invalid one where it is in none that is traced.
pub fn current_span() -> SpanContext {
    Context::map_current(|context| context.span().span_context().clone())
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings.lock().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_tuple("Telemetry").field(&*settings).finish()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Prepared").field(&self.settings).finish()
    }
}

pub(crate) fn severity(level: tracing::Level) -> (Severity, &'static str) {
    match level {
        tracing::Level::TRACE => (Severity::Trace, "TRACE"),
        tracing::Level::DEBUG => (Severity::Debug, "DEBUG"),
        tracing::Level::INFO => (Severity::Info, "INFO"),
        tracing::Level::WARN => (Severity::Warn, "WARN"),
        tracing::Level::ERROR => (Severity::Error, "ERROR"),
    }
}

pub(crate) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_TEXT)]
}
