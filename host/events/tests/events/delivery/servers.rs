//! Servers that die, share the work and clear up, over both databases.

use std::time::Duration;

use crate::support::{Behave, HttpTarget, Place, guard, settings, webhook};
use tenon_events::{
    DeliverySettings, DeliveryState, EventRetention, list_targets, redeliver, redeliver_dead, remove_target, retain,
    update_target,
};
use tenon_metadata::{PageRequest, Transaction};
use tenon_servers::{Postgres, or_skip};

use super::numbers;

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
