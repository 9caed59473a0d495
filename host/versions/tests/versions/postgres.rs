//! Several servers on one PostgreSQL.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tenon_servers::Postgres;
use tenon_versions::{
    CanaryRules, Catalog, Counts, Error, Outcome, StartCanary, alias, pin, record_outcome, retire, start_canary, unpin,
};

use crate::{Place, name};

#[tokio::test]
async fn servers_share_plugins_without_a_folder() {
    let Some(server) = Postgres::start_or_skip("versions on postgres") else {
        return;
    };
    let one = Place::with(Some(server.url()), true).await;
    let two = Place::with(Some(server.url()), true).await;
    let catalog = Catalog::open(&two.metadata).await.unwrap();
    let bytes = vec![7; 3 << 20];

    // Both upload the same at once.
    let (first, second) = tokio::join!(one.push(&bytes), two.push(&bytes));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.version.version, second.version.version), (1, 1));
    assert!(first.is_new != second.is_new);
    one.write(|tx| tenon_versions::ready(tx, &name("shop"), &name("clean"), 1, &json!({})))
        .await
        .unwrap();
    let reference = "clean".parse().unwrap();
    let found = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Ok(found) = catalog.resolve(&name("shop"), &reference, "run_1") {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let found = found.await.unwrap();
    assert_eq!(two.store.read(&found.digest).await.unwrap(), bytes);

    // Of promotions at once, one wins.
    one.ready(b"two").await;
    let places = [&one, &two];
    let promoted = join_all((0..8).map(|number| places[number % 2].promote("stable", 2, Some(1)))).await;
    assert_eq!(promoted.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        promoted
            .iter()
            .all(|result| matches!(result, Ok(2) | Err(Error::Changed { .. }))),
        "{promoted:?}"
    );

    // A canary counts the runs of both.
    one.ready(b"three").await;
    let start = StartCanary {
        alias: name("stable"),
        version: 3,
        share: 50,
        rules: CanaryRules::default(),
        by: "ada".to_owned(),
        reason: String::new(),
        if_revision: None,
    };
    one.write(move |tx| start_canary(tx, &name("shop"), &name("clean"), &start))
        .await
        .unwrap();
    let told = join_all((0..60).map(|number| {
        let outcome = if number == 0 {
            Outcome::Failed {
                reason: "a trap".to_owned(),
            }
        } else {
            Outcome::Succeeded
        };
        let version = 2 + i64::from(number % 2 == 0);
        places[number as usize % 2]
            .write(move |tx| record_outcome(tx, &name("shop"), &name("clean"), version, &outcome))
    }))
    .await;
    assert!(told.into_iter().all(|told| told.unwrap().is_empty()));
    let canary = one
        .write(|tx| alias(tx, &name("shop"), &name("clean"), &name("stable")))
        .await
        .unwrap()
        .canary
        .unwrap();
    let counts = |succeeded, failed| Counts { succeeded, failed };
    assert_eq!((canary.old, canary.new), (counts(30, 0), counts(29, 1)));

    // What a run of one server has pinned, the other does not remove.
    let digest = found.digest.clone();
    one.write(move |tx| pin(tx, &name("shop"), "run_1", std::slice::from_ref(&digest)))
        .await
        .unwrap();
    one.write(|tx| retire(tx, &name("shop"), &name("clean"), 1))
        .await
        .unwrap();
    two.pass(10);
    assert_eq!(two.store.collect(Duration::ZERO).await.unwrap().removed, 0);
    one.write(|tx| unpin(tx, &name("shop"), "run_1")).await.unwrap();
    assert_eq!(two.store.collect(Duration::ZERO).await.unwrap().removed, 1);
    assert!(matches!(one.store.read(&found.digest).await, Err(Error::Gone { .. })));
}
