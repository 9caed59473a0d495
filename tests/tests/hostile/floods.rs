//! Floods of what is small by itself: messages, state, names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenon_runtime::{ErrorKind, Limits, Run};
use tenon_tests::arena::{Arena, limits};

#[tokio::test]
async fn a_flood_of_messages_is_cut_off_and_counted() {
    let arena = Arena::new().await;
    let attempt = arena.attack("log", "50000").await;
    attempt.came_to_nothing();
    let (logs, dropped) = (attempt.run.logs(), attempt.run.dropped_logs());
    let bytes: usize = logs.iter().map(|record| record.message.len()).sum();
    assert!(bytes <= 16 << 10, "{bytes}");
    assert_eq!(logs.len() as u64 + dropped, 50_000);
}

#[tokio::test]
async fn one_large_message_is_clipped() {
    let arena = Arena::new().await;
    let limits = Limits {
        memory: 256 << 20,
        call_bytes: 256 << 20,
        ..limits()
    };
    let attempt = arena.attack_within(limits, "log-large", "").await;
    attempt.came_to_nothing();
    let message = attempt.run.logs()[0].message.clone();
    assert!(
        message.len() < 8_300 && message.contains("52428800 bytes"),
        "{} bytes",
        message.len()
    );
    arena.attack("log-large", "").await.met_limit("memory", "32 MiB");
}

/// What goes to the host's own log ends at the run's limit too: it may go to a disk.
#[tokio::test]
async fn the_hosts_own_log_is_not_flooded() {
    let arena = Arena::new().await;
    let counter = Arc::new(AtomicUsize::new(0));
    let guard = tracing::subscriber::set_default(Counter(Arc::clone(&counter)));
    let run = arena.attack("log", "50000").await.run;
    drop(guard);
    let events = counter.load(Ordering::Relaxed);
    assert!(
        events <= run.logs().len() + 1,
        "{events} events, {} records",
        run.logs().len()
    );
}

/// Terminals obey control characters; logs and errors hold none but line ends and tabs.
#[tokio::test]
async fn control_characters_are_taken_out() {
    let arena = Arena::new().await;
    let attempt = arena
        .attack("log-control", "red \u{1b}[31m, bell \u{7}, title \u{1b}]0;x\u{9c}")
        .await;
    let message = attempt.run.logs()[0].message.clone();
    assert!(!message.contains(char::is_control), "{message:?}");
    let error = arena
        .attack("error-control", "red \u{1b}[31m\rover")
        .await
        .error()
        .to_string();
    assert!(!error.contains(char::is_control), "{error:?}");
}

#[tokio::test]
async fn state_ends_at_its_limit() {
    let arena = Arena::new().await;
    let figure = &["`state_bytes` of 64 KiB"];
    let attempt = arena.attack("state", "100000").await;
    attempt.was_refused(ErrorKind::Limit, figure);
    let bytes: usize = attempt
        .run
        .state()
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    assert!(bytes <= 64 << 10, "{bytes}");
    arena
        .attack("state-large", "70000")
        .await
        .was_refused(ErrorKind::Limit, figure);
    arena.attack("state-large", "60000").await.came_to_nothing();
    arena
        .attack("state-key", "1000000")
        .await
        .was_refused(ErrorKind::Limit, &["1000000 bytes", "1024"]);
}

#[tokio::test]
async fn metrics_end_at_a_thousand_names() {
    let arena = Arena::new().await;
    let attempt = arena.attack("metrics", "20000").await;
    attempt.came_to_nothing();
    assert_eq!(attempt.run.counters().len(), 1_000);
    let attempt = arena.attack("metric-large", "").await;
    attempt.came_to_nothing();
    assert!(attempt.run.counters().keys().all(|name| name.len() <= 128));
}

#[tokio::test]
async fn names_that_are_not_there_are_clipped() {
    let arena = Arena::new().await;
    let attempt = arena.attack("parameter", "absent").await;
    attempt.came_to_nothing();
    assert_eq!(attempt.counted("found"), 0);
    arena
        .attack("secret-name", "")
        .await
        .was_refused(ErrorKind::Denied, &["was not granted", "1048576 bytes"]);
}

#[tokio::test]
async fn random_bytes_are_bounded() {
    let arena = Arena::new().await;
    let attempt = arena.attack("random", "65536").await;
    assert_eq!(attempt.counted("random"), 65_536);
    arena
        .attack("random", "4294967295")
        .await
        .was_refused(ErrorKind::Limit, &["4294967295", "65536"]);
}

/// Limits that are counted per run hold over all its sandboxes.
#[tokio::test]
async fn another_sandbox_gives_a_run_no_new_log() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "two").limits(limits()).build();
    for _ in 0..2 {
        let mut sandbox = arena.open(&run, "log", "1000").await;
        sandbox.process(tenon_tests::arena::numbers(3)).await.unwrap();
    }
    let bytes: usize = run.logs().iter().map(|record| record.message.len()).sum();
    assert!(bytes <= 16 << 10, "{bytes}");
    arena.assert_well().await;
}

/// Counts what guests say to the host's log.
struct Counter(Arc<AtomicUsize>);

impl tracing::Subscriber for Counter {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "tenon::guest"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
