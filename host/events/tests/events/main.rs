//! Tests of events and their delivery, against servers that are started here.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod conditions;
mod delivery;
mod guard;
mod stream;
mod support;
mod texts;
