//! Recording, finding and removing runs.

use std::time::Duration;

use serde_json::json;
use tenon_history::{Error, Filter, NewRun, Outcome, PluginUsed, Retention, State};

use crate::place::{Place, begun, failure, succeeded};

#[test]
fn a_run_from_begin_to_end() {
    let place = Place::new();
    let history = place.open();
    let mut run = NewRun::new("run-1", "flights");
    run.definition = json!({ "sources": { "flights": "flights.csv" } });
    run.arguments = json!({ "year": 2013 });
    run.attempt = 2;
    run.retry_of = Some("run-0".to_owned());
    history.begin(&run).unwrap();
    let plugins = vec![PluginUsed {
        name: "flights".to_owned(),
        digest: "ab".repeat(32),
    }];
    history.plugins("run-1", &plugins).unwrap();
    assert_eq!(history.get("run-1").unwrap().state, State::Starting);

    history
        .update("run-1", State::Running, Some(&json!({ "rows_in": 10 })))
        .unwrap();
    history.update("run-1", State::Stopping, None).unwrap();
    history.update("run-1", State::Running, None).unwrap();
    let now = history.get("run-1").unwrap();
    assert_eq!(
        (now.state, now.progress),
        (State::Stopping, Some(json!({ "rows_in": 10 })))
    );
    assert_eq!((now.ended, now.report), (None, None));

    let outcome = Outcome::new(State::Failed)
        .error(failure("the sink failed"))
        .report(json!({ "rows_in": 20 }));
    history.finish("run-1", &outcome).unwrap();
    // Late news changes nothing.
    history.update("run-1", State::Running, None).unwrap();
    let done = place.open().get("run-1").unwrap();
    assert_eq!(
        (done.state, done.error),
        (State::Failed, Some(failure("the sink failed")))
    );
    assert_eq!((done.definition, done.arguments), (run.definition, run.arguments));
    assert_eq!((done.attempt, done.retry_of.as_deref()), (2, Some("run-0")));
    assert_eq!((done.plugins, done.report), (plugins, Some(json!({ "rows_in": 20 }))));
    assert_eq!(done.pid, std::process::id());
    assert!(done.ended >= Some(done.began));
}

#[test]
fn mistakes_are_named() {
    let history = Place::new();
    let history = history.open();
    assert!(matches!(history.get("last"), Err(Error::NoRuns { .. })));
    begun(&history, "run-1", "job");
    assert!(matches!(
        history.begin(&NewRun::new("run-1", "job")),
        Err(Error::RunExists { .. })
    ));
    assert!(matches!(
        history.update("run", State::Running, None),
        Err(Error::UnknownRun { .. })
    ));
    let unfinished = history.finish("run-1", &Outcome::new(State::Running));
    assert!(unfinished.unwrap_err().to_string().contains("cannot end as RUNNING"));
}

#[test]
fn runs_are_found_by_the_beginning_of_their_id() {
    let place = Place::new();
    let history = place.open();
    for id in ["abc-1", "abc-2", "abd%", "ab"] {
        begun(&history, id, "job");
    }
    let found = |id: &str| history.get(id).map(|run| run.id).map_err(|error| error.to_string());
    assert_eq!(found("abc-1"), Ok("abc-1".to_owned()));
    assert_eq!(found("abd"), Ok("abd%".to_owned()));
    assert_eq!(
        found("ab"),
        Ok("ab".to_owned()),
        "an id is itself, whatever else begins so"
    );
    assert_eq!(found("last"), Ok("ab".to_owned()));
    assert_eq!(
        found("abc"),
        Err("`abc` is the beginning of several runs: abc-2, abc-1; give more of the id".to_owned())
    );
    for unknown in ["", "x", "%", "ABC-1"] {
        assert!(found(unknown).unwrap_err().starts_with("no run `"), "{unknown}");
    }
}

#[test]
fn lists_are_filtered_and_paged() {
    let place = Place::new();
    let history = place.open();
    for number in 0..10 {
        succeeded(
            &history,
            &format!("run-{number}"),
            if number % 2 == 0 { "even" } else { "odd" },
        );
    }
    begun(&history, "run-x", "odd");
    let ids = |filter: &Filter| -> Vec<String> {
        let runs = history.list(filter).unwrap();
        runs.into_iter().map(|run| run.id).collect()
    };
    let odd = Filter {
        job: Some("odd".to_owned()),
        limit: 2,
        ..Filter::default()
    };
    assert_eq!(ids(&odd), ["run-x", "run-9"]);
    let next = Filter {
        before: Some("run-9".to_owned()),
        ..odd
    };
    assert_eq!(ids(&next), ["run-7", "run-5"]);
    let running = Filter {
        state: Some(State::Starting),
        ..Filter::default()
    };
    assert_eq!(ids(&running), ["run-x"]);
    let recent = Filter {
        since: Some(history.get("run-8").unwrap().began),
        ..Filter::default()
    };
    assert_eq!(ids(&recent), ["run-x", "run-9", "run-8"]);
}

#[test]
fn old_runs_go_and_those_at_work_stay() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "at-work", "job");
    for number in 0..6 {
        succeeded(&history, &format!("run-{number}"), "job");
    }
    succeeded(&history, "other", "other");
    let keep = |keep| Retention {
        keep_per_job: Some(keep),
        ..Retention::default()
    };
    assert_eq!(history.remove(&Retention::default()).unwrap().runs, 0);
    assert_eq!(history.remove(&keep(2)).unwrap().runs, 4);
    let left: Vec<String> = history
        .list(&Filter::default())
        .unwrap()
        .into_iter()
        .map(|run| run.id)
        .collect();
    assert_eq!(left, ["other", "run-5", "run-4", "at-work"]);

    place
        .sqlite()
        .execute(
            "update runs set began = began - 3600 * 1000000 where id in ('run-4', 'at-work')",
            [],
        )
        .unwrap();
    let old = Retention {
        older_than: Some(Duration::from_secs(60)),
        ..Retention::default()
    };
    assert_eq!(history.remove(&old).unwrap().runs, 1);
    assert!(matches!(history.get("run-4"), Err(Error::UnknownRun { .. })));
    assert_eq!(history.tidy().unwrap().runs, 0);
}

#[test]
fn tidying_is_done_once_a_day() {
    let place = Place::new();
    let history = place.open();
    let age = || {
        succeeded(&history, "old", "job");
        place.sqlite().execute("update runs set began = 0", []).unwrap();
    };
    age();
    assert_eq!(history.tidy().unwrap().runs, 1);
    age();
    assert_eq!(history.tidy().unwrap().runs, 0);
    let stamp = std::fs::File::options()
        .write(true)
        .open(place.path().join("history.tidied"))
        .unwrap();
    stamp
        .set_modified(std::time::SystemTime::now() - Duration::from_secs(25 * 60 * 60))
        .unwrap();
    assert_eq!(history.tidy().unwrap().runs, 1);
}
