//! Targets that hang, lead elsewhere, or are where nothing may be called.

use std::time::{Duration, Instant};

use crate::support::{Behave, HttpTarget, Place, settings, webhook};
use tenon_events::DeliverySettings;
use tokio::sync::oneshot;

use super::numbers;

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
