//! Targets that fail, for a while or for good.

use std::time::Duration;

use crate::support::{Behave, HttpTarget, Place, guard, webhook};
use serde_json::json;
use tenon_events::{DeliveryState, Error, redeliver, redeliver_dead, update_target};

use super::numbers;

#[tokio::test]
async fn a_target_that_fails_is_tried_again_later_in_order() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.then([Behave::Status(500, ""), Behave::Reset, Behave::Status(503, "")]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 3).await;
    let deliverer = place.deliverer();
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    // It is left alone until its pause is over.
    assert_eq!(deliverer.deliver_once().await.unwrap(), 0);
    place.pass(Duration::from_secs(7));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    place.pass(Duration::from_secs(7));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 0);
    assert_eq!(place.get_target("acme", "hook").await.failures, 2);
    place.pass(Duration::from_secs(6));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    place.pass(Duration::from_secs(30));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 3);
    assert_eq!(numbers(&target), [0, 0, 0, 0, 1, 2]);
    let same_id = target.requests()[..4]
        .iter()
        .all(|request| request.header("webhook-id") == "evt_1");
    assert!(same_id);
    let errors: Vec<_> = place
        .attempts("acme", "hook")
        .await
        .into_iter()
        .rev()
        .map(|attempt| attempt.error)
        .collect();
    assert!(errors[0].as_ref().unwrap().contains("500"), "{errors:?}");
    assert!(errors[1].is_some() && errors[3].is_none(), "{errors:?}");
    assert_eq!(place.get_target("acme", "hook").await.failures, 0);
}

#[tokio::test]
async fn an_event_that_is_refused_does_not_hold_up_others() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.then([Behave::Status(422, "")]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 3).await;
    let deliverer = place.deliverer();
    assert_eq!(deliverer.deliver_once().await.unwrap(), 3);
    place.pass(Duration::from_secs(7));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    assert_eq!(numbers(&target), [0, 1, 2, 0]);
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.then([Behave::Status(429, "retry-after: 3600\r\n")]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 2).await;
    let deliverer = place.deliverer();
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    place.pass(Duration::from_secs(3599));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 0);
    place.pass(Duration::from_secs(1));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 2);
}

#[tokio::test]
async fn gone_disables_until_it_is_enabled_again() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.then([Behave::Status(410, "")]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 1).await;
    let deliverer = place.deliverer();
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    let disabled = place.get_target("acme", "hook").await;
    assert!(!disabled.enabled && disabled.disabled_because.unwrap().contains("410"));
    place.emit("acme", "run.succeeded", json!({ "n": 7 })).await;
    place.pass(Duration::from_secs(3600));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 0);
    let again = webhook("hook", &target.url());
    let stale = again.clone();
    let stale = place
        .metadata
        .write(move |tx| update_target(tx, &guard(), "acme", &stale, Some(1)))
        .await;
    assert!(matches!(stale, Err(Error::TargetChanged { found: 2, .. })), "{stale:?}");
    place
        .metadata
        .write(move |tx| update_target(tx, &guard(), "acme", &again, Some(2)))
        .await
        .unwrap();
    place.emit("acme", "run.succeeded", json!({ "n": 8 })).await;
    assert_eq!(deliverer.deliver_once().await.unwrap(), 2);
    assert_eq!(numbers(&target), [0, 0, 8]);
}

#[tokio::test]
async fn what_fails_for_a_day_is_given_up_and_can_be_delivered_again() {
    // The last attempt, which is due within the day, may come so much later.
    const ROUND: Duration = Duration::from_secs(600);
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.always(Behave::Status(500, ""));
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 2).await;
    let deliverer = place.deliverer();
    let mut rounds = 0;
    while place.deliveries("acme", "hook", Some(DeliveryState::Dead)).await.len() < 2 {
        deliverer.deliver_once().await.unwrap();
        place.pass(ROUND);
        rounds += 1;
        assert!(rounds < 400);
    }
    let dead = place.deliveries("acme", "hook", Some(DeliveryState::Dead)).await;
    assert!(
        dead.iter()
            .all(|delivery| delivery.error.is_some() && delivery.finished.is_some())
    );
    let lived = Duration::from_micros((dead[0].finished.unwrap() - dead[0].created) as u64);
    assert!(
        lived > Duration::from_secs(22 * 3600) && lived <= Duration::from_secs(24 * 3600) + ROUND,
        "{lived:?}"
    );
    place.pass(Duration::from_secs(24 * 3600));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 0);

    target.always(Behave::Status(204, ""));
    let before = target.requests().len();
    let number = dead[1].number;
    let of_other = place
        .metadata
        .write(move |tx| redeliver(tx, "other", "hook", number))
        .await;
    assert!(matches!(of_other, Err(Error::NoSuchTarget { .. })));
    place
        .metadata
        .write(move |tx| redeliver(tx, "acme", "hook", number))
        .await
        .unwrap();
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    let rest = place
        .metadata
        .write(|tx| redeliver_dead(tx, "acme", "hook"))
        .await
        .unwrap();
    assert_eq!(rest, 1);
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    assert_eq!(numbers(&target)[before..], [0, 1]);
    let missing = place.metadata.write(|tx| redeliver(tx, "acme", "hook", 12345)).await;
    assert!(matches!(missing, Err(Error::NoSuchDelivery { .. })));
}
