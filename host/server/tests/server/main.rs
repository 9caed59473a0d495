//! The server as its clients see it.

mod embedded;
mod looks;
mod mail;
mod plugins;
mod reload;
mod restarts;
mod rollback;
mod runs;
#[path = "../../../events/tests/events/support/smtp.rs"]
#[expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
mod smtp;
mod streams;
mod support;
