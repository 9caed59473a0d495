//! What runs of a tenant use together, whichever servers carry them out.

use tenon_metadata::Metadata;
use tenon_runs::{Batch, Error, JobSettings, Lease, Outcome, Share, State, TakenOver, Usage, take_share};
use tokio::task::JoinSet;

use crate::place::Place;

const LIMIT: Share = Share {
    memory: 100,
    sandboxes: 4,
};

async fn take(metadata: &Metadata, lease: &Lease, memory: u64, sandboxes: u64) -> Result<bool, Error> {
    let (lease, wanted) = (lease.clone(), Share { memory, sandboxes });
    metadata.write(move |tx| take_share(tx, &lease, &wanted, &LIMIT)).await
}

async fn place(tenants: &[&str]) -> Place {
    let place = Place::new().await;
    for tenant in tenants {
        let settings = JobSettings {
            max_concurrent_runs: 10,
            ..JobSettings::default()
        };
        place.job(tenant, "orders", settings).await;
    }
    place
}

#[tokio::test]
async fn a_tenant_has_no_more_on_two_servers_than_on_one() {
    let place = place(&["shop", "bank"]).await;
    let other = place.another().await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let large = place.begun(&first, "shop", "orders").await;
    let small = place.begun(&second, "shop", "orders").await;
    let banks = place.begun(&second, "bank", "orders").await;
    assert!(take(&place.metadata, &large, 80, 1).await.unwrap());
    assert!(
        !take(&other, &small, 40, 1).await.unwrap(),
        "the tenant has no memory left"
    );
    assert!(!take(&other, &small, 20, 4).await.unwrap(), "nor so many sandboxes");
    assert!(
        take(&other, &banks, 100, 4).await.unwrap(),
        "another tenant has its own"
    );
    assert!(take(&other, &small, 20, 3).await.unwrap());
    // Another amount takes the place of what the run had.
    assert!(!take(&place.metadata, &large, 81, 1).await.unwrap());
    assert!(take(&place.metadata, &large, 60, 1).await.unwrap());
    assert!(take(&other, &small, 40, 3).await.unwrap());
    place.finish(&large, Outcome::new(State::Succeeded)).await.unwrap();
    assert!(take(&other, &small, 100, 4).await.unwrap(), "it was given back");
}

#[tokio::test]
async fn what_a_dead_server_had_is_given_back() {
    let place = place(&["shop"]).await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let dead = place.begun(&first, "shop", "orders").await;
    assert!(take(&place.metadata, &dead, 100, 4).await.unwrap());
    place.pass(31);
    let server = second.clone();
    place.write(move |tx| tenon_runs::renew(tx, &server)).await.unwrap();
    let alive = place.begun(&second, "shop", "orders").await;
    assert!(!take(&place.metadata, &alive, 1, 1).await.unwrap());
    let taken: TakenOver = place.write(move |tx| tenon_runs::take_over(tx, &second)).await.unwrap();
    assert_eq!(taken.waiting.len() + taken.ended.len(), 1);
    assert!(take(&place.metadata, &alive, 100, 4).await.unwrap());
    let late = take(&place.metadata, &dead, 1, 1).await;
    assert!(matches!(late, Err(Error::Fenced { .. })), "{late:?}");
}

#[tokio::test]
async fn a_stream_has_nothing_between_its_micro_batches() {
    let place = place(&["shop"]).await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let stream = place.begun(&first, "shop", "orders").await;
    let other = place.begun(&second, "shop", "orders").await;
    assert!(take(&place.metadata, &stream, 100, 4).await.unwrap());
    assert!(!take(&place.metadata, &other, 1, 1).await.unwrap());
    let lease = stream.clone();
    let batch = Batch {
        number: 1,
        usage: Usage::default(),
        plugins: Vec::new(),
        report: serde_json::Value::Null,
    };
    place
        .write(move |tx| tenon_runs::batch(tx, &lease, &batch))
        .await
        .unwrap();
    assert!(
        take(&place.metadata, &other, 100, 4).await.unwrap(),
        "the stream goes on, and waits for its next micro-batch"
    );
    assert!(!take(&place.metadata, &stream, 1, 1).await.unwrap());
    place.finish(&other, Outcome::new(State::Succeeded)).await.unwrap();
    assert!(take(&place.metadata, &stream, 100, 4).await.unwrap(), "its next one");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_take_at_once_do_not_take_too_much() {
    let place = place(&["shop"]).await;
    let other = place.another().await;
    let servers = [place.server("first").await, place.server("second").await];
    let mut takers = JoinSet::new();
    for number in 0..8 {
        let lease = place.begun(&servers[number % 2], "shop", "orders").await;
        let metadata = [&place.metadata, &other][number % 2].clone();
        takers.spawn(async move { take(&metadata, &lease, 1, 1).await.unwrap() });
    }
    let taken = takers.join_all().await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 4);
}

crate::databases::on_both![
    a_tenant_has_no_more_on_two_servers_than_on_one,
    what_a_dead_server_had_is_given_back,
    a_stream_has_nothing_between_its_micro_batches,
    runs_that_take_at_once_do_not_take_too_much
];
