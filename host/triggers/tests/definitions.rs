//! Triggers are made, changed, removed, and started by hand; what makes no sense is refused.

mod common;

use common::{Server, TENANT, at, definition, name};
use serde_json::{Map, Value, json};
use tenon_metadata::{ErrorKind, PageRequest, row};
use tenon_runs::{Quotas, set_quotas};
use tenon_tenants::{QuotaOverrides, TenantInput};
use tenon_triggers::{Definition, Error, NoWorkflows, State, triggers};

fn on_demand() -> Value {
    json!({ "when": "on_demand", "actions": [{ "job": "orders", "arguments": { "a": 1, "b": 2 } }] })
}

#[tokio::test]
async fn triggers_are_made_changed_and_removed() {
    let server = Server::new().await;
    let made = server
        .write(|tx| triggers::create(tx, &name(TENANT), &name("t"), &definition(on_demand()), false))
        .await;
    assert_eq!((made.state, made.version, made.next_fire), (State::Created, 1, None));
    let twice = server
        .try_write(|tx| triggers::create(tx, &name(TENANT), &name("t"), &definition(on_demand()), false))
        .await;
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Conflict);

    let daily = json!({ "when": { "schedule": { "expression": "@daily" } }, "actions": [{ "workflow": "nightly" }] });
    let changed = daily.clone();
    let changed = server
        .write(move |tx| triggers::update(tx, &name(TENANT), &name("t"), &definition(changed.clone()), Some(1)))
        .await;
    assert_eq!((changed.version, changed.next_fire), (2, None));
    let stale = server
        .try_write(|tx| triggers::update(tx, &name(TENANT), &name("t"), &definition(on_demand()), Some(1)))
        .await;
    assert!(matches!(
        stale,
        Err(Error::Changed {
            expected: 1,
            found: 2,
            ..
        })
    ));

    let active = server
        .write(|tx| triggers::activate(tx, &name(TENANT), &name("t"), Some(2)))
        .await;
    assert_eq!(
        (active.state, active.next_fire),
        (State::Activated, Some(at("2026-03-03T00:00:00Z")))
    );
    // What doesn't concern the schedule leaves it alone; a new one counts from now.
    let mut described = definition(daily);
    described.description = "at night".to_owned();
    let described = server
        .write(move |tx| triggers::update(tx, &name(TENANT), &name("t"), &described, None))
        .await;
    assert_eq!((described.version, described.next_fire), (4, active.next_fire));
    let hourly = json!({ "when": { "schedule": { "expression": "@hourly" } }, "actions": [{ "job": "orders" }] });
    let hourly = server
        .write(move |tx| triggers::update(tx, &name(TENANT), &name("t"), &definition(hourly.clone()), None))
        .await;
    assert_eq!(hourly.next_fire, Some(at("2026-03-02T13:00:00Z")));
    let resting = server
        .write(|tx| triggers::deactivate(tx, &name(TENANT), &name("t"), None))
        .await;
    assert_eq!((resting.state, resting.next_fire), (State::Deactivated, None));

    server
        .write(|tx| triggers::delete(tx, &name(TENANT), &name("t"), Some(6)))
        .await;
    let gone = server
        .try_write(|tx| triggers::get(tx, &name(TENANT), &name("t")))
        .await;
    assert_eq!(gone.unwrap_err().to_string(), "there is no trigger `t`");
}

#[tokio::test]
async fn what_belongs_to_another_tenant_does_not_exist() {
    let server = Server::new().await;
    server.trigger("mine", on_demand()).await;
    let other = || name("other");
    let mine = || name("mine");
    let not_found = |result: Result<(), Error>| match result {
        Err(error) => assert_eq!(error.to_string(), "there is no trigger `mine`"),
        Ok(()) => panic!("found"),
    };
    not_found(
        server
            .try_write(move |tx| triggers::get(tx, &other(), &mine()).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| triggers::update(tx, &other(), &mine(), &definition(on_demand()), None).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| triggers::delete(tx, &other(), &mine(), None))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| triggers::activate(tx, &other(), &mine(), None).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| triggers::deactivate(tx, &other(), &mine(), None).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| triggers::start(tx, &NoWorkflows, &other(), &mine(), &Map::new(), None).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| tenon_triggers::firings(tx, &other(), &mine(), &PageRequest::default()).map(drop))
            .await,
    );
    not_found(
        server
            .try_write(move |tx| tenon_triggers::webhook(tx, &other(), &mine()).map(drop))
            .await,
    );
    let listed = server
        .write(move |tx| triggers::list(tx, &other(), &PageRequest::default()))
        .await;
    assert!(listed.items.is_empty());
}

#[tokio::test]
async fn lists_have_pages_and_quotas_have_ends() {
    let server = Server::new().await;
    for trigger in ["c", "a", "b"] {
        server.trigger(trigger, on_demand()).await;
    }
    let page = |after: Option<String>| PageRequest { limit: 2, after };
    let first = server
        .write(move |tx| triggers::list(tx, &name(TENANT), &page(None)))
        .await;
    let names = |page: &tenon_metadata::Page<tenon_triggers::Trigger>| {
        page.items
            .iter()
            .map(|trigger| trigger.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&first), first.next.as_deref()),
        (vec!["a".to_owned(), "b".to_owned()], Some("b"))
    );
    let next = first.next;
    let second = server
        .write(move |tx| triggers::list(tx, &name(TENANT), &page(next.clone())))
        .await;
    assert_eq!((names(&second), second.next), (vec!["c".to_owned()], None));

    let quotas = QuotaOverrides {
        triggers: Some(3),
        ..QuotaOverrides::default()
    };
    let input = TenantInput {
        quotas,
        ..TenantInput::default()
    };
    server
        .write(move |tx| Ok(tenon_tenants::tenants::put(tx, &name(TENANT), &input, None)?))
        .await;
    let many = server
        .try_write(|tx| triggers::create(tx, &name(TENANT), &name("d"), &definition(on_demand()), true))
        .await;
    let many = many.unwrap_err();
    assert_eq!(many.kind(), ErrorKind::Limit);
    assert!(many.to_string().contains("quota of triggers"), "{many}");
    assert_eq!(server.write(|tx| triggers::delete_all(tx, &name(TENANT))).await, 3);
    let left = server
        .metadata
        .read(|tx| tx.one("select count(*) from triggers", row![])?.get::<i64>(0))
        .await;
    assert_eq!(left.expect("a count"), 0);
}

#[tokio::test]
async fn a_trigger_is_started_by_hand_once_per_key() {
    let server = Server::new().await;
    server.trigger("t", on_demand()).await;
    let arguments = json!({ "b": 3 }).as_object().cloned().expect("an object");
    let start = |key: &'static str| {
        let arguments = arguments.clone();
        server.try_write(move |tx| triggers::start(tx, &NoWorkflows, &name(TENANT), &name("t"), &arguments, Some(key)))
    };
    let (first, again, other) = (
        start("k").await.unwrap(),
        start("k").await.unwrap(),
        start("l").await.unwrap(),
    );
    assert_eq!(first, again);
    assert_ne!(first, other);
    let runs = server.until_runs("t", 2).await;
    assert_eq!(Value::Object(runs[0].arguments.clone()), json!({ "a": 1, "b": 3 }));

    let mixed = json!({ "when": "on_demand", "actions": [{ "job": "orders" }, { "workflow": "w" }] });
    server.trigger("mixed", mixed).await;
    let refused = server
        .try_write(|tx| triggers::start(tx, &NoWorkflows, &name(TENANT), &name("mixed"), &Map::new(), None))
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the trigger `mixed` starts nothing: there is no workflow `w`"
    );
    assert_eq!(server.runs("mixed").await.len(), 0);
    server
        .write(|tx| {
            set_quotas(
                tx,
                &name(TENANT),
                &Quotas {
                    queued_runs: 2,
                    ..Quotas::default()
                },
            )
            .expect("quotas");
            Ok(())
        })
        .await;
    let full = start("m").await.unwrap_err();
    assert!(
        full.kind() == ErrorKind::Limit && full.retry_after().is_some(),
        "{full}"
    );
}

#[test]
fn what_makes_no_sense_names_its_field() {
    let now = at(common::START);
    let event = |source: Value| json!({ "when": { "event": { "source": source } }, "actions": [{ "job": "orders" }] });
    let schedule = |schedule: Value| json!({ "when": { "schedule": schedule }, "actions": [{ "job": "orders" }] });
    for (bad, field) in [
        (json!({ "when": "on_demand", "actions": [] }), "actions"),
        (json!({ "when": "on_demand", "actions": [{}] }), "actions[0]"),
        (
            json!({ "when": "on_demand", "actions": [{ "job": "a" }, { "job": "a", "workflow": "b" }] }),
            "actions[1]",
        ),
        (
            json!({ "when": "on_demand", "actions": [{ "job": "a", "arguments": { "x": "x".repeat(17 << 10) } }] }),
            "actions[0].arguments",
        ),
        (
            json!({ "when": "on_demand", "description": "x".repeat(3000), "actions": [{ "job": "a" }] }),
            "description",
        ),
        (schedule(json!({ "expression": "0 0 30 2 *" })), "when.schedule"),
        (
            schedule(json!({ "expression": "@daily", "end": "2020-01-01T00:00:00Z" })),
            "when.schedule",
        ),
        (
            schedule(json!({ "expression": "@daily", "missed": { "run_all": 5000 } })),
            "when.schedule",
        ),
        (
            event(json!({ "condition": "event.kind ==" })),
            "when.event.source.condition",
        ),
        (
            event(json!({ "job": { "job": "a", "states": [] } })),
            "when.event.source.job.states",
        ),
        (
            event(json!({ "job": { "job": "a", "states": ["RUNNING"] } })),
            "when.event.source.job.states",
        ),
        (
            event(json!({ "webhook": { "secret": "s", "tolerance_seconds": 0 } })),
            "when.event.source.webhook.tolerance_seconds",
        ),
        (
            event(json!({ "objects": { "url": "s3://b/p/", "interval_seconds": 1 } })),
            "when.event.source.objects.interval_seconds",
        ),
        (
            event(json!({ "objects": { "url": " " } })),
            "when.event.source.objects.url",
        ),
        (
            event(json!({ "objects": { "url": "b/p/", "connection": "lake" } })),
            "when.event.source.objects.url",
        ),
        (
            event(json!({ "rows": { "connection": "c", "query": " ", "cursor_column": "id" } })),
            "when.event.source.rows.query",
        ),
        (
            json!({ "when": { "event": { "source": { "condition": "true" }, "batch": { "size": 0 } } }, "actions": [{ "job": "a" }] }),
            "when.event.batch.size",
        ),
    ] {
        match definition(bad.clone()).check(now) {
            Err(Error::Invalid { field: found, .. }) => assert_eq!(found, field, "{bad}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
    for bad in [
        json!({ "when": { "schedule": { "expression": "0 25 * * *" } }, "actions": [] }),
        json!({ "when": "sometimes", "actions": [] }),
        json!({ "when": "on_demand", "actions": [{ "job": "../etc" }] }),
        json!({ "when": "on_demand", "actions": [], "extra": 1 }),
    ] {
        assert!(serde_json::from_value::<Definition>(bad.clone()).is_err(), "{bad}");
    }
}
