//! Webhooks are told at least once, in order, whatever they do.

use std::time::{Duration, Instant};

use crate::support::{BEGIN, Behave, HttpTarget, Place, guard, name, settings, webhook};
use serde_json::json;
use tenon_events::{
    DeliverySettings, DeliveryState, Destination, Error, EventRetention, TargetFilter, list_targets, redeliver,
    redeliver_dead, remove_target, retain, update_target, verify,
};
use tenon_metadata::{PageRequest, Transaction};
use tenon_servers::{Postgres, or_skip};
use tokio::sync::oneshot;

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
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    target.always(Behave::Status(500, ""));
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 2).await;
    let deliverer = place.deliverer();
    let mut rounds = 0;
    while place.deliveries("acme", "hook", Some(DeliveryState::Dead)).await.len() < 2 {
        deliverer.deliver_once().await.unwrap();
        place.pass(Duration::from_secs(600));
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
        lived > Duration::from_secs(22 * 3600) && lived <= Duration::from_secs(24 * 3600),
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

#[tokio::test]
async fn hanging_targets_do_not_delay_others() {
    let place = Place::new().await;
    let (hanging, dripping, flooding, good) = (
        HttpTarget::start().await,
        HttpTarget::start().await,
        HttpTarget::start().await,
        HttpTarget::start().await,
    );
    hanging.always(Behave::Hang);
    dripping.always(Behave::Drip);
    flooding.always(Behave::Flood);
    // More than there are places for: one tenant does not get them all.
    for n in 0..10 {
        place.webhook("evil", &format!("hang-{n}"), &hanging.url()).await;
    }
    place.webhook("evil", "drip", &dripping.url()).await;
    place.webhook("acme", "drip", &dripping.url()).await;
    place.webhook("acme", "flood", &flooding.url()).await;
    place.webhook("acme", "good", &good.url()).await;
    place.emit_many("evil", 3).await;
    let deliverer = place.deliverer_with(
        DeliverySettings {
            concurrency: 8,
            timeout: Duration::from_secs(20),
            ..settings()
        },
        None,
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let run = async {
        let running = deliverer.run(async {
            let _ = stopped.await;
        });
        // The attempts that hang would be waited for; the test does not.
        let _ = tokio::time::timeout(Duration::from_secs(19), running).await;
    };
    let test = async {
        hanging.wait_for(4).await;
        let began = Instant::now();
        place.emit_many("acme", 50).await;
        good.wait_for(50).await;
        flooding.wait_for(50).await;
        let took = began.elapsed();
        println!("50 events past hanging targets in {took:?}");
        assert_eq!(numbers(&good), (0..50).collect::<Vec<_>>());
        assert_eq!(
            hanging.requests().len() + dripping.requests().len(),
            5,
            "4 of evil's, 1 of acme's"
        );
        assert!(took < Duration::from_secs(15));
        let _ = stop.send(());
    };
    tokio::select! {
        () = test => {}
        () = run => panic!("the deliverer ended first"),
    }
}

#[tokio::test]
async fn slow_answers_fail_in_time() {
    let place = Place::new().await;
    for behave in [Behave::Hang, Behave::Drip] {
        let target = HttpTarget::start().await;
        target.then([behave.clone()]);
        let hook = format!("hook-{}", target.port);
        place.webhook("acme", &hook, &target.url()).await;
        place.emit_many("acme", 1).await;
        let deliverer = place.deliverer_with(
            DeliverySettings {
                timeout: Duration::from_millis(300),
                ..settings()
            },
            None,
        );
        assert!(deliverer.deliver_once().await.unwrap() >= 1);
        let attempts = place.attempts("acme", &hook).await;
        assert_eq!(attempts.len(), 1, "{behave:?}");
        assert!(
            attempts[0].error.as_ref().unwrap().contains("no answer"),
            "{attempts:?}"
        );
        assert!(attempts[0].duration >= 250_000);
        place.pass(Duration::from_secs(100));
    }
}

#[tokio::test]
async fn redirects_and_addresses_inside_are_not_called() {
    let (place, target, inside) = (Place::new().await, HttpTarget::start().await, HttpTarget::start().await);
    let location: &'static str = format!("location: {}\r\n", inside.url()).leak();
    target.then([Behave::Status(307, location)]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 1).await;
    place.deliverer().deliver_once().await.unwrap();
    assert!(inside.requests().is_empty());
    let error = place.attempts("acme", "hook").await[0].error.clone().unwrap();
    assert!(error.contains("redirects are not followed"), "{error}");

    let strict = tenon_events::Guard::new(&tenon_events::GuardSettings::default()).unwrap();
    for url in [
        inside.url(),
        "https://169.254.169.254/".to_owned(),
        "https://localhost:1/".to_owned(),
        "x".to_owned(),
    ] {
        let (strict, hook) = (strict.clone(), webhook("inside", &url));
        let refused = place
            .metadata
            .write(move |tx| tenon_events::create_target(tx, &strict, "acme", &hook))
            .await;
        assert!(refused.is_err(), "{url}");
    }
    // A name that passes is checked again when it is called: localhost resolves to loopback.
    let lenient = tenon_events::GuardSettings {
        ports: Vec::new(),
        http: true,
        ..tenon_events::GuardSettings::default()
    };
    let strict = tenon_events::Guard::new(&lenient).unwrap();
    let hook = webhook("localhost", &format!("http://localhost:{}/", inside.port));
    let creating = strict.clone();
    place
        .metadata
        .write(move |tx| tenon_events::create_target(tx, &creating, "acme", &hook))
        .await
        .unwrap();
    place.emit_many("acme", 1).await;
    let secrets = std::sync::Arc::new(crate::support::FixedSecrets);
    let deliverer = tenon_events::Deliverer::new(&place.metadata, &strict, secrets, None, settings()).unwrap();
    deliverer.deliver_once().await.unwrap();
    assert!(inside.requests().is_empty());
    let error = place.attempts("acme", "localhost").await[0].error.clone().unwrap();
    assert!(error.contains("loopback"), "{error}");
}

#[tokio::test]
async fn a_deliverer_that_dies_loses_nothing() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    place.webhook("acme", "hook", &target.url()).await;
    target.then([Behave::Status(200, ""), Behave::Status(200, ""), Behave::Hang]);
    place.emit_many("acme", 6).await;
    let dying = place.deliverer();
    let attempt = tokio::spawn(async move { dying.deliver_once().await });
    target.wait_for(3).await;
    attempt.abort();
    assert!(attempt.await.unwrap_err().is_cancelled());
    // Its lease holds others off, until it runs out.
    let other = place.deliverer();
    assert_eq!(other.deliver_once().await.unwrap(), 0);
    place.pass(Duration::from_secs(17));
    assert_eq!(other.deliver_once().await.unwrap(), 4);
    assert_eq!(numbers(&target), [0, 1, 2, 2, 3, 4, 5]);
}

#[tokio::test]
async fn two_servers_share_the_work() {
    let place = Place::new().await;
    let (one, two) = (HttpTarget::start().await, HttpTarget::start().await);
    place.webhook("acme", "one", &one.url()).await;
    place.webhook("acme", "two", &two.url()).await;
    place.emit_many("acme", 40).await;
    let (first, second) = (place.deliverer(), place.deliverer());
    loop {
        let (a, b) = tokio::join!(first.deliver_once(), second.deliver_once());
        if a.unwrap() + b.unwrap() == 0 {
            break;
        }
    }
    assert_eq!(numbers(&one), (0..40).collect::<Vec<_>>());
    assert_eq!(numbers(&two), (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_holds_events_back_and_loses_none() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 30).await;
    target.then([Behave::Status(500, "")]);
    let deliverer = place.deliverer_with(
        DeliverySettings {
            waiting: 7,
            ..settings()
        },
        None,
    );
    deliverer.deliver_once().await.unwrap();
    assert_eq!(place.deliveries("acme", "hook", None).await.len(), 7);
    for _ in 0..10 {
        place.pass(Duration::from_secs(60));
        deliverer.deliver_once().await.unwrap();
    }
    assert_eq!(numbers(&target)[1..], (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn deliveries_are_kept_for_a_time_and_go_with_their_target() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 20).await;
    place.deliverer().deliver_once().await.unwrap();
    let retention = EventRetention {
        batch: 6,
        ..EventRetention::default()
    };
    let retained = || place.metadata.write(move |tx| retain(tx, &retention));
    assert_eq!(retained().await.unwrap(), 0);
    place.pass(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(retained().await.unwrap(), 18);
    while retained().await.unwrap() > 0 {}
    assert!(place.deliveries("acme", "hook", None).await.is_empty());
    assert!(place.attempts("acme", "hook").await.is_empty());

    place.emit_many("acme", 10).await;
    place.deliverer().deliver_once().await.unwrap();
    place
        .metadata
        .write(|tx| remove_target(tx, "acme", "hook", None))
        .await
        .unwrap();
    let mut removed = 0;
    loop {
        match retained().await.unwrap() {
            0 => break,
            some => removed += some,
        }
    }
    assert_eq!(removed, 10 + 10 + 1);
    // Another one of its name has nothing of it.
    place.webhook("acme", "hook", &target.url()).await;
    assert!(place.deliveries("acme", "hook", None).await.is_empty());
}

#[tokio::test]
async fn postgresql_does_as_sqlite_does() {
    const TEST: &str = "events::postgresql_does_as_sqlite_does";
    let Some(server) = or_skip(TEST, Postgres::start()) else {
        return;
    };
    let place = Place::at(server.url(), tempfile::tempdir().unwrap()).await;
    let target = HttpTarget::start().await;
    target.then([
        Behave::Status(500, ""),
        Behave::Status(422, ""),
        Behave::Status(410, ""),
    ]);
    place.webhook("acme", "hook", &target.url()).await;
    place.emit_many("acme", 3).await;
    let (one, two) = (place.deliverer(), place.deliverer());
    assert_eq!(one.deliver_once().await.unwrap(), 1);
    place.pass(Duration::from_secs(10));
    assert_eq!(two.deliver_once().await.unwrap(), 2);
    assert!(!place.get_target("acme", "hook").await.enabled);
    let again = webhook("hook", &target.url());
    let update = move |tx: &mut Transaction<'_>| update_target(tx, &guard(), "acme", &again, Some(2));
    place.metadata.write(update).await.unwrap();
    place.emit_many("acme", 40).await;
    place.pass(Duration::from_secs(60));
    loop {
        let (a, b) = tokio::join!(one.deliver_once(), two.deliver_once());
        if a.unwrap() + b.unwrap() == 0 {
            break;
        }
    }
    assert_eq!(target.requests().len(), 3 + 3 + 40);
    let delivered = place.deliveries("acme", "hook", Some(DeliveryState::Delivered)).await;
    assert_eq!(delivered.len(), 43);
    assert_eq!(place.deliveries("acme", "hook", None).await, delivered);
    assert_eq!(place.attempts("acme", "hook").await.len(), 46);
    let number = delivered[0].number;
    place
        .metadata
        .write(move |tx| redeliver(tx, "acme", "hook", number))
        .await
        .unwrap();
    assert_eq!(one.deliver_once().await.unwrap(), 1);
    assert_eq!(
        place
            .metadata
            .write(|tx| redeliver_dead(tx, "acme", "hook"))
            .await
            .unwrap(),
        0
    );
    let list = |tx: &mut Transaction<'_>| list_targets(tx, "acme", &PageRequest::default());
    assert_eq!(place.metadata.read(list).await.unwrap().items.len(), 1);
    place
        .metadata
        .write(|tx| remove_target(tx, "acme", "hook", None))
        .await
        .unwrap();
    place.pass(Duration::from_secs(40 * 24 * 3600));
    let mut removed = 0;
    loop {
        match place
            .metadata
            .write(|tx| retain(tx, &EventRetention::default()))
            .await
            .unwrap()
        {
            0 => break,
            some => removed += some,
        }
    }
    // Events, deliveries, attempts, and what remembers the target.
    assert_eq!(removed, 43 + 43 + 47 + 1);
}
