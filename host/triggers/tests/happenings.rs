//! Events fire triggers: each event once for each trigger, alone or in batches, and never without end.

mod common;

use std::time::Duration;

use common::{Server, TENANT, name};
use serde_json::{Value, json};
use tenon_events::Event;
use tenon_runs::{DEEPEST, Quotas, set_quotas};
use tenon_triggers::triggers;

fn on_condition(condition: &str, batch: &Value) -> Value {
    json!({
        "when": { "event": { "source": { "condition": condition }, "batch": batch } },
        "actions": [{ "job": "orders" }],
    })
}

impl Server {
    async fn emit(&self, tenant: &'static str, kind: &'static str, subject: impl Into<String>, data: Value) {
        let event = Event::new(kind).tenant(tenant).subject(subject).data(data);
        self.write(move |tx| Ok(tenon_events::emit(tx, &event).map(drop)?))
            .await;
    }

    /// Makes sure that the events emitted so far have been looked at.
    async fn looked(&self) {
        let probe = format!("look-{}", tenon_metadata::id("n"));
        let made = json!({
            "when": { "event": { "source": { "condition": format!("event.kind == 'test.look' && event.subject == '{probe}'") } } },
            "actions": [{ "job": "report" }],
        });
        self.trigger(&probe, made).await;
        self.emit(TENANT, "test.look", probe.clone(), Value::Null).await;
        self.until_runs(&probe, 1).await;
        let probe = name(&probe);
        self.write(move |tx| triggers::delete(tx, &name(TENANT), &probe, None))
            .await;
    }
}

fn subjects(arguments: &serde_json::Map<String, Value>) -> Vec<String> {
    let events = arguments["events"].as_array().expect("events");
    events
        .iter()
        .map(|event| event["subject"].as_str().unwrap_or("left out").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_fires_once_with_two_servers() {
    let server = Server::new().await;
    let driver = server.drive();
    server
        .trigger(
            "some",
            on_condition("event.kind == 'file.new' && event.data.size > 10", &Value::Null),
        )
        .await;
    server
        .trigger("all", on_condition("event.kind == 'file.new'", &Value::Null))
        .await;
    server.looked().await;
    let other = server.again().await.drive();
    for number in 0..60 {
        server
            .emit(
                TENANT,
                "file.new",
                format!("file-{number}"),
                json!({ "size": number % 20 }),
            )
            .await;
        // What other tenants do is nobody's business, and a condition may ask for what an event has not got.
        server.emit("other", "file.new", "secret", json!({ "size": 99 })).await;
        server.emit(TENANT, "file.new", "", Value::Null).await;
    }
    server.looked().await;
    let runs = server.until_runs("some", 27).await;
    let mut found: Vec<_> = runs.iter().flat_map(|run| subjects(&run.arguments)).collect();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 27);
    server.until_runs("all", 120).await;
    driver.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn events_go_on_where_a_killed_server_left_off() {
    let server = Server::new().await;
    let driver = server.drive();
    server
        .trigger("all", on_condition("event.kind == 'file.new'", &Value::Null))
        .await;
    server.looked().await;
    driver.kill().await;
    for number in 0..10 {
        server
            .emit(TENANT, "file.new", format!("file-{number}"), Value::Null)
            .await;
    }
    assert_eq!(server.runs("all").await.len(), 0);
    let driver = server.drive();
    server.until_runs("all", 10).await;
    driver.kill().await;
    let driver = server.drive();
    server.looked().await;
    assert_eq!(server.runs("all").await.len(), 10);

    // What happens while it is deactivated is not made up for.
    server
        .write(|tx| triggers::deactivate(tx, &name(TENANT), &name("all"), None))
        .await;
    server.emit(TENANT, "file.new", "unseen", Value::Null).await;
    server.looked().await;
    server.clock.advance(Duration::from_millis(1));
    server
        .write(|tx| triggers::activate(tx, &name(TENANT), &name("all"), None))
        .await;
    server.looked().await;
    assert_eq!(server.runs("all").await.len(), 10);
    driver.stop().await;
}

#[tokio::test]
async fn another_jobs_outcome_starts_what_follows_it() {
    let server = Server::new().await;
    let driver = server.drive();
    let after = |states: Value| {
        json!({
            "when": { "event": { "source": { "job": { "job": "orders", "states": states } } } },
            "actions": [{ "job": "report", "pass_events": false }],
        })
    };
    server.trigger("succeeded", after(json!(["SUCCEEDED"]))).await;
    server.trigger("failed", after(json!(["FAILED", "TIMEOUT"]))).await;
    for (kind, job) in [
        ("run.succeeded", "orders"),
        ("run.succeeded", "report"),
        ("run.failed", "orders"),
        ("run.running", "orders"),
        ("run.timeout", "orders"),
    ] {
        server
            .emit(TENANT, kind, "run_1", json!({ "job": job, "depth": 0 }))
            .await;
    }
    server.looked().await;
    let runs = server.until_runs("succeeded", 1).await;
    assert_eq!(
        (runs[0].job.as_str(), runs[0].depth, runs[0].arguments.len()),
        ("report", 1, 0)
    );
    server.until_runs("failed", 2).await;
    driver.stop().await;
}

#[tokio::test]
async fn a_loop_ends_after_sixteen_runs_and_says_so() {
    let server = Server::new().await;
    let driver = server.drive();
    // It starts a run whenever one has come into the queue.
    server
        .trigger(
            "loop",
            on_condition(
                "event.kind == 'run.waiting' && event.data.job == 'orders'",
                &Value::Null,
            ),
        )
        .await;
    // And one that is true for what is said about itself, also when it is stopped.
    server
        .trigger(
            "echo",
            on_condition(
                "event.kind.startsWith('trigger.') && event.subject == 'echo'",
                &Value::Null,
            ),
        )
        .await;
    server
        .emit(TENANT, "run.waiting", "run_0", json!({ "job": "orders", "depth": 0 }))
        .await;
    server
        .emit(TENANT, "trigger.fired", "echo", json!({ "depth": 0 }))
        .await;
    for looping in ["loop", "echo"] {
        let stopped = server
            .until(looping, "stopped", |trigger| {
                trigger
                    .last_error
                    .as_ref()
                    .is_some_and(|error| error.contains("a chain of runs"))
            })
            .await;
        assert!(stopped.last_error.unwrap().contains("number 17"));
    }
    server.looked().await;
    // "echo" starts the job "orders" as well, which "loop" sees.
    let echo = server.runs("echo").await;
    assert_eq!(echo.len(), DEEPEST as usize);
    assert_eq!(echo.last().map(|run| run.depth), Some(DEEPEST));
    assert!(server.runs("loop").await.iter().all(|run| run.depth <= DEEPEST));
    driver.stop().await;
}

#[tokio::test]
async fn a_batch_is_full_or_its_window_ends_also_across_a_restart() {
    let server = Server::new().await;
    let driver = server.drive();
    let batch = json!({ "size": 4, "window_seconds": 60 });
    server
        .trigger("batch", on_condition("event.kind == 'file.new'", &batch))
        .await;
    for number in 0..9 {
        server
            .emit(TENANT, "file.new", format!("file-{number}"), Value::Null)
            .await;
    }
    let runs = server.in_order("batch", server.until_runs("batch", 2).await).await;
    assert_eq!(subjects(&runs[0].arguments), ["file-0", "file-1", "file-2", "file-3"]);
    assert_eq!(subjects(&runs[1].arguments), ["file-4", "file-5", "file-6", "file-7"]);
    let waiting = server
        .until("batch", "waiting", |trigger| trigger.pending_events == 1)
        .await;
    assert!(waiting.next_fire.is_some());

    driver.kill().await;
    server.clock.advance(Duration::from_secs(30));
    let driver = server.drive();
    server.emit(TENANT, "file.new", "file-9", Value::Null).await;
    server
        .until("batch", "waiting", |trigger| trigger.pending_events == 2)
        .await;
    server.clock.advance(Duration::from_secs(29));
    server.settle().await;
    let runs = server.in_order("batch", server.until_runs("batch", 3).await).await;
    assert_eq!(subjects(&runs[2].arguments), ["file-8", "file-9"]);
    let empty = server.get("batch").await;
    assert_eq!((empty.pending_events, empty.next_fire), (0, None));
    driver.stop().await;
}

#[tokio::test]
async fn events_wait_for_room_in_the_queue() {
    let server = Server::new().await;
    let driver = server.drive();
    server
        .trigger("all", on_condition("event.kind == 'file.new'", &Value::Null))
        .await;
    server.looked().await;
    let waiting = 1 + server
        .metadata
        .read(|tx| Ok::<_, tenon_runs::Error>(tenon_runs::counts(tx)?.iter().map(|count| count.runs).sum::<u64>()))
        .await
        .expect("a count");
    let limit = |queued_runs| Quotas {
        queued_runs,
        ..Quotas::default()
    };
    let room = u32::try_from(waiting).expect("few") + 1;
    server
        .write(move |tx| {
            set_quotas(tx, &name(TENANT), &limit(room)).expect("quotas");
            Ok(())
        })
        .await;
    for number in 0..8 {
        server
            .emit(TENANT, "file.new", format!("file-{number}"), Value::Null)
            .await;
    }
    let full = server
        .until("all", "waiting", |trigger| trigger.pending_events >= 6)
        .await;
    assert!(full.last_error.expect("why").contains("queue"));
    server
        .write(move |tx| {
            set_quotas(tx, &name(TENANT), &limit(1000)).expect("quotas");
            Ok(())
        })
        .await;
    server.clock.advance(Duration::from_secs(3600));
    let runs = server.in_order("all", server.until_runs("all", 8).await).await;
    let found: Vec<_> = runs.iter().flat_map(|run| subjects(&run.arguments)).collect();
    assert_eq!(found, (0..8).map(|number| format!("file-{number}")).collect::<Vec<_>>());
    driver.stop().await;
}
