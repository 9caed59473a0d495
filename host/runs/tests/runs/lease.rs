//! Servers that die, and those that only seemed to.

use serde_json::json;
use tenon_runs::{Commit, Error, JobSettings, Outcome, State, TakenOver};

use crate::place::{Place, name};

fn settings(max_retries: u32) -> JobSettings {
    JobSettings {
        max_retries,
        max_concurrent_runs: 10,
        retry_delay_seconds: 0,
        ..JobSettings::default()
    }
}

async fn take_over(place: &Place, server: &str) -> TakenOver {
    let server = server.to_owned();
    place.write(move |tx| tenon_runs::take_over(tx, &server)).await.unwrap()
}

async fn renew(place: &Place, server: &str) -> Result<bool, Error> {
    let server = server.to_owned();
    let renewed = place.write(move |tx| tenon_runs::renew(tx, &server)).await;
    renewed.map(|renewed| renewed.late)
}

#[tokio::test]
async fn runs_of_a_dead_server_are_taken_over_once_its_lease_is_over() {
    let place = Place::new().await;
    place.job("shop", "retried", settings(1)).await;
    place.job("shop", "once", settings(0)).await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let retried = place.begun(&first, "shop", "retried").await;
    let once = place.begun(&first, "shop", "once").await;
    let stopping = place.begun(&first, "shop", "retried").await;
    let run = stopping.run.clone();
    place
        .write(move |tx| tenon_runs::request_stop(tx, &name("shop"), &run, ""))
        .await
        .unwrap();

    place.pass(29);
    assert!(!renew(&place, &second).await.unwrap());
    assert_eq!(take_over(&place, &second).await, TakenOver::default());
    place.pass(2);
    assert!(!renew(&place, &second).await.unwrap());
    let taken = take_over(&place, &second).await;
    assert_eq!(taken.waiting, [retried.run.as_str()]);
    assert_eq!(taken.ended, [once.run.as_str(), stopping.run.as_str()]);
    assert_eq!(place.state("shop", &once.run).await, State::Error);
    assert_eq!(place.state("shop", &stopping.run).await, State::Stopped);
    let error = place.run("shop", &once.run).await.error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.sentence.contains("first")),
        ("server_lost", true)
    );
    assert_eq!(take_over(&place, &second).await, TakenOver::default());

    let again = place.claim(&second, 9).await.remove(0);
    assert_eq!((again.lease.run.as_str(), again.attempt), (retried.run.as_str(), 2));
    assert!(again.lease.epoch > retried.epoch);

    // It was not dead. Nothing that it says about its runs counts.
    assert!(matches!(renew(&place, &first).await, Err(Error::ServerLost { .. })));
    for lease in [&retried, &once, &stopping] {
        let (lease, running, prepare) = (lease.clone(), lease.clone(), lease.clone());
        let (progress, committed) = (lease.clone(), lease.clone());
        let finished = place.finish(&lease, Outcome::new(State::Succeeded)).await;
        assert!(matches!(finished, Err(Error::Fenced { .. })), "{finished:?}");
        let refused = [
            place.write(move |tx| tenon_runs::running(tx, &running).map(drop)).await,
            place
                .write(move |tx| tenon_runs::progress(tx, &progress, &json!(1)).map(drop))
                .await,
            place
                .write(move |tx| tenon_runs::prepare(tx, &prepare, &Commit::default()))
                .await,
            place.write(move |tx| tenon_runs::committed(tx, &committed)).await,
        ];
        assert!(
            refused
                .iter()
                .all(|refused| matches!(refused, Err(Error::Fenced { .. })))
        );
    }
    let server = first.clone();
    let refused = place
        .write(move |tx| tenon_runs::claim(tx, &server, &tenon_runs::Capacity { runs: 1 }))
        .await;
    assert!(matches!(refused, Err(Error::ServerLost { .. })));
    place
        .finish(&again.lease, Outcome::new(State::Succeeded))
        .await
        .unwrap();
    assert_eq!(place.state("shop", &retried.run).await, State::Succeeded);
}

#[tokio::test]
async fn a_run_in_the_middle_of_its_commit_is_decided_first() {
    let place = Place::new().await;
    place.job("shop", "orders", settings(1)).await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let lease = place.begun(&first, "shop", "orders").await;
    let commit = Commit {
        bookmarks: [("orders".to_owned(), json!(7))].into(),
        tokens: json!({ "lake": "m-7" }),
        ..Commit::default()
    };
    let prepared = lease.clone();
    place
        .write(move |tx| tenon_runs::prepare(tx, &prepared, &commit))
        .await
        .unwrap();
    place.pass(31);
    renew(&place, &second).await.unwrap();
    let taken = take_over(&place, &second).await;
    assert_eq!((taken.recover.len(), taken.waiting.len()), (1, 0));
    let recovery = taken.recover[0].clone();
    assert_eq!(recovery.pending.tokens, json!({ "lake": "m-7" }));
    assert_eq!(place.state("shop", &lease.run).await, State::Running);

    // The one that decides dies too.
    let third = place.server("third").await;
    place.pass(31);
    renew(&place, &third).await.unwrap();
    let recovery_of_third = take_over(&place, &third).await.recover.remove(0);
    let late = recovery.lease.clone();
    let refused = place.write(move |tx| tenon_runs::committed(tx, &late)).await;
    assert!(matches!(refused, Err(Error::Fenced { .. })));

    let decided = recovery_of_third.lease.clone();
    place
        .write(move |tx| tenon_runs::committed(tx, &decided))
        .await
        .unwrap();
    let finished = place
        .finish(&recovery_of_third.lease, Outcome::new(State::Succeeded))
        .await;
    assert_eq!(finished.unwrap().state, State::Succeeded);
    let bookmarks = place
        .write(|tx| tenon_runs::bookmarks(tx, &name("shop"), &name("orders")))
        .await
        .unwrap();
    assert_eq!(
        (bookmarks["orders"].value.clone(), bookmarks["orders"].run.clone()),
        (json!(7), lease.run)
    );
}

#[tokio::test]
async fn a_server_that_begins_again_gets_its_runs_at_once() {
    let place = Place::new().await;
    place.job("shop", "orders", settings(1)).await;
    let before = place.server("here").await;
    let lease = place.begun(&before, "shop", "orders").await;
    let after = place.server("here").await;
    assert_ne!(before, after);
    assert_eq!(take_over(&place, &after).await.waiting, [lease.run.as_str()]);

    // One that says when it ends.
    let other = place.server("other").await;
    let lease = place.claim(&other, 1).await.remove(0).lease;
    let ended = other.clone();
    place.write(move |tx| tenon_runs::leave(tx, &ended)).await.unwrap();
    assert_eq!(
        take_over(&place, &after).await.ended,
        [lease.run.as_str()],
        "no attempt is left"
    );
}

#[tokio::test]
async fn clocks_that_jump_lose_no_run() {
    let place = Place::new().await;
    place.job("shop", "orders", settings(1)).await;
    let server = place.server("here").await;
    let lease = place.begun(&server, "shop", "orders").await;
    place.pass(3600);
    assert!(
        renew(&place, &server).await.unwrap(),
        "it is told that it cannot trust the clock"
    );
    assert_eq!(take_over(&place, &server).await, TakenOver::default());
    // Back again; a lease of a dead server that reaches into the future does not keep its runs.
    let dead = place.server("dead").await;
    let lost = place.begun(&dead, "shop", "orders").await;
    place.pass(-3600);
    renew(&place, &server).await.unwrap();
    assert_eq!(take_over(&place, &server).await.waiting, [lost.run.as_str()]);
    assert_eq!(
        place
            .finish(&lease, Outcome::new(State::Succeeded))
            .await
            .unwrap()
            .state,
        State::Succeeded
    );
}

crate::databases::on_both![
    runs_of_a_dead_server_are_taken_over_once_its_lease_is_over,
    a_run_in_the_middle_of_its_commit_is_decided_first,
    a_server_that_begins_again_gets_its_runs_at_once,
    clocks_that_jump_lose_no_run
];

#[tokio::test]
async fn a_lease_may_become_another_one() {
    let place = Place::new().await;
    let (first, second) = (place.server("first").await, place.server("second").await);
    let server = first.clone();
    let longer = std::time::Duration::from_secs(3600);
    place
        .write(move |tx| tenon_runs::set_lease(tx, &server, longer))
        .await
        .unwrap();
    renew(&place, &first).await.unwrap();
    renew(&place, &second).await.unwrap();
    place.pass(3000);
    assert!(!renew(&place, &first).await.unwrap(), "it is in time");
    assert!(renew(&place, &second).await.unwrap(), "it is late");
}
