//! What is found in memory.

use std::time::Duration;

use tenon_metadata::ErrorKind;
use tenon_versions::{CanaryRules, Catalog, Error, Resolved, StartCanary, start_canary};

use crate::{Place, name};

fn found(catalog: &Catalog, tenant: &str, reference: &str, run: &str) -> Result<Resolved, Error> {
    catalog.resolve(&name(tenant), &reference.parse()?, run)
}

/// Waits until what is looked for is there.
async fn until(mut is_there: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !is_there() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it is never there");
}

#[tokio::test]
async fn every_reference_is_found() {
    let place = Place::new().await;
    let one = place.ready(b"one").await;
    place.ready(b"two").await;
    place.push(b"three").await.unwrap();
    let catalog = Catalog::open(&place.metadata).await.unwrap();
    for (reference, version) in [
        ("clean".to_owned(), 1),
        ("clean@stable".to_owned(), 1),
        ("clean@latest".to_owned(), 2),
        ("clean@2".to_owned(), 2),
        (format!("clean@sha256:{}", one.digest), 1),
    ] {
        let found = found(&catalog, "shop", &reference, "run_1").unwrap();
        assert_eq!((found.version, found.is_canary), (version, false), "{reference}");
    }
    assert_eq!(found(&catalog, "shop", "clean", "run_1").unwrap().digest, one.digest);
    for (tenant, reference, said) in [
        ("shop", "other", "there is no plugin `other`; upload it first"),
        ("bank", "clean", "there is no plugin `clean`; upload it first"),
        ("shop", "clean@night", "the plugin `clean` has no alias `night`"),
        ("shop", "clean@9", "the plugin `clean` has no version 9"),
        (
            "shop",
            "clean@3",
            "version 3 of the plugin `clean` is uploaded, and only one that is ready can be used",
        ),
    ] {
        let error = found(&catalog, tenant, reference, "run_1").unwrap_err();
        assert_eq!(error.to_string(), said);
        assert_ne!(error.kind(), ErrorKind::Internal);
    }
}

#[tokio::test]
async fn it_follows_what_changes() {
    let place = Place::new().await;
    place.ready(b"one").await;
    let catalog = Catalog::open(&place.metadata).await.unwrap();
    let version = |reference: &str| {
        found(&catalog, "shop", reference, "run_1")
            .map(|found| found.version)
            .ok()
    };
    place.ready(b"two").await;
    until(|| version("clean@latest") == Some(2)).await;
    place.promote("stable", 2, None).await.unwrap();
    until(|| version("clean") == Some(2)).await;
    place.promote("night", 1, None).await.unwrap();
    catalog.refresh(&name("shop"), &name("clean")).await.unwrap();
    assert_eq!(version("clean@night"), Some(1), "at once, if somebody asks for it");
}

#[tokio::test]
async fn a_canary_gets_its_share() {
    let place = Place::new().await;
    place.ready(b"one").await;
    place.ready(b"two").await;
    let catalog = Catalog::open(&place.metadata).await.unwrap();
    for (share, expected) in [(0, 0..=0), (20, 150..=250), (100, 1000..=1000)] {
        let start = StartCanary {
            alias: name("stable"),
            version: 2,
            share,
            rules: CanaryRules::default(),
            by: String::new(),
            reason: String::new(),
            if_revision: None,
        };
        place
            .write(move |tx| start_canary(tx, &name("shop"), &name("clean"), &start))
            .await
            .unwrap();
        catalog.refresh(&name("shop"), &name("clean")).await.unwrap();
        let run = |number: u32| found(&catalog, "shop", "clean", &format!("run_{number}")).unwrap();
        let new = (0..1000).filter(|number| run(*number).is_canary).count();
        assert!(expected.contains(&new), "{share} %: {new} of 1000");
        assert!((0..1000).all(|number| run(number) == run(number)));
        assert!((0..1000).all(|number| (run(number).version == 2) == run(number).is_canary));
    }
}

#[tokio::test]
async fn it_lets_go_of_the_database() {
    let place = Place::new().await;
    place.ready(b"one").await;
    let catalog = Catalog::open(&place.metadata).await.unwrap();
    let mut changes = place.metadata.subscribe("plugins");
    drop(catalog);
    drop(place);
    while changes.next().await.is_some() {}
}
