//! What is claimed, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use tenon_runs::{Capacity, JobSettings, Outcome, Quotas, State};

use crate::place::{Place, SECOND, name, request};

fn jobs(settings: u32) -> JobSettings {
    JobSettings {
        max_concurrent_runs: settings,
        ..JobSettings::default()
    }
}

#[tokio::test]
async fn a_job_has_no_more_runs_at_work_than_it_may() {
    let place = Place::new().await;
    place.job("shop", "one", jobs(1)).await;
    place.job("shop", "two", jobs(2)).await;
    let server = place.server("here").await;
    for _ in 0..3 {
        place.submit("shop", "one").await;
        place.submit("shop", "two").await;
    }
    let claimed = place.claim(&server, 99).await;
    let names: Vec<&str> = claimed.iter().map(|run| run.job.as_str()).collect();
    assert_eq!(names, ["one", "two", "two"]);
    assert!(place.claim(&server, 99).await.is_empty());
    place
        .finish(&claimed[0].lease, Outcome::new(State::Succeeded))
        .await
        .unwrap();
    let next = place.claim(&server, 99).await;
    assert_eq!((next.len(), next[0].job.as_str()), (1, "one"));
    // More at once, once the job says so.
    place.job("shop", "one", jobs(5)).await;
    assert_eq!(place.claim(&server, 99).await.len(), 1);
}

#[tokio::test]
async fn a_tenant_has_no_more_runs_at_work_than_it_may() {
    let place = Place::new().await;
    place.job("shop", "orders", jobs(100)).await;
    let server = place.server("here").await;
    let limit = |concurrent_runs| Quotas {
        concurrent_runs,
        ..Quotas::default()
    };
    place.quotas("shop", limit(2)).await;
    for _ in 0..6 {
        place.submit("shop", "orders").await;
    }
    let claimed = place.claim(&server, 99).await;
    assert_eq!(claimed.len(), 2);
    assert!(place.claim(&server, 99).await.is_empty());
    place
        .finish(&claimed[0].lease, Outcome::new(State::Succeeded))
        .await
        .unwrap();
    assert_eq!(place.claim(&server, 99).await.len(), 1);
    place.quotas("shop", limit(0)).await;
    place
        .finish(&claimed[1].lease, Outcome::new(State::Succeeded))
        .await
        .unwrap();
    assert!(place.claim(&server, 99).await.is_empty());
    place.quotas("shop", limit(9)).await;
    assert_eq!(place.claim(&server, 99).await.len(), 3);
}

#[tokio::test]
async fn the_urgent_go_first_then_the_early() {
    let place = Place::new().await;
    let urgent = JobSettings { priority: 5, ..jobs(9) };
    place.job("shop", "usual", jobs(9)).await;
    place.job("shop", "urgent", urgent).await;
    let server = place.server("here").await;
    let mut expected = vec![place.submit("shop", "usual").await, place.submit("shop", "usual").await];
    expected.insert(0, place.submit("shop", "urgent").await);
    expected.insert(1, place.submit("shop", "urgent").await);
    let mut claimed = Vec::new();
    for _ in 0..4 {
        claimed.push(place.claim(&server, 1).await.remove(0).lease.run);
    }
    assert_eq!(claimed, expected);
}

#[tokio::test]
async fn a_run_waits_for_its_time_and_not_for_ever() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_queue_seconds: 60,
        ..jobs(1)
    };
    place.job("shop", "orders", settings).await;
    let server = place.server("here").await;
    let now = place.now.load(std::sync::atomic::Ordering::SeqCst);
    let mut later = request("shop", "orders");
    later.not_before = Some(now + 100 * SECOND);
    let later = place.try_submit(later).await.unwrap().id;
    assert!(place.claim(&server, 9).await.is_empty());
    place.pass(100);
    let claimed = place.claim(&server, 9).await;
    assert_eq!(claimed[0].lease.run, later);

    let stuck = place.submit("shop", "orders").await;
    place.pass(59);
    assert!(place.claim(&server, 9).await.is_empty());
    assert_eq!(place.state("shop", &stuck).await, State::Waiting);
    place.pass(1);
    assert!(place.claim(&server, 9).await.is_empty());
    let run = place.run("shop", &stuck).await;
    assert_eq!(run.state, State::Error);
    assert!(run.error.unwrap().sentence.contains("60 s"));
}

/// Runs of all tenants that wait.
async fn all_waiting(metadata: &tenon_metadata::Metadata) -> i64 {
    let sum = "select coalesce(sum(waiting), 0) from run_tenants";
    let waiting = metadata.read(move |tx| {
        tx.one(&format!("select cast(({sum}) as bigint)"), tenon_metadata::row![])?
            .get(0)
    });
    let waiting: Result<i64, tenon_metadata::Error> = waiting.await;
    waiting.unwrap()
}

#[tokio::test]
async fn two_servers_never_take_the_same_run() {
    let place = Place::new().await;
    let other = place.another().await;
    for tenant in 0..20 {
        let tenant = format!("t{tenant}");
        place.job(&tenant, "job", jobs(1000)).await;
        let quotas = Quotas {
            concurrent_runs: 1000,
            ..Quotas::default()
        };
        place.quotas(&tenant, quotas).await;
        place
            .write(move |tx| {
                for _ in 0..30 {
                    tenon_runs::submit(tx, &request(&tenant, "job"))?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
    let first = place.server("first").await;
    let second = place.server("second").await;
    // With fewer runs than there are tenants, neither locks them all.
    let claim_all = async |metadata: tenon_metadata::Metadata, server: String| {
        let mut queue = metadata.subscribe("queue");
        let mut all = Vec::new();
        while all_waiting(&metadata).await > 0 {
            let server = server.clone();
            let some = metadata
                .write(move |tx| tenon_runs::claim(tx, &server, &Capacity { runs: 7 }))
                .await
                .unwrap();
            if some.is_empty() {
                // The other one is at all tenants, and says so when it leaves any of their runs.
                let _ = tokio::time::timeout(Duration::from_millis(100), queue.next()).await;
            }
            all.extend(some.into_iter().map(|run| run.lease.run));
        }
        all
    };
    // Each has some, however fast the other one is.
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for (claimed, server) in [(&mut one, first.clone()), (&mut two, second.clone())] {
        let some = place
            .write(move |tx| tenon_runs::claim(tx, &server, &Capacity { runs: 7 }))
            .await
            .unwrap();
        assert_eq!(some.len(), 7);
        claimed.extend(some.into_iter().map(|run| run.lease.run));
    }
    let (more_one, more_two) = tokio::join!(claim_all(place.metadata.clone(), first), claim_all(other, second));
    one.extend(more_one);
    two.extend(more_two);
    let both: BTreeSet<&String> = one.iter().chain(&two).collect();
    assert_eq!((one.len() + two.len(), both.len()), (600, 600));
}

#[tokio::test]
async fn many_runs_need_few_transactions() {
    let place = Place::new().await;
    place.job("shop", "job", jobs(10_000)).await;
    let quotas = Quotas {
        concurrent_runs: 10_000,
        queued_runs: 10_000,
        ..Quotas::default()
    };
    place.quotas("shop", quotas).await;
    place
        .write(|tx| {
            for _ in 0..1000 {
                tenon_runs::submit(tx, &request("shop", "job"))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let server = place.server("here").await;
    let (mut transactions, mut done) = (0, 0);
    while done < 1000 {
        let server = server.clone();
        done += place
            .write(move |tx| {
                let claimed = tenon_runs::claim(tx, &server, &Capacity { runs: 100 })?;
                for run in &claimed {
                    tenon_runs::finish(tx, &run.lease, &Outcome::new(State::Succeeded))?;
                }
                Ok(claimed.len())
            })
            .await
            .unwrap();
        transactions += 1;
    }
    assert_eq!((transactions, done), (10, 1000));
    let tenant = name("shop");
    let left = place.write(move |tx| {
        let row = tx.one(
            "select waiting, running from run_tenants where tenant = ?1",
            tenon_metadata::row![&tenant],
        )?;
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
    });
    assert_eq!(left.await.unwrap(), (0, 0));
}

crate::databases::on_both![
    a_job_has_no_more_runs_at_work_than_it_may,
    a_tenant_has_no_more_runs_at_work_than_it_may,
    the_urgent_go_first_then_the_early,
    a_run_waits_for_its_time_and_not_for_ever,
    two_servers_never_take_the_same_run,
];
