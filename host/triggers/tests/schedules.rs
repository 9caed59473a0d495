//! Schedules fire, once, whatever happens to servers and clocks.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use common::{Running, Server, TENANT, at, name};
use serde_json::{Value, json};
use tenon_metadata::Transaction;
use tenon_runs::{Quotas, set_quotas};
use tenon_servers::Postgres;
use tenon_tenants::{TenantInput, TenantState};
use tenon_triggers::{FiringOutcome, WorkflowError, WorkflowStart, Workflows, triggers};

fn every_five_minutes(missed: &Value) -> Value {
    json!({
        "when": { "schedule": { "expression": "cron(0/5 * * * ? *)", "missed": missed } },
        "actions": [{ "job": "orders", "arguments": { "full": true } }],
    })
}

#[tokio::test]
async fn a_schedule_fires_when_it_is_due_and_says_so() {
    let server = Server::new().await;
    let made = server.trigger("often", every_five_minutes(&json!("skip"))).await;
    assert_eq!(made.next_fire, Some(at("2026-03-02T12:05:00Z")));
    let driver = server.drive();
    server.clock.advance(Duration::from_secs(299));
    server.settle().await;

    let runs = server.until_runs("often", 1).await;
    assert_eq!(
        (runs[0].job.as_str(), &runs[0].arguments["full"]),
        ("orders", &json!(true))
    );
    let trigger = server.get("often").await;
    assert_eq!(trigger.next_fire, Some(at("2026-03-02T12:10:00Z")));
    assert_eq!(trigger.last_fired, Some(at("2026-03-02T12:05:00Z")));
    let firings = server.firings("often").await;
    assert_eq!(firings.len(), 1);
    assert_eq!(
        (firings[0].outcome, firings[0].due),
        (FiringOutcome::Fired, at("2026-03-02T12:05:00Z"))
    );
    assert_eq!(firings[0].started[0].run, runs[0].id);

    // One that is made while the driver sleeps is not overslept, and one that is deactivated rests.
    let soon = json!({
        "when": { "schedule": { "expression": "rate(1 day)", "start": "2026-03-02T12:05:02Z" } },
        "actions": [{ "job": "report" }],
    });
    server.trigger("soon", soon).await;
    server
        .write(|tx| triggers::deactivate(tx, &name(TENANT), &name("often"), None))
        .await;
    server.clock.advance(Duration::from_secs(300));
    server.until_runs("soon", 1).await;
    server.settle().await;
    assert_eq!(server.runs("often").await.len(), 1);
    driver.stop().await;
}

#[tokio::test]
async fn what_was_missed_follows_the_policy_and_is_on_record() {
    let server = Server::new().await;
    let policies = [
        ("skip", json!("skip")),
        ("once", json!("run_once")),
        ("all", json!({ "run_all": 3 })),
    ];
    for (trigger, policy) in &policies {
        server.trigger(trigger, every_five_minutes(policy)).await;
    }
    // No server for an hour and two minutes: twelve due times.
    server.clock.advance(Duration::from_secs(62 * 60));
    let driver = server.drive();
    server.settle().await;
    let keys = |firings: Vec<tenon_triggers::Firing>| {
        firings
            .into_iter()
            .map(|firing| (firing.outcome, firing.due.format("%H:%M").to_string()))
            .collect::<Vec<_>>()
    };
    let (fired, skipped) = (FiringOutcome::Fired, FiringOutcome::Skipped);
    assert_eq!(server.runs("skip").await.len(), 0);
    assert_eq!(keys(server.firings("skip").await), [(skipped, "12:05".to_owned())]);
    server.until_runs("once", 1).await;
    assert_eq!(
        keys(server.firings("once").await),
        [(skipped, "12:05".to_owned()), (fired, "13:00".to_owned())]
    );
    server.until_runs("all", 3).await;
    let reason = server.firings("all").await.remove(0).reason.expect("a reason");
    assert!(
        reason.starts_with("9 due times") && reason.ends_with("at most 3 missed ones are made up for"),
        "{reason}"
    );
    assert_eq!(
        keys(server.firings("all").await)[1..],
        [
            (fired, "13:00".to_owned()),
            (fired, "12:55".to_owned()),
            (fired, "12:50".to_owned())
        ]
    );
    assert_eq!(server.get("once").await.next_fire, Some(at("2026-03-02T13:05:00Z")));
    driver.stop().await;
}

#[tokio::test]
async fn a_clock_set_ahead_and_back_fires_nothing_twice() {
    let server = Server::new().await;
    server.trigger("often", every_five_minutes(&json!("run_once"))).await;
    let driver = server.drive();
    server.clock.advance(Duration::from_secs(300));
    server.until_runs("often", 1).await;

    // An hour ahead: 12:10 to 13:05 are due at once, and the latest runs.
    server.clock.jump(TimeDelta::hours(1));
    server.clock.advance(Duration::from_millis(500));
    server.until_runs("often", 2).await;
    // And back: it is 12:05 again, and due are 13:10 and later.
    server.clock.jump(TimeDelta::hours(-1));
    for _ in 0..12 {
        server.clock.advance(Duration::from_secs(299));
        server.settle().await;
    }
    assert_eq!(server.runs("often").await.len(), 2);
    server.clock.advance(Duration::from_secs(300));
    server.until_runs("often", 3).await;
    let due: Vec<_> = server
        .firings("often")
        .await
        .iter()
        .filter(|firing| firing.outcome == FiringOutcome::Fired)
        .map(|firing| firing.due)
        .collect();
    assert_eq!(
        due,
        [
            at("2026-03-02T13:10:00Z"),
            at("2026-03-02T13:05:00Z"),
            at("2026-03-02T12:05:00Z")
        ]
    );
    driver.stop().await;
}

/// Two servers on one database, one of them killed on the way.
async fn two_servers(server: &Server) {
    const TRIGGERS: usize = 40;
    for number in 0..TRIGGERS {
        server
            .trigger(&format!("often-{number}"), every_five_minutes(&json!("run_once")))
            .await;
    }
    let other = server.again().await;
    let (driver, killed) = (server.drive(), other.drive());
    for round in 1..=4 {
        server.clock.advance(Duration::from_secs(300));
        for number in 0..TRIGGERS {
            server.until_runs(&format!("often-{number}"), round).await;
        }
        if round == 2 {
            server.clock.advance(Duration::from_secs(299));
            server.settle().await;
            server.clock.jump(TimeDelta::seconds(-300));
            break;
        }
    }
    server.clock.advance(Duration::from_secs(600));
    killed.kill().await;
    server.settle().await;
    for number in 0..TRIGGERS {
        let firings = server.firings(&format!("often-{number}")).await;
        let mut due: Vec<_> = firings
            .iter()
            .filter(|firing| firing.outcome == FiringOutcome::Fired)
            .map(|firing| firing.due)
            .collect();
        let fired = due.len();
        due.dedup();
        assert_eq!(due.len(), fired, "fired twice: {due:?}");
        assert_eq!(server.runs(&format!("often-{number}")).await.len(), fired);
        assert!(fired >= 3, "{fired} firings");
    }
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_sqlite_fire_once() {
    two_servers(&Server::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_postgres_fire_once() {
    let Some(postgres) = Postgres::start_or_skip("two_servers_on_postgres_fire_once") else {
        return;
    };
    let clock = Arc::new(tenon_schedule::ManualClock::new(at(common::START)));
    two_servers(&Server::open(postgres.url(), clock, None).await).await;
}

/// Starts workflows, but the database goes away just before the commit, the first few times.
struct Dying {
    deaths: AtomicUsize,
    panics: bool,
}

impl Workflows for Dying {
    fn start(&self, _: &mut Transaction<'_>, start: &WorkflowStart) -> Result<String, WorkflowError> {
        let deaths = self.deaths.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics || deaths >= 3, "a server dies");
        if deaths < 3 {
            let reason = "the connection is gone".to_owned();
            return Err(WorkflowError::Database(tenon_metadata::Error::Unavailable {
                doing: "written",
                reason,
            }));
        }
        Ok(format!("workflow-run-{}", start.idempotency_key))
    }
}

#[tokio::test]
async fn what_dies_between_due_and_commit_fires_once_all_the_same() {
    for panics in [false, true] {
        let server = Server::new().await;
        let made = json!({
            "when": { "schedule": { "expression": "cron(0/5 * * * ? *)", "missed": "run_once" } },
            "actions": [{ "job": "orders" }, { "workflow": "nightly" }],
        });
        server.trigger("both", made).await;
        server.trigger("beside", every_five_minutes(&json!("run_once"))).await;
        let dying = Arc::new(Dying {
            deaths: AtomicUsize::new(0),
            panics,
        });
        let driver = Running::new(server.driver().workflows(dying));
        server.clock.advance(Duration::from_secs(300));
        for _ in 0..1500 {
            if server.runs("both").await.len() == 1 {
                break;
            }
            // It tries again after a second, or a minute where the fault is the trigger's own.
            server.clock.advance(Duration::from_millis(200));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.until_runs("both", 1).await;
        let firings = server.firings("both").await;
        let fired: Vec<_> = firings
            .iter()
            .filter(|firing| firing.outcome == FiringOutcome::Fired)
            .collect();
        assert_eq!(fired.len(), 1, "{firings:?}");
        assert_eq!(fired[0].started.len(), 2);
        assert!(fired[0].started[1].run.starts_with("workflow-run-trigger_"));
        // The other is not held up by it.
        assert!(!server.runs("beside").await.is_empty());
        driver.stop().await;
    }
}

#[tokio::test]
async fn a_full_queue_postpones_and_loses_nothing() {
    let server = Server::new().await;
    let limit = |queued_runs| Quotas {
        queued_runs,
        ..Quotas::default()
    };
    let made = json!({
        "when": { "schedule": { "expression": "cron(0/5 * * * ? *)", "missed": "skip" } },
        "actions": [{ "job": "orders" }, { "job": "report" }],
    });
    server.trigger("both", made).await;
    // Room for one of the two: then neither is started.
    server
        .write(move |tx| {
            set_quotas(tx, &name(TENANT), &limit(1)).expect("quotas");
            Ok(())
        })
        .await;
    let driver = server.drive();
    server.clock.advance(Duration::from_secs(300));
    let full = server
        .until("both", "postponed", |trigger| {
            trigger.next_fire > Some(at("2026-03-02T12:05:00Z"))
        })
        .await;
    assert!(full.next_fire < Some(at("2026-03-02T12:10:00Z")), "{full:?}");
    assert_eq!(server.runs("both").await.len(), 0);
    // Longer than what counts as on time; it was not missed, however.
    server.clock.advance(Duration::from_secs(120));
    server
        .until("both", "postponed again", |trigger| {
            trigger.next_fire > Some(at("2026-03-02T12:07:00Z"))
        })
        .await;
    server
        .write(move |tx| {
            set_quotas(tx, &name(TENANT), &limit(1000)).expect("quotas");
            Ok(())
        })
        .await;
    server.clock.advance(Duration::from_secs(100));
    server.until_runs("both", 2).await;
    assert_eq!(server.firings("both").await[0].due, at("2026-03-02T12:05:00Z"));
    assert_eq!(server.get("both").await.next_fire, Some(at("2026-03-02T12:10:00Z")));
    driver.stop().await;
}

#[tokio::test]
async fn what_cannot_be_started_is_on_record_and_the_schedule_goes_on() {
    let server = Server::new().await;
    let gone =
        json!({ "when": { "schedule": { "expression": "cron(0/5 * * * ? *)" } }, "actions": [{ "job": "gone" }] });
    server.trigger("gone", gone).await;
    server.trigger("often", every_five_minutes(&json!("skip"))).await;
    let driver = server.drive();
    server.clock.advance(Duration::from_secs(300));
    server.until_runs("often", 1).await;
    let trigger = server
        .until("gone", "refused", |trigger| trigger.last_error.is_some())
        .await;
    assert!(trigger.last_error.unwrap().contains("there is no job `gone`"));
    assert_eq!(server.firings("gone").await[0].outcome, FiringOutcome::Failed);

    // Nothing of a suspended tenant runs.
    let suspended = TenantInput {
        state: TenantState::Suspended,
        ..TenantInput::default()
    };
    server
        .write(move |tx| Ok(tenon_tenants::tenants::put(tx, &name(TENANT), &suspended, None)?))
        .await;
    server.clock.advance(Duration::from_secs(300));
    let trigger = server
        .until("often", "refused", |trigger| trigger.last_error.is_some())
        .await;
    assert!(trigger.last_error.unwrap().contains("suspended"));
    assert_eq!(server.runs("often").await.len(), 1);
    driver.stop().await;
}

#[tokio::test]
async fn jitter_delays_the_run_and_not_the_schedule() {
    let server = Server::new().await;
    let made = json!({
        "when": { "schedule": { "expression": "@hourly", "jitter_seconds": 600 } }, "actions": [{ "job": "orders" }],
    });
    let made = server.trigger("hourly", made).await;
    let delay = made.next_fire.expect("a time") - at("2026-03-02T13:00:00Z");
    assert!((TimeDelta::zero()..TimeDelta::seconds(600)).contains(&delay), "{delay}");
    let driver = server.drive();
    server
        .clock
        .advance((TimeDelta::hours(1) + delay).to_std().expect("a time"));
    server.until_runs("hourly", 1).await;
    assert_eq!(server.firings("hourly").await[0].due, at("2026-03-02T13:00:00Z"));
    assert_eq!(
        server.get("hourly").await.next_fire,
        Some(at("2026-03-02T14:00:00Z") + delay)
    );
    driver.stop().await;
}

#[tokio::test]
async fn what_is_due_is_found_by_indexes() {
    let server = Server::new().await;
    let plan = server
        .metadata
        .read(|tx| {
            let mut plans = String::new();
            for column in ["next_fire", "batch_due", "look_due"] {
                for sql in [
                    format!("explain query plan select id from triggers where {column} <= 5 order by {column} limit 9"),
                    format!("explain query plan select {column} from triggers where {column} is not null order by {column} limit 1"),
                ] {
                    for row in tx.query(&sql, &[])? {
                        plans += &row.get::<String>(3)?;
                        plans.push('\n');
                    }
                }
            }
            Ok::<_, tenon_metadata::Error>(plans)
        })
        .await
        .expect("plans");
    assert_eq!(plan.lines().count(), 6, "{plan}");
    assert!(plan.lines().all(|line| line.contains("INDEX triggers_")), "{plan}");
}
