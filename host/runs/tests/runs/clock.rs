//! The clock is set while runs wait.

use std::sync::atomic::Ordering;

use tenon_runs::{Failure, JobSettings, Outcome, State};

use crate::place::{Place, SECOND, request};

const HOUR: i64 = 3600;

/// Somebody sets the clock, and the server has noticed it.
async fn set(place: &Place, server: &str, hours: i64) {
    place.pass(hours * HOUR);
    noticed(place, server, hours).await;
}

async fn noticed(place: &Place, server: &str, hours: i64) {
    let (server, by) = (server.to_owned(), hours * HOUR * SECOND);
    place
        .write(move |tx| tenon_runs::clock_set(tx, &server, by))
        .await
        .unwrap();
}

fn failed() -> Outcome {
    Outcome::new(State::Failed).error(Failure::new("trap", "the guest trapped"))
}

fn settings() -> JobSettings {
    JobSettings {
        max_retries: 1,
        retry_delay_seconds: 60,
        retry_jitter: 0.0,
        max_queue_seconds: 600,
        ..JobSettings::default()
    }
}

#[tokio::test]
async fn a_pause_is_as_long_as_it_was_to_be() {
    for hours in [1, -1] {
        let place = Place::new().await;
        place.job("shop", "orders", settings()).await;
        let server = place.server("here").await;
        let lease = place.begun(&server, "shop", "orders").await;
        place.finish(&lease, failed()).await.unwrap();
        place.pass(20);
        set(&place, &server, hours).await;
        let due = place.run("shop", &lease.run).await.not_before.unwrap();
        let now = place.now.load(Ordering::SeqCst);
        assert_eq!(due.timestamp_micros(), now + 40 * SECOND, "{hours} h");
        place.pass(39);
        assert!(place.claim(&server, 9).await.is_empty(), "{hours} h: too early");
        place.pass(1);
        assert_eq!(place.claim(&server, 9).await.len(), 1, "{hours} h: too late");
    }
}

#[tokio::test]
async fn a_run_waits_in_the_queue_as_long_as_it_may() {
    for hours in [1, -1] {
        let place = Place::new().await;
        place.job("shop", "orders", settings()).await;
        let server = place.server("here").await;
        place.begun(&server, "shop", "orders").await;
        let waits = place.submit("shop", "orders").await;
        place.pass(100);
        set(&place, &server, hours).await;
        place.pass(499);
        assert!(place.claim(&server, 9).await.is_empty());
        assert_eq!(
            place.state("shop", &waits).await,
            State::Waiting,
            "{hours} h: too early"
        );
        place.pass(1);
        assert!(place.claim(&server, 9).await.is_empty());
        assert_eq!(place.state("shop", &waits).await, State::Error, "{hours} h: too late");
    }
}

#[tokio::test]
async fn a_time_that_somebody_has_named_is_the_one_on_the_wall() {
    let place = Place::new().await;
    place.job("shop", "orders", settings()).await;
    let server = place.server("here").await;
    let mut later = request("shop", "orders");
    later.not_before = Some(place.now.load(Ordering::SeqCst) + 2 * HOUR * SECOND);
    place.try_submit(later).await.unwrap();
    set(&place, &server, 1).await;
    place.pass(HOUR - 1);
    assert!(place.claim(&server, 9).await.is_empty());
    place.pass(1);
    assert_eq!(place.claim(&server, 9).await.len(), 1);
}

#[tokio::test]
async fn what_came_after_the_clock_was_set_goes_by_it() {
    for hours in [1, -1] {
        let place = Place::new().await;
        place.job("shop", "orders", settings()).await;
        let server = place.server("here").await;
        place.begun(&server, "shop", "orders").await;
        place.pass(hours * HOUR);
        let waits = place.submit("shop", "orders").await;
        noticed(&place, &server, hours).await;
        place.pass(599);
        assert!(place.claim(&server, 9).await.is_empty());
        assert_eq!(place.state("shop", &waits).await, State::Waiting, "{hours} h");
        place.pass(1);
        assert!(place.claim(&server, 9).await.is_empty());
        assert_eq!(place.state("shop", &waits).await, State::Error, "{hours} h");
    }
}

#[tokio::test]
async fn a_server_moves_only_its_own_pauses_where_there_are_others() {
    let place = Place::new().await;
    let settings = JobSettings {
        max_concurrent_runs: 9,
        ..settings()
    };
    place.job("shop", "orders", settings).await;
    let servers = [place.server("one").await, place.server("two").await];
    let mut runs = Vec::new();
    for server in &servers {
        let lease = place.begun(server, "shop", "orders").await;
        place.finish(&lease, failed()).await.unwrap();
        runs.push(lease.run);
    }
    let due = async |run: &String| place.run("shop", run).await.not_before.unwrap();
    let before = [due(&runs[0]).await, due(&runs[1]).await];
    noticed(&place, &servers[0], -1).await;
    let after = [due(&runs[0]).await, due(&runs[1]).await];
    let moved: Vec<i64> = (0..2).map(|at| (after[at] - before[at]).num_seconds()).collect();
    assert_eq!(moved, [-HOUR, 0]);
}

crate::databases::on_both![
    a_pause_is_as_long_as_it_was_to_be,
    a_run_waits_in_the_queue_as_long_as_it_may,
    a_time_that_somebody_has_named_is_the_one_on_the_wall,
    what_came_after_the_clock_was_set_goes_by_it,
    a_server_moves_only_its_own_pauses_where_there_are_others,
];
