//! The traces of runs, which may last longer than the server that began them.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The trace of a run. Its ids come from the run's: every server that carries out an attempt of it adds to the same trace.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTrace(pub(crate) SpanContext);

impl RunTrace {
    pub(crate) fn new(run: &str, is_sent: impl FnOnce(TraceId) -> bool) -> Self {
        let trace = TraceId::from_bytes(hash(b"trace", run).to_be_bytes());
        let span = hash(b"span", run) as u64;
        let flags = TraceFlags::default().with_sampled(is_sent(trace));
        let span = SpanId::from_bytes(span.to_be_bytes());
        Self(SpanContext::new(trace, span, flags, true, TraceState::default()))
    }

    /// Whether it is sent.
    pub fn is_sent(&self) -> bool {
        self.0.is_sampled()
    }

    /// Its id, as 32 hexadecimal digits.
    pub fn id(&self) -> String {
        self.0.trace_id().to_string()
    }
}

/// FNV-1a: the same on all servers and in all versions, and nobody gains anything by a collision.
fn hash(salt: &[u8], text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = salt.iter().chain(text.as_bytes());
    bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_trace_on_all_servers() {
        let one = RunTrace::new("run_1", |_| true);
        assert_eq!(one, RunTrace::new("run_1", |_| true));
        assert_ne!(one.id(), RunTrace::new("run_2", |_| true).id());
        // Those that were sent by earlier versions.
        assert_eq!(one.id(), format!("{:032x}", hash(b"trace", "run_1")));
        assert!(one.0.is_valid() && one.is_sent() && !RunTrace::new("run_1", |_| false).is_sent());
    }
}
