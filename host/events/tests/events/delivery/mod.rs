//! Webhooks are told at least once, in order, whatever they do.

mod failing;
mod servers;
mod unkind;

use crate::support::{BEGIN, HttpTarget, Place, guard, name, webhook};
use serde_json::json;
use tenon_events::{DeliveryState, Destination, Error, TargetFilter, update_target, verify};

fn numbers(target: &HttpTarget) -> Vec<i64> {
    target.requests().iter().map(crate::support::Request::n).collect()
}

#[tokio::test]
async fn events_arrive_in_order_signed_as_cloud_events() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    place.emit("acme", "run.before", json!({ "n": -1 })).await;
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 3).await;
    place.emit("other", "run.succeeded", json!({ "n": 99 })).await;
    assert_eq!(place.deliverer().deliver_once().await.unwrap(), 3);
    assert_eq!(numbers(&target), [0, 1, 2]);

    let request = &target.requests()[1];
    let event = request.json();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "run.succeeded");
    assert_eq!(event["source"], "/tenants/acme");
    assert_eq!(event["subject"], "run_1");
    assert_eq!(event["time"], "2023-11-14T22:13:20.000000Z");
    assert_eq!(
        request.header("webhook-id"),
        format!("evt_{}", event["id"].as_str().unwrap())
    );
    assert!(
        request
            .header("content-type")
            .starts_with("application/cloudevents+json")
    );
    let check = |secret| {
        verify(
            &[secret],
            request.header("webhook-id"),
            request.header("webhook-timestamp"),
            request.header("webhook-signature"),
            request.body.as_bytes(),
            BEGIN / 1_000_000 + 1,
        )
    };
    check("acme new").unwrap();
    assert!(check("acme old").is_err());
    assert!(
        place
            .deliveries("acme", "hook", Some(DeliveryState::Pending))
            .await
            .is_empty()
    );
    assert_eq!(place.attempts("acme", "hook").await[0].status, Some(200));
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    let mut hook = webhook("hook", &target.url());
    if let Destination::Webhook(webhook) = &mut hook.destination {
        webhook.previous_secret = Some(name("old-signing"));
    }
    place.target("acme", hook).await;
    place.emit_many("acme", 1).await;
    place.deliverer().deliver_once().await.unwrap();
    let request = &target.requests()[0];
    for secret in ["acme new", "acme old"] {
        let (id, time) = (request.header("webhook-id"), request.header("webhook-timestamp"));
        let signature = request.header("webhook-signature");
        verify(
            &[secret],
            id,
            time,
            signature,
            request.body.as_bytes(),
            BEGIN / 1_000_000,
        )
        .unwrap();
    }
}

#[tokio::test]
async fn filters_choose() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    let mut hook = webhook("hook", &target.url());
    hook.filter = TargetFilter {
        kinds: vec!["run.failed".to_owned()],
        condition: Some("event.data.n > 2 || event.data.odd > 1".to_owned()),
    };
    place.target("acme", hook.clone()).await;
    for n in 0..5 {
        place.emit("acme", "run.failed", json!({ "n": n })).await;
        place.emit("acme", "run.succeeded", json!({ "n": n })).await;
        place.emit("acme", "run.failed", json!({ "odd": "a text" })).await;
    }
    place.deliverer().deliver_once().await.unwrap();
    assert_eq!(numbers(&target), [3, 4]);
    hook.filter.condition = Some("event.data.n >".to_owned());
    let wrong = place
        .metadata
        .write(move |tx| update_target(tx, &guard(), "acme", &hook, None))
        .await;
    assert!(matches!(wrong, Err(Error::Condition { .. })));
}
