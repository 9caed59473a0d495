//! Events of the crate `tracing` reach the run's log.
#![cfg(feature = "tracing")]
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use tenon::{Batch, Level, batch, testing};
use tracing_core::field::Value;
use tracing_core::{Event, Metadata, callsite, field, identify_callsite, metadata::Kind, subscriber::Interest};

/// What the macro `tracing::warn!(rows = 2, "half empty")` expands to.
struct Callsite;

static CALLSITE: Callsite = Callsite;
static METADATA: Metadata<'static> = Metadata::new(
    "half empty",
    "test",
    tracing_core::Level::WARN,
    None,
    None,
    None,
    field::FieldSet::new(&["message", "rows"], identify_callsite!(&CALLSITE)),
    Kind::EVENT,
);

impl callsite::Callsite for Callsite {
    fn set_interest(&self, _interest: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

#[tenon::transform]
fn warn(batch: Batch) -> Batch {
    if batch.rows() > 0 {
        let fields = METADATA.fields();
        let (message, rows) = (fields.field("message").unwrap(), fields.field("rows").unwrap());
        let values = [
            (&message, Some(&format_args!("half empty") as &dyn Value)),
            (&rows, Some(&2 as &dyn Value)),
        ];
        Event::dispatch(&METADATA, &fields.value_set(&values));
    }
    batch
}

#[test]
fn events_are_logged_with_their_fields() {
    testing::run("warn", "", batch! { "a" => [1, 2] }).unwrap();
    assert_eq!(testing::logs(), [(Level::Warn, "half empty rows=2".to_owned())]);
}
