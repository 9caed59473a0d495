//! What is not sent costs nothing. Alone in its process: `tracing` asks all subscribers of a process what they want.

use tenon_servers::Collector;
use tenon_telemetry::{Settings, Telemetry};
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_settings_nothing_is_even_begun() {
    let telemetry = Telemetry::default();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    let _listening = tracing::subscriber::set_default(subscriber);
    let begin = || tracing::info_span!(target: "tenon_server", "attempt");
    assert!(begin().is_disabled());
    assert!(!telemetry.sends_logs() && !telemetry.run("run_1").is_sent());

    // It can begin at any time, and end again.
    let collector = Collector::start().expect("a collector");
    let settings = Settings::new(collector.url().parse().expect("a URL"));
    let prepared = Telemetry::prepare(Some(settings), "server-1").expect("right");
    telemetry.apply(prepared).await;
    assert!(!begin().is_disabled());
    begin().in_scope(|| tracing::debug!(target: "tenon_server", "nobody wants to know"));
    collector.wait_for("the attempt", |collector| {
        let spans = collector.spans();
        spans.iter().any(|span| span.name == "attempt").then_some(())
    });
    let nothing = Telemetry::prepare(None, "server-1").expect("right");
    telemetry.apply(nothing).await;
    assert!(begin().is_disabled());
    assert!(collector.lines().is_empty());
}
