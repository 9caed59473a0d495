//! What `tracing` tells, as spans and lines of logs.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::Context as OtelContext;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;

use crate::run::RunTrace;
use crate::telemetry::{LogLine, Telemetry, current_span};

/// Fields of spans that the lines within them have too.
const LABELS: [&str; 6] = ["tenant", "job", "run", "attempt", "trigger", "plugin"];
/// What guests say, which comes by the logs of their runs.
const GUEST: &str = "tenon::guest";

impl Telemetry {
    /// The layer for the process's subscriber: sends Tenon's own spans and events from level `INFO` on, and none of others,
    /// so that sending causes nothing to be sent. Costs next to nothing while nothing is sent.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup> + Send + Sync,
    {
        let spans = tracing_opentelemetry::layer::<S>()
            .with_tracer(self.0.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false);
        let switches = Arc::clone(&self.0.switches);
        let wanted = filter_fn(move |metadata| metadata.is_span() && switches.traces() && is_ours(metadata))
            .with_max_level_hint(Level::INFO);
        let spans = spans.with_filter(wanted);
        let switches = Arc::clone(&self.0.switches);
        let wanted = filter_fn(move |metadata| switches.logs() && is_ours(metadata)).with_max_level_hint(Level::INFO);
        // Only for its handle, which has everything be asked again.
        let (wanted, changed) = reload::Layer::<_, S>::new(wanted);
        self.0.switches.when_changed(move || {
            // The subscriber may be gone, and with it whoever would ask.
            let _ = changed.modify(|_| {});
        });
        let lines = Layer::<S>::with_filter(Lines(self.clone()), wanted);
        Layer::<S>::and_then(spans, lines)
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    *metadata.level() <= Level::INFO
        && target.starts_with("tenon")
        && !target.starts_with("tenon_telemetry")
        && target != GUEST
}

/// Makes a span that is about to begin part of the trace that a request's header `traceparent` names, if it names one.
pub fn follow_request(span: &Span, headers: &http::HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    follow(span, parent);
}

/// Makes a span that is about to begin part of a run.
pub fn follow_run(span: &Span, run: &RunTrace) {
    follow(span, OtelContext::new().with_remote_span_context(run.0.clone()));
}

fn follow(span: &Span, parent: OtelContext) {
    if !span.is_disabled() {
        // Where no layer is, there is no trace to be part of.
        let _ = span.set_parent(parent);
    }
}

/// Sends events as lines of logs, with the labels of the spans that they happen in.
struct Lines(Telemetry);

/// The labels of a span.
#[derive(Default)]
struct Labels(Vec<(&'static str, String)>);

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut labels = Labels::default();
        attributes.record(&mut labels);
        if let Some(span) = context.span(id).filter(|_| !labels.0.is_empty()) {
            span.extensions_mut().insert(labels);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut labels = Labels::default();
        values.record(&mut labels);
        let Some(span) = context.span(id).filter(|_| !labels.0.is_empty()) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        if let Some(known) = extensions.get_mut::<Labels>() {
            known.0.extend(labels.0);
        } else {
            extensions.insert(labels);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(labels) = span.extensions().get::<Labels>() {
                for (name, value) in &labels.0 {
                    // What the event says itself, or a span further in, is what is meant.
                    if line.attributes.iter().all(|(known, _)| known != name) {
                        line.attributes.push((name, value.clone()));
                    }
                }
            }
        }
        line.attributes
            .push(("code.namespace", event.metadata().target().to_owned()));
        self.0.log(LogLine {
            time: SystemTime::now(),
            level: *event.metadata().level(),
            message: &line.message,
            attributes: line.attributes,
            span: current_span(),
        });
    }
}

impl Visit for Labels {
    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(label) = LABELS.into_iter().find(|label| *label == field.name()) {
            self.0.push((label, value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if LABELS.contains(&field.name()) {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

/// The message of an event, and its other fields.
#[derive(Default)]
struct Line {
    message: String,
    attributes: Vec<(&'static str, String)>,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            name => self.attributes.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            // Writing to a string does not fail.
            "message" => write!(self.message, "{value:?}").unwrap_or_default(),
            name => self.attributes.push((name, format!("{value:?}"))),
        }
    }
}
