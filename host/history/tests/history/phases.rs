//! Bookmarks and state, which change with the commit of a run or not at all.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon_history::{Commit, Error, History, Outcome, Retention, Settings, State, StateChange};

use crate::place::{Place, begun};

fn commit(run: &str, bookmarks: &[(&str, Value)]) -> Commit {
    let bookmarks = bookmarks
        .iter()
        .map(|(source, value)| ((*source).to_owned(), value.clone()));
    Commit {
        bookmarks: bookmarks.collect(),
        ..Commit::new(run, "job")
    }
}

/// A run of the job from begin to end.
fn ran(history: &History, run: &str, bookmarks: &[(&str, Value)]) {
    begun(history, run, "job");
    history.prepare(&commit(run, bookmarks)).unwrap();
    history.committed(run).unwrap();
    history.finish(run, &Outcome::new(State::Succeeded)).unwrap();
}

fn current(history: &History) -> BTreeMap<String, Value> {
    let bookmarks = history.bookmarks("job").unwrap().into_iter();
    bookmarks.map(|(source, bookmark)| (source, bookmark.value)).collect()
}

fn values(expected: &[(&str, i64)]) -> BTreeMap<String, Value> {
    expected
        .iter()
        .map(|(source, value)| ((*source).to_owned(), json!(value)))
        .collect()
}

fn put(key: &str, value: &[u8]) -> StateChange {
    StateChange::Put {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

#[test]
fn nothing_is_current_before_the_second_phase() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run-1", "job");
    let first = Commit {
        tokens: json!({ "lake": "upload-7" }),
        state: vec![put("seen", b"5")],
        ..commit("run-1", &[("orders", json!(5)), ("rates", json!({ "etag": "x" }))])
    };
    history.prepare(&first).unwrap();
    assert!(current(&history).is_empty() && history.state("job").unwrap().is_empty());

    let waiting = history.undecided(Some("job")).unwrap();
    assert_eq!((waiting.len(), &waiting[0].tokens), (1, &json!({ "lake": "upload-7" })));
    assert!(waiting[0].running, "this process is alive");
    assert_eq!(waiting[0].bookmarks, first.bookmarks);
    assert!(history.undecided(Some("other")).unwrap().is_empty());

    // Nobody comes in between.
    begun(&history, "run-2", "job");
    let second = history.prepare(&commit("run-2", &[("orders", json!(6))]));
    assert!(matches!(second, Err(Error::Undecided { run, .. }) if run == "run-1"));
    assert!(matches!(history.reset("job", None), Err(Error::Undecided { .. })));
    assert!(matches!(history.rewind("job", "run-0"), Err(Error::Undecided { .. })));

    history.committed("run-1").unwrap();
    history.committed("run-1").unwrap();
    assert_eq!(history.bookmark("job", "orders").unwrap().unwrap().value, 5);
    assert_eq!(history.bookmark("job", "orders").unwrap().unwrap().run, "run-1");
    assert_eq!(
        history.bookmark_history("job", "orders", 9).unwrap().len(),
        1,
        "said twice, done once"
    );
    assert_eq!(history.state_get("job", "seen").unwrap().as_deref(), Some(&b"5"[..]));
    assert!(history.undecided(None).unwrap().is_empty());
    assert!(history.get("run-1").unwrap().committed.is_some());
}

#[test]
fn an_aborted_run_leaves_everything_as_it_was() {
    let place = Place::new();
    let history = place.open();
    ran(&history, "run-1", &[("orders", json!(1))]);
    begun(&history, "run-2", "job");
    let mut second = commit("run-2", &[("orders", json!(2))]);
    second.state = vec![put("seen", b"2")];
    history.prepare(&second).unwrap();
    history.aborted("run-2").unwrap();
    history.aborted("run-2").unwrap();
    assert_eq!(current(&history), values(&[("orders", 1)]));
    assert!(history.state("job").unwrap().is_empty());
    assert!(matches!(history.committed("run-2"), Err(Error::NotPrepared { .. })));
    assert!(matches!(
        history.prepare(&commit("run-9", &[])),
        Err(Error::UnknownRun { .. })
    ));
}

#[test]
fn preparing_again_replaces_what_was_prepared() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run-1", "job");
    let mut first = commit("run-1", &[("orders", json!(1)), ("rates", json!(1))]);
    first.state = vec![put("a", b"1")];
    history.prepare(&first).unwrap();
    let mut again = commit("run-1", &[("orders", json!(2))]);
    again.state = vec![put("b", b"2")];
    history.prepare(&again).unwrap();
    history.committed("run-1").unwrap();
    assert_eq!(current(&history), values(&[("orders", 2)]));
    assert_eq!(history.state("job").unwrap().into_keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_run_that_was_overtaken_is_refused() {
    let place = Place::new();
    let history = place.open();
    let version = history.bookmark_version("job").unwrap();
    begun(&history, "slow", "job");
    ran(&history, "quick", &[("orders", json!(7))]);
    let mut slow = commit("slow", &[("orders", json!(5))]);
    slow.based_on = Some(version);
    let refused = history.prepare(&slow);
    assert!(matches!(refused, Err(Error::Overtaken { .. })));
    slow.based_on = Some(history.bookmark_version("job").unwrap());
    history.prepare(&slow).unwrap();
    history.committed("slow").unwrap();
    assert_eq!(current(&history), values(&[("orders", 5)]));
}

#[test]
fn resetting_forgets_and_rewinding_remembers() {
    let place = Place::new();
    let history = place.open();
    ran(&history, "run-1", &[("orders", json!(1))]);
    ran(&history, "run-2", &[("orders", json!(2)), ("rates", json!(20))]);
    ran(&history, "run-3", &[("rates", json!(30))]);

    assert_eq!(history.reset("job", Some("orders")).unwrap(), ["orders"]);
    assert_eq!(current(&history), values(&[("rates", 30)]));
    assert!(
        history.reset("job", Some("orders")).unwrap().is_empty(),
        "it has none any more"
    );
    assert_eq!(history.bookmark("job", "orders").unwrap(), None);
    assert_eq!(history.reset("job", None).unwrap(), ["rates"]);

    assert_eq!(history.rewind("job", "run-3").unwrap(), ["orders", "rates"]);
    assert_eq!(current(&history), values(&[("orders", 2), ("rates", 30)]));
    let orders = history.bookmark("job", "orders").unwrap().unwrap();
    assert_eq!((orders.run.as_str(), orders.rewound), ("run-2", true));
    // A source that run had not read yet has no bookmark again.
    history.rewind("job", "run-1").unwrap();
    assert_eq!(current(&history), values(&[("orders", 1)]));
    // And forth again: what is rewound to is what that run set, not what rewinding made of it.
    history.rewind("job", "run-2").unwrap();
    assert_eq!(current(&history), values(&[("orders", 2), ("rates", 20)]));
    assert!(matches!(history.rewind("job", "run-9"), Err(Error::TooOld { .. })));
    assert!(matches!(history.rewind("other", "run-1"), Err(Error::TooOld { .. })));
    assert_eq!(history.jobs_with_bookmarks().unwrap(), ["job"]);
}

#[test]
fn a_hundred_bookmarks_are_kept() {
    let place = Place::new();
    let history = place.open();
    ran(&history, "run-0", &[("rare", json!(0))]);
    for number in 1..=103 {
        ran(&history, &format!("run-{number}"), &[("orders", json!(number))]);
    }
    assert_eq!(history.bookmark_history("job", "orders", 1_000).unwrap().len(), 100);
    assert!(matches!(history.rewind("job", "run-3"), Err(Error::TooOld { .. })));
    // The bookmark of `rare` is kept, but what `orders` had then is not known any more.
    assert!(matches!(history.rewind("job", "run-0"), Err(Error::TooOld { .. })));
    assert_eq!(current(&history)["orders"], 103, "what fails changes nothing");
    // That the runs are gone changes nothing either.
    let none = Retention {
        keep_per_job: Some(0),
        ..Retention::default()
    };
    assert_eq!(history.remove(&none).unwrap().runs, 104);
    assert_eq!(history.rewind("job", "run-4").unwrap(), ["orders"]);
    assert_eq!(current(&history), values(&[("orders", 4), ("rare", 0)]));
}

#[test]
fn state_is_bounded_and_belongs_to_its_job() {
    let place = Place::new();
    let history = place.with(Settings {
        state_bytes_per_job: 1_000,
        ..Settings::default()
    });
    let change = |run: &str, state: Vec<StateChange>| {
        begun(&history, run, "job");
        let mut commit = commit(run, &[]);
        commit.state = state;
        history.prepare(&commit)?;
        history.committed(run)
    };
    change("run-1", vec![put("a", &[1; 400]), put("b", &[2; 400])]).unwrap();
    let refused = change("run-2", vec![put("c", &[3; 100])]).unwrap_err();
    assert!(
        refused.to_string().contains("`state_bytes_per_job` of 1000"),
        "{refused}"
    );
    assert!(
        history.undecided(None).unwrap().is_empty(),
        "what is refused is not pending"
    );
    let delete = StateChange::Delete { key: "a".to_owned() };
    change("run-3", vec![delete, put("b", &[4; 10]), put("c", &[3; 100])]).unwrap();
    let state = history.state("job").unwrap();
    assert_eq!(
        state,
        BTreeMap::from([("b".to_owned(), vec![4; 10]), ("c".to_owned(), vec![3; 100])])
    );
    assert!(history.state("other").unwrap().is_empty());
    assert_eq!(history.state_get("other", "b").unwrap(), None);
    assert_eq!(history.state_clear("job").unwrap(), 2);
    // Said twice, also where no bookmark changed.
    history.committed("run-3").unwrap();
}
