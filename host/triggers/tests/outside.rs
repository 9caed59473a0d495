//! What comes from outside: webhooks, new objects, new rows.

mod common;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::{Running, Server, TENANT, at, name};
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tenon_metadata::{ErrorKind, Name, row};
use tenon_schedule::Clock;
use tenon_tenants::{QuotaOverrides, TenantInput};
use tenon_triggers::{
    Delivery, Error, Found, NoWorkflows, Probe, ProbeConfig, SignatureScheme, Webhook, check_rate, receive, triggers,
    webhook,
};

const SECRET: &str = "a secret of 26 characters.";
const NOW: i64 = 1_700_000_000;

fn hook(signature: SignatureScheme) -> Webhook {
    Webhook {
        secret: name("hook"),
        signature,
        tolerance_seconds: 60,
    }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let parsed = pairs.iter().map(|(name, value)| {
        (
            name.parse::<HeaderName>().expect("a name"),
            HeaderValue::from_str(value).expect("a value"),
        )
    });
    let mut headers = HeaderMap::new();
    for (name, value) in parsed {
        headers.append(name, value);
    }
    headers
}

#[test]
fn standard_webhooks_are_verified_and_old_ones_refused() {
    let hook = hook(SignatureScheme::Standard);
    let body = br#"{"a":1}"#;
    let signature = tenon_events::sign(&[SECRET], "msg_1", NOW, body);
    let sent = |id: &str, time: &str, signature: &str| {
        headers(&[
            ("webhook-id", id),
            ("webhook-timestamp", time),
            ("webhook-signature", signature),
        ])
    };
    let good = sent("msg_1", "1700000000", &signature);
    let now = |seconds: i64| (NOW + seconds) * 1_000_000;

    let delivery = hook.verify(&[SECRET], &good, body, now(59)).expect("a delivery");
    assert_eq!(
        delivery,
        Delivery {
            id: Some("msg_1".to_owned()),
            kind: None,
            body: json!({ "a": 1 })
        }
    );
    assert!(
        hook.verify(&["another secret of 16 and more", SECRET], &good, body, now(0))
            .is_ok()
    );
    for late in [61, -61, 100_000] {
        assert_eq!(
            hook.verify(&[SECRET], &good, body, now(late)).unwrap_err().kind(),
            ErrorKind::Forbidden,
            "{late}"
        );
    }
    let mut twice = good.clone();
    twice.append("webhook-id", HeaderValue::from_static("msg_2"));
    for (bad, body, secret) in [
        (good.clone(), &b"{\"a\":2}"[..], SECRET),
        (good.clone(), body, "another secret of 16 and more"),
        (sent("msg_2", "1700000000", &signature), body, SECRET),
        (sent("msg_1", "1700000001", &signature), body, SECRET),
        (sent("msg_1", "1700000000", "v1,"), body, SECRET),
        (sent("msg_1", "1700000000", ""), body, SECRET),
        (sent("", "1700000000", &signature), body, SECRET),
        (twice, body, SECRET),
        (HeaderMap::new(), body, SECRET),
    ] {
        let error = hook.verify(&[secret], &bad, body, now(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{bad:?}");
        assert!(!error.to_string().contains(secret));
    }
    assert_eq!(
        hook.verify(&["short"], &good, body, now(0)).unwrap_err().kind(),
        ErrorKind::Invalid
    );
    assert_eq!(
        hook.verify(&[SECRET], &good, &vec![b'x'; 2 << 20], now(0))
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
}

#[test]
fn githubs_signatures_and_tokens_are_verified() {
    let secret = "It's a Secret to Everybody";
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let sent = headers(&[
        ("x-hub-signature-256", signature),
        ("x-github-delivery", "guid-1"),
        ("x-github-event", "push"),
    ]);
    let delivery = hook(SignatureScheme::Github)
        .verify(&[secret], &sent, b"Hello, World!", 0)
        .expect("a delivery");
    assert_eq!(
        (delivery.id.as_deref(), delivery.kind.as_deref(), delivery.body),
        (Some("guid-1"), Some("push"), json!("Hello, World!"))
    );
    assert!(
        hook(SignatureScheme::Github)
            .verify(&[secret], &sent, b"Hello, World?", 0)
            .is_err()
    );
    assert!(
        hook(SignatureScheme::Standard)
            .verify(&[secret], &sent, b"Hello, World!", 0)
            .is_err()
    );

    let token = hook(SignatureScheme::Token);
    let with = |value: &str| headers(&[("authorization", value)]);
    assert!(
        token
            .verify(&[SECRET], &with(&format!("Bearer {SECRET}")), b"{}", 0)
            .is_ok()
    );
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Basic a secret of 26 characters.",
        SECRET,
        "Bearer a secret of 26 character",
    ] {
        assert!(token.verify(&[SECRET], &with(bad), b"{}", 0).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_webhook_fires_on_receipt_and_once_per_delivery() {
    let server = Server::new().await;
    let made = json!({
        "when": { "event": { "source": { "webhook": { "secret": "hook" } } } }, "actions": [{ "job": "orders" }],
    });
    server.trigger("hook", made).await;
    assert_eq!(
        server
            .write(|tx| webhook(tx, &name(TENANT), &name("hook")))
            .await
            .secret,
        name("hook")
    );
    let call = |id: &str, body: Value| {
        let delivery = Delivery {
            id: Some(id.to_owned()),
            kind: None,
            body,
        };
        server.try_write(move |tx| receive(tx, &NoWorkflows, &name(TENANT), &name("hook"), &delivery))
    };
    assert!(call("1", json!({ "order": 7 })).await.unwrap().fresh);
    assert!(!call("1", json!({ "order": 7 })).await.unwrap().fresh);
    assert!(call("2", json!("x".repeat(100 << 10))).await.unwrap().fresh);
    let runs = server.until_runs("hook", 2).await;
    assert_eq!(runs[0].arguments["events"][0]["body"], json!({ "order": 7 }));
    assert!(runs[1].arguments["events"][0]["body"]["left_out_bytes"].as_u64() > Some(100 << 10));

    server
        .write(|tx| triggers::deactivate(tx, &name(TENANT), &name("hook"), None))
        .await;
    assert!(matches!(call("3", Value::Null).await, Err(Error::NotListening { .. })));
    let on_demand = json!({ "when": "on_demand", "actions": [{ "job": "orders" }] });
    server.trigger("other", on_demand).await;
    // It is only looked at, since it is not known yet who calls.
    let wrong = server
        .metadata
        .read(|tx| webhook(tx, &name(TENANT), &name("other")))
        .await;
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_tenant_has_no_more_calls_in_a_minute_than_its_quota() {
    let server = Server::new().await;
    let input = TenantInput {
        quotas: QuotaOverrides {
            events_per_minute: Some(2),
            ..QuotaOverrides::default()
        },
        ..TenantInput::default()
    };
    server
        .write(move |tx| Ok(tenon_tenants::tenants::put(tx, &name(TENANT), &input, None)?))
        .await;
    let made = json!({
        "when": { "event": { "source": { "webhook": { "secret": "hook" } } } }, "actions": [{ "job": "orders" }],
    });
    for trigger in ["one", "other"] {
        server.trigger(trigger, made.clone()).await;
    }
    let check = || server.try_write(|tx| check_rate(tx, &name(TENANT)));
    for trigger in ["one", "other"] {
        check().await.expect("not so many yet");
        let delivery = Delivery {
            id: None,
            kind: None,
            body: Value::Null,
        };
        server
            .write(move |tx| receive(tx, &NoWorkflows, &name(TENANT), &name(trigger), &delivery))
            .await;
    }
    let refused = check().await.expect_err("two within a minute");
    assert_eq!(refused.kind(), ErrorKind::Limit);
    server.clock.advance(Duration::from_secs(61));
    check().await.expect("another minute");
}

#[tokio::test]
async fn old_deliveries_are_forgotten_however_many_there_are() {
    let server = Server::new().await;
    server
        .write(|tx| {
            let insert = "insert into trigger_deliveries (trigger_id, delivery, time) values ('hook', ?1, ?2)";
            // More than in one transaction.
            for number in 0..2500_i64 {
                tx.execute(insert, row![format!("old {number}"), number])?;
            }
            let now = tx.now();
            tx.execute(insert, row!["new", now])?;
            Ok(())
        })
        .await;
    let driver = server.drive();
    let mut left = 0;
    for _ in 0..1500 {
        let count = |tx: &mut tenon_metadata::Transaction<'_>| {
            let row = tx.one("select count(*) from trigger_deliveries", &[])?;
            Ok::<i64, Error>(row.get(0)?)
        };
        left = server.write(count).await;
        if left <= 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(left, 1, "what is new stays");
    driver.stop().await;
}

/// Answers what it is told to, and notes where it was to begin.
#[derive(Default)]
struct Told {
    answers: Mutex<VecDeque<Result<Found, String>>>,
    cursors: Mutex<Vec<Option<Value>>>,
}

impl Told {
    fn answer(&self, answer: Result<Found, String>) {
        self.answers.lock().push_back(answer);
    }

    fn looks(&self) -> usize {
        self.cursors.lock().len()
    }
}

#[async_trait]
impl Probe for Told {
    async fn look(&self, tenant: &Name, config: &ProbeConfig, cursor: Option<Value>) -> Result<Found, String> {
        assert_eq!(tenant, &name(TENANT));
        assert!(matches!(config, ProbeConfig::Objects(objects) if objects.url == "s3://lake/new/"));
        self.cursors.lock().push(cursor.clone());
        let answer = self.answers.lock().pop_front();
        answer.unwrap_or_else(|| {
            Ok(Found {
                items: Vec::new(),
                cursor: cursor.unwrap_or(json!(0)),
            })
        })
    }
}

fn found(names: &[&str], cursor: i64) -> Found {
    let items = names
        .iter()
        .map(|name| json!({ "url": format!("s3://lake/new/{name}") }))
        .collect();
    Found {
        items,
        cursor: json!(cursor),
    }
}

#[tokio::test]
async fn new_objects_fire_once_and_failures_back_off_in_sight() {
    let server = Server::new().await;
    let told = Arc::new(Told::default());
    told.answer(Ok(found(&["old"], 1)));
    told.answer(Ok(found(&["a", "b"], 2)));
    told.answer(Err("the bucket `lake` cannot be listed".to_owned()));
    told.answer(Err("the bucket `lake` cannot be listed".to_owned()));
    told.answer(Ok(found(&["c"], 3)));
    let driver = Running::new(server.driver().probe(told.clone()));
    let made = json!({
        "when": { "event": { "source": { "objects": { "url": "s3://lake/new/", "interval_seconds": 10 } } } },
        "actions": [{ "job": "orders" }],
    });
    server.trigger("objects", made).await;
    let wait = async |looks: usize, failures: u32| {
        server
            .until("objects", "looked at", |trigger| {
                told.looks() == looks && trigger.failures == failures
            })
            .await
    };
    wait(1, 0).await;
    // A moment for what was found to be saved; then the interval is over.
    let looked = async |count: usize| {
        for _ in 0..1500 {
            if told.looks() >= count {
                return;
            }
            server.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} looks, not {count}", told.looks());
    };
    looked(2).await;
    let runs = server.until_runs("objects", 1).await;
    let urls: Vec<_> = runs[0].arguments["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["url"].clone())
        .collect();
    assert_eq!(urls, ["s3://lake/new/a", "s3://lake/new/b"]);

    looked(3).await;
    let failed = wait(3, 1).await;
    assert_eq!(failed.last_error.as_deref(), Some("the bucket `lake` cannot be listed"));
    let before = server.clock.now();
    looked(4).await;
    assert!(
        server.clock.now() - before >= chrono::TimeDelta::seconds(19),
        "too soon after a failure"
    );
    wait(4, 2).await;
    looked(5).await;
    server.until_runs("objects", 2).await;
    let well = wait(5, 0).await;
    assert_eq!(well.last_error, None);
    assert_eq!(
        *told.cursors.lock(),
        [None, Some(json!(1)), Some(json!(2)), Some(json!(2)), Some(json!(2))]
    );
    driver.stop().await;
}

#[tokio::test]
async fn a_look_may_remember_many_names() {
    let server = Server::new().await;
    let told = Arc::new(Told::default());
    let cursor = json!({ "files": "x".repeat(4 << 20) });
    told.answer(Ok(Found {
        cursor: cursor.clone(),
        ..found(&["a"], 0)
    }));
    let driver = Running::new(server.driver().probe(told.clone()));
    let made = json!({
        "when": { "event": { "source": { "objects": { "url": "s3://lake/new/", "existing": true } } } },
        "actions": [{ "job": "orders" }],
    });
    server.trigger("objects", made).await;
    server.until_runs("objects", 1).await;
    for _ in 0..1500 {
        if told.looks() >= 2 {
            break;
        }
        server.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(told.cursors.lock()[..2], [None, Some(cursor)]);
    driver.stop().await;
}

/// Never answers.
struct Hanging;

#[async_trait]
impl Probe for Hanging {
    async fn look(&self, _: &Name, _: &ProbeConfig, _: Option<Value>) -> Result<Found, String> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_look_that_dies_is_taken_again_and_its_items_fire_once() {
    let server = Server::new().await;
    let made = json!({
        "when": { "event": { "source": { "objects": { "url": "s3://lake/new/", "existing": true } } } },
        "actions": [{ "job": "orders" }],
    });
    server.trigger("objects", made).await;
    let hanging = Running::new(server.driver().probe(Arc::new(Hanging)));
    let mut claimed = false;
    for _ in 0..1500 {
        let due = server
            .metadata
            .read(|tx| tx.one("select look_due from triggers", &[])?.get::<i64>(0))
            .await
            .expect("a time");
        claimed = due > at(common::START).timestamp_micros();
        if claimed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(claimed);
    hanging.kill().await;
    let told = Arc::new(Told::default());
    told.answer(Ok(found(&["a"], 1)));
    let driver = Running::new(server.driver().probe(told.clone()));
    server.settle().await;
    assert_eq!(told.looks(), 0, "the lease of the other has not run out");
    server.clock.advance(Duration::from_secs(120));
    server.until_runs("objects", 1).await;
    for _ in 0..5 {
        server.clock.advance(Duration::from_secs(61));
        server.settle().await;
    }
    assert_eq!(server.runs("objects").await.len(), 1);
    driver.stop().await;
}
