//! Two servers at work on one database.

use std::collections::BTreeSet;

use serde_json::json;
use tenon_metadata::{Metadata, row};
use tenon_runs::{Capacity, Claimed, Commit, Error, JobSettings, Lease, Outcome, Quotas, State, TakenOver};
use tokio::task::JoinSet;

use crate::place::{Place, request};

const TENANTS: usize = 5;
const RUNS: usize = 500;

/// A place with runs of some tenants that wait, of two jobs each.
async fn crowded() -> Place {
    let place = Place::new().await;
    for tenant in (0..TENANTS).map(|tenant| format!("t{tenant}")) {
        let quotas = Quotas {
            concurrent_runs: 40,
            ..Quotas::default()
        };
        place.quotas(&tenant, quotas).await;
        for job in ["one", "two"] {
            let settings = JobSettings {
                max_concurrent_runs: 30,
                retry_delay_seconds: 0,
                ..JobSettings::default()
            };
            place.job(&tenant, job, settings).await;
        }
        place
            .write(move |tx| {
                for run in 0..RUNS / TENANTS {
                    tenon_runs::submit(tx, &request(&tenant, ["one", "two"][run % 2]))?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
    place
}

async fn claim(metadata: &Metadata, server: &str, runs: usize) -> Vec<Claimed> {
    let server = server.to_owned();
    metadata
        .write(move |tx| tenon_runs::claim(tx, &server, &Capacity { runs }))
        .await
        .unwrap()
}

async fn finish(metadata: &Metadata, lease: &Lease) -> Result<(), Error> {
    let lease = lease.clone();
    let outcome = Outcome::new(State::Succeeded);
    metadata
        .write(move |tx| tenon_runs::finish(tx, &lease, &outcome).map(drop))
        .await
}

/// Claims and finishes until there is nothing more; answers with what was claimed.
async fn work(metadata: Metadata, server: String) -> Vec<String> {
    let mut done = Vec::new();
    loop {
        let claimed = claim(&metadata, &server, 7).await;
        if claimed.is_empty() {
            let waiting = metadata.write(|tx| Ok(tx.one("select count(*) from run_queue", row![])?.get::<i64>(0)?));
            // What the other one was about to take or to end may be all that there was.
            if waiting.await.map_err(|error: Error| error).unwrap() == 0 {
                return done;
            }
            tokio::task::yield_now().await;
        }
        for run in claimed {
            finish(&metadata, &run.lease).await.unwrap();
            done.push(run.lease.run);
        }
    }
}

async fn count(place: &Place, select: &'static str) -> i64 {
    let count = place.write(move |tx| Ok(tx.one(select, row![])?.get(0)?));
    count.await.unwrap()
}

/// Every run has succeeded, and what is counted comes to nothing again.
async fn all_is_done(place: &Place) {
    let succeeded = count(place, "select count(*) from runs where state = 'SUCCEEDED'").await;
    assert_eq!(succeeded, RUNS as i64);
    let totals = count(place, "select sum(total) from run_totals where state = 'SUCCEEDED'").await;
    assert_eq!(totals, RUNS as i64);
    let told = count(place, "select count(*) from events where kind = 'run.succeeded'").await;
    assert_eq!(told, RUNS as i64);
    let left = "select (select count(*) from run_queue) + (select sum(running) from run_lanes)
        + (select sum(running + waiting) from run_tenants) + (select count(*) from runs where owner is not null)";
    assert_eq!(count(place, left).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_is_claimed_twice() {
    let place = crowded().await;
    let other = place.another().await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let mut workers = JoinSet::new();
    for _ in 0..2 {
        workers.spawn(work(place.metadata.clone(), first.clone()));
        workers.spawn(work(other.clone(), second.clone()));
    }
    let done = workers.join_all().await.concat();
    let different: BTreeSet<&String> = done.iter().collect();
    assert_eq!((done.len(), different.len()), (RUNS, RUNS));
    let attempts = count(&place, "select count(*) from run_attempts").await;
    assert_eq!(attempts, RUNS as i64);
    all_is_done(&place).await;
    println!("{:?}, {:?}", place.metadata.statistics(), other.statistics());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_server_leaves_the_other_one_finishes() {
    let place = crowded().await;
    let dying = place.another().await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let held = claim(&dying, &first, 90).await;
    assert_eq!(held.len(), 90);
    for run in &held[..30] {
        finish(&dying, &run.lease).await.unwrap();
    }
    // One of them is in the middle of its commit.
    let (lease, commit) = (
        held[30].lease.clone(),
        Commit {
            bookmarks: [("orders".to_owned(), json!(1))].into(),
            ..Commit::default()
        },
    );
    dying
        .write(move |tx| tenon_runs::prepare(tx, &lease, &commit))
        .await
        .unwrap();
    drop(dying);
    let mine = claim(&place.metadata, &second, 20).await;

    place.pass(31);
    let server = second.clone();
    place.write(move |tx| tenon_runs::renew(tx, &server)).await.unwrap();
    let server = second.clone();
    let taken: TakenOver = place.write(move |tx| tenon_runs::take_over(tx, &server)).await.unwrap();
    assert_eq!((taken.waiting.len(), taken.recover.len(), taken.more), (59, 1, false));
    assert_eq!(taken.recover[0].lease.run, held[30].lease.run);
    for lease in mine.iter().map(|run| &run.lease).chain([&taken.recover[0].lease]) {
        finish(&place.metadata, lease).await.unwrap();
    }
    let done = work(place.metadata.clone(), second).await;
    assert_eq!(done.len(), RUNS - 30 - 20 - 1);
    all_is_done(&place).await;
    for run in &held[30..] {
        let late = finish(&place.metadata, &run.lease).await;
        assert!(matches!(late, Err(Error::Fenced { .. })), "{late:?}");
    }
    let tenant = held[30].tenant.clone();
    let job = held[30].job.clone();
    let bookmarks = place.write(move |tx| tenon_runs::bookmarks(tx, &tenant, &job)).await;
    assert_eq!(bookmarks.unwrap()["orders"].value, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_want_something_of_one_tenant_at_once() {
    let place = Place::new().await;
    place.job("shop", "orders", JobSettings::default()).await;
    let other = place.another().await;
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let metadata = [&place.metadata, &other][caller % 2].clone();
        callers.spawn(async move {
            let mut fresh = 0;
            for number in 0..20 {
                let mut wanted = request("shop", "orders");
                wanted.idempotency_key = Some(format!("{}-{number}", caller / 2));
                let submitted = metadata.write(move |tx| tenon_runs::submit(tx, &wanted)).await;
                fresh += usize::from(submitted.unwrap().fresh);
            }
            fresh
        });
    }
    // Each key is used by two, one with each server.
    assert_eq!(callers.join_all().await.iter().sum::<usize>(), 80);
    assert_eq!(count(&place, "select count(*) from runs").await, 80);
    assert_eq!(count(&place, "select waiting from run_tenants").await, 80);
    println!("{:?}, {:?}", place.metadata.statistics(), other.statistics());
}

crate::databases::on_both![
    no_run_is_claimed_twice,
    what_a_dead_server_leaves_the_other_one_finishes,
    many_want_something_of_one_tenant_at_once
];
