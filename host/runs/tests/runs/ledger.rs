//! Bookmarks and state, which change with the commit of a run or not at all.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon_metadata::PageRequest;
use tenon_runs::{Commit, Error, JobSettings, Lease, Outcome, State, StateChange};

use crate::place::{Place, name};

async fn place() -> (Place, String) {
    let place = Place::new().await;
    let settings = JobSettings {
        max_concurrent_runs: 9,
        max_retries: 0,
        ..JobSettings::default()
    };
    place.job("shop", "job", settings.clone()).await;
    place.job("other", "job", settings).await;
    let server = place.server("here").await;
    (place, server)
}

fn commit(bookmarks: &[(&str, i64)]) -> Commit {
    let bookmarks = bookmarks
        .iter()
        .map(|(source, value)| ((*source).to_owned(), json!(value)));
    Commit {
        bookmarks: bookmarks.collect(),
        ..Commit::default()
    }
}

async fn prepare(place: &Place, lease: &Lease, commit: Commit) -> Result<(), Error> {
    let lease = lease.clone();
    place.write(move |tx| tenon_runs::prepare(tx, &lease, &commit)).await
}

async fn committed(place: &Place, lease: &Lease) -> Result<(), Error> {
    let lease = lease.clone();
    place.write(move |tx| tenon_runs::committed(tx, &lease)).await
}

/// A run of the job from begin to end.
async fn ran(place: &Place, server: &str, bookmarks: &[(&str, i64)]) -> String {
    let lease = place.begun(server, "shop", "job").await;
    prepare(place, &lease, commit(bookmarks)).await.unwrap();
    committed(place, &lease).await.unwrap();
    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    lease.run
}

async fn current(place: &Place, tenant: &str) -> BTreeMap<String, Value> {
    let tenant = name(tenant);
    let bookmarks = place
        .write(move |tx| tenon_runs::bookmarks(tx, &tenant, &name("job")))
        .await
        .unwrap();
    bookmarks
        .into_iter()
        .map(|(source, bookmark)| (source, bookmark.value))
        .collect()
}

async fn state(place: &Place) -> BTreeMap<String, Vec<u8>> {
    place
        .write(|tx| tenon_runs::state(tx, &name("shop"), &name("job")))
        .await
        .unwrap()
}

async fn reset(place: &Place, source: Option<&'static str>) -> Result<Vec<String>, Error> {
    place
        .write(move |tx| tenon_runs::bookmark_reset(tx, &name("shop"), &name("job"), source))
        .await
}

async fn rewind(place: &Place, run: &str) -> Result<Vec<String>, Error> {
    let run = run.to_owned();
    place
        .write(move |tx| tenon_runs::bookmark_rewind(tx, &name("shop"), &name("job"), &run))
        .await
}

async fn version(place: &Place) -> i64 {
    place
        .write(|tx| tenon_runs::bookmark_version(tx, &name("shop"), &name("job")))
        .await
        .unwrap()
}

async fn undecided(place: &Place) -> Vec<String> {
    let pending = place
        .write(|tx| tenon_runs::undecided(tx, Some(&name("shop")), &PageRequest::default()))
        .await;
    pending.unwrap().into_iter().map(|pending| pending.run).collect()
}

fn values(expected: &[(&str, i64)]) -> BTreeMap<String, Value> {
    commit(expected).bookmarks
}

fn put(key: &str, value: &[u8]) -> StateChange {
    StateChange::Put {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

#[tokio::test]
async fn nothing_is_current_before_the_second_phase() {
    let (place, server) = place().await;
    let lease = place.begun(&server, "shop", "job").await;
    let mut first = commit(&[("orders", 5)]);
    first.state = vec![put("seen", b"5")];
    prepare(&place, &lease, first).await.unwrap();
    assert!(current(&place, "shop").await.is_empty() && state(&place).await.is_empty());
    let waiting = place
        .write(|tx| tenon_runs::undecided(tx, Some(&name("shop")), &PageRequest::default()))
        .await
        .unwrap();
    assert_eq!((waiting.len(), waiting[0].running), (1, true));

    // Nobody comes in between.
    let second = place.begun(&server, "shop", "job").await;
    let refused = prepare(&place, &second, commit(&[("orders", 6)])).await;
    assert!(matches!(refused, Err(Error::Undecided { run, .. }) if run == lease.run));
    assert!(matches!(reset(&place, None).await, Err(Error::Undecided { .. })));
    assert!(matches!(rewind(&place, "run_0").await, Err(Error::Undecided { .. })));
    let run = lease.run.clone();
    let refused = place
        .write(move |tx| tenon_runs::resolve(tx, &name("shop"), &run, true))
        .await;
    assert!(matches!(refused, Err(Error::AtWork { .. })));

    committed(&place, &lease).await.unwrap();
    committed(&place, &lease).await.unwrap();
    assert_eq!(current(&place, "shop").await, values(&[("orders", 5)]));
    assert!(current(&place, "other").await.is_empty());
    let history = place
        .write(|tx| tenon_runs::bookmark_history(tx, &name("shop"), &name("job"), "orders", 9))
        .await
        .unwrap();
    assert_eq!(history.len(), 1, "said twice, done once");
    assert_eq!(state(&place).await["seen"], b"5");
    assert!(place.run("shop", &lease.run).await.committed.is_some());
}

#[tokio::test]
async fn success_ends_the_commit_and_nothing_else_does() {
    let (place, server) = place().await;
    // All sinks have committed, and the word of it was lost.
    let lease = place.begun(&server, "shop", "job").await;
    let mut first = commit(&[("orders", 5)]);
    first.state = vec![put("seen", b"5")];
    prepare(&place, &lease, first).await.unwrap();
    for _ in 0..2 {
        place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    }
    assert_eq!(current(&place, "shop").await, values(&[("orders", 5)]));
    assert_eq!(state(&place).await["seen"], b"5");
    assert!(place.run("shop", &lease.run).await.committed.is_some());
    assert!(undecided(&place).await.is_empty());
    assert_eq!(version(&place).await, 1, "once");
    ran(&place, &server, &[("orders", 6)]).await;

    // What was aborted does not come back.
    let lease = place.begun(&server, "shop", "job").await;
    prepare(&place, &lease, commit(&[("orders", 7)])).await.unwrap();
    let aborted = lease.clone();
    place.write(move |tx| tenon_runs::aborted(tx, &aborted)).await.unwrap();
    place.finish(&lease, Outcome::new(State::Succeeded)).await.unwrap();
    assert_eq!(current(&place, "shop").await, values(&[("orders", 6)]));

    // Of what ended otherwise, nobody knows yet.
    for outcome in [State::Failed, State::Error, State::Timeout] {
        let lease = place.begun(&server, "shop", "job").await;
        prepare(&place, &lease, commit(&[("orders", 8)])).await.unwrap();
        place.finish(&lease, Outcome::new(outcome)).await.unwrap();
        assert_eq!(current(&place, "shop").await, values(&[("orders", 6)]), "{outcome}");
        assert_eq!(undecided(&place).await, [lease.run.as_str()], "{outcome}");
        place
            .write(move |tx| tenon_runs::resolve(tx, &name("shop"), &lease.run, false))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_aborted_run_leaves_everything_as_it_was() {
    let (place, server) = place().await;
    ran(&place, &server, &[("orders", 1)]).await;
    let lease = place.begun(&server, "shop", "job").await;
    let mut second = commit(&[("orders", 2)]);
    second.state = vec![put("seen", b"2")];
    prepare(&place, &lease, second).await.unwrap();
    for _ in 0..2 {
        let lease = lease.clone();
        place.write(move |tx| tenon_runs::aborted(tx, &lease)).await.unwrap();
    }
    assert_eq!(current(&place, "shop").await, values(&[("orders", 1)]));
    assert!(state(&place).await.is_empty());
    assert!(matches!(
        committed(&place, &lease).await,
        Err(Error::NotPrepared { .. })
    ));
}

#[tokio::test]
async fn a_run_that_was_overtaken_is_refused() {
    let (place, server) = place().await;
    let known = version(&place).await;
    let slow = place.begun(&server, "shop", "job").await;
    ran(&place, &server, &[("orders", 7)]).await;
    let mut late = commit(&[("orders", 5)]);
    late.based_on = Some(known);
    let refused = prepare(&place, &slow, late.clone()).await;
    assert!(matches!(refused, Err(Error::Overtaken { .. })));
    late.based_on = Some(version(&place).await);
    prepare(&place, &slow, late).await.unwrap();
    committed(&place, &slow).await.unwrap();
    assert_eq!(current(&place, "shop").await, values(&[("orders", 5)]));
}

#[tokio::test]
async fn resetting_forgets_and_rewinding_remembers() {
    let (place, server) = place().await;
    let first = ran(&place, &server, &[("orders", 1)]).await;
    let second = ran(&place, &server, &[("orders", 2), ("rates", 20)]).await;
    ran(&place, &server, &[("rates", 30)]).await;
    assert_eq!(reset(&place, Some("orders")).await.unwrap(), ["orders"]);
    assert_eq!(current(&place, "shop").await, values(&[("rates", 30)]));
    assert!(reset(&place, Some("orders")).await.unwrap().is_empty());
    assert_eq!(rewind(&place, &second).await.unwrap(), ["orders", "rates"]);
    assert_eq!(current(&place, "shop").await, values(&[("orders", 2), ("rates", 20)]));
    assert_eq!(rewind(&place, &first).await.unwrap(), ["orders", "rates"]);
    assert_eq!(current(&place, "shop").await, values(&[("orders", 1)]));
    assert!(matches!(rewind(&place, "run_unknown").await, Err(Error::TooOld { .. })));
    for value in 0..100 {
        ran(&place, &server, &[("orders", value)]).await;
    }
    assert!(matches!(rewind(&place, &first).await, Err(Error::TooOld { .. })));
}

#[tokio::test]
async fn state_has_a_limit_and_is_the_tenants_own() {
    let (place, server) = place().await;
    let lease = place.begun(&server, "shop", "job").await;
    let mut large = commit(&[]);
    large.state_bytes_per_job = 200;
    large.state = vec![put("a", &[1; 50]), put("b", &[2; 50])];
    let refused = prepare(&place, &lease, large.clone()).await;
    assert!(
        matches!(
            refused,
            Err(Error::StateFull {
                bytes: 230,
                limit: 200,
                ..
            })
        ),
        "{refused:?}"
    );
    large.state = vec![put("a", &[1; 50]), put("a", &[3; 40])];
    prepare(&place, &lease, large.clone()).await.unwrap();
    committed(&place, &lease).await.unwrap();
    assert_eq!(state(&place).await["a"], [3; 40]);
    // What goes makes room.
    large.state = vec![StateChange::Delete { key: "a".to_owned() }, put("b", &[2; 100])];
    prepare(&place, &lease, large).await.unwrap();
    committed(&place, &lease).await.unwrap();
    assert_eq!(state(&place).await.into_keys().collect::<Vec<_>>(), ["b"]);
    let other = place
        .write(|tx| tenon_runs::state_get(tx, &name("other"), &name("job"), "b"))
        .await;
    assert_eq!(other.unwrap(), None);
}

#[tokio::test]
async fn what_ended_undecided_is_decided_by_hand() {
    let (place, server) = place().await;
    let lease = place.begun(&server, "shop", "job").await;
    prepare(&place, &lease, commit(&[("orders", 3)])).await.unwrap();
    place.finish(&lease, Outcome::new(State::Failed)).await.unwrap();
    let run = lease.run.clone();
    let other = place
        .write(move |tx| tenon_runs::resolve(tx, &name("other"), &run, true))
        .await;
    assert!(matches!(other, Err(Error::UnknownRun { .. })));
    // Its next attempt is told of it.
    let run = lease.run.clone();
    place
        .write(move |tx| tenon_runs::resume(tx, &name("shop"), &run))
        .await
        .unwrap();
    let again = place.claim(&server, 1).await.remove(0);
    assert_eq!(again.pending.unwrap().bookmarks, values(&[("orders", 3)]));
    place.finish(&again.lease, Outcome::new(State::Failed)).await.unwrap();
    let run = lease.run.clone();
    place
        .write(move |tx| tenon_runs::resolve(tx, &name("shop"), &run, true))
        .await
        .unwrap();
    assert_eq!(current(&place, "shop").await, values(&[("orders", 3)]));
}

crate::databases::on_both![
    success_ends_the_commit_and_nothing_else_does,
    nothing_is_current_before_the_second_phase,
    an_aborted_run_leaves_everything_as_it_was,
    a_run_that_was_overtaken_is_refused,
    resetting_forgets_and_rewinding_remembers,
    state_has_a_limit_and_is_the_tenants_own,
    what_ended_undecided_is_decided_by_hand
];
