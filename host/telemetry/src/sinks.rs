//! Where OpenTelemetry hands on what was recorded.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{Context, InstrumentationScope, Key, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use crate::export::Line;
use crate::outlet::Outlet;

/// Puts spans that have ended into the queue.
#[derive(Debug)]
pub(crate) struct SpanSink(pub Arc<Outlet<SpanData>>);

impl SpanProcessor for SpanSink {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        for KeyValue { key, .. } in &mut span.attributes {
            *key = namespaced(key);
        }
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Puts lines of logs into the queue.
pub(crate) struct LineSink(pub Arc<Outlet<Line>>);

impl LogProcessor for LineSink {
    fn emit(&self, line: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.0.push((line.clone(), scope.clone()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl fmt::Debug for LineSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LineSink")
    }
}

/// The name of an attribute as others see it: what has no namespace is Tenon's.
pub(crate) fn namespaced(key: &Key) -> Key {
    if key.as_str().contains('.') {
        return key.clone();
    }
    Key::from(format!("tenon.{key}"))
}
