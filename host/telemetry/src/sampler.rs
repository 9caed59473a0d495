//! Which traces are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// The part of the traces that are sent. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Share(Arc<AtomicU64>);

impl Share {
    pub fn new(share: f64) -> Self {
        Self(Arc::new(AtomicU64::new(share.to_bits())))
    }

    pub fn set(&self, share: f64) {
        self.0.store(share.to_bits(), Ordering::Relaxed);
    }

    /// Whether a trace that begins here is sent: every server says the same of the same trace.
    pub fn has(&self, trace: TraceId) -> bool {
        let share = f64::from_bits(self.0.load(Ordering::Relaxed));
        let number = u128::from_be_bytes(trace.to_bytes()) as u64 >> 1;
        // The largest is 2^63 - 1, which is below a share of 1.
        (number as f64) < share * (1u64 << 63) as f64 || share >= 1.0
    }
}

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let parent = parent.filter(|parent| parent.has_active_span());
        let parent = parent.map(|parent| parent.span().span_context().clone());
        let is_sent = match &parent {
            Some(parent) if parent.is_valid() => parent.is_sampled(),
            _ => self.has(trace),
        };
        SamplingResult {
            decision: if is_sent {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: parent.map_or_else(TraceState::default, |parent| parent.trace_state().clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_traces_is_sent() {
        let share = Share::new(0.25);
        let sent = (0..10_000u128).filter(|number| {
            let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            share.has(TraceId::from_bytes(spread.to_be_bytes()))
        });
        let sent = sent.count();
        assert!((2_300..2_700).contains(&sent), "{sent}");
        let last = TraceId::from_bytes([0xff; 16]);
        share.set(1.0);
        assert!(share.has(last));
        share.set(0.0);
        assert!(!share.has(TraceId::from_bytes([0; 16])));
    }
}
