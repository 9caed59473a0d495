//! Several threads and processes at once, and processes that die.
//!
//! A test that needs another process starts this program again for itself, with a folder and a name to work with.

use std::process::{Child, Command, Stdio};

use serde_json::json;
use tenon_history::{Commit, Filter, History, Level, LogQuery, LogSource, NewRun, Outcome, State};

use crate::place::{Place, begun};

const FOLDER: &str = "TENON_HISTORY_TEST_FOLDER";
const NAME: &str = "TENON_HISTORY_TEST_NAME";

/// Starts this program again, for the one test.
fn start(test: &str, place: &Place, name: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("processes::{test}")])
        .env(FOLDER, place.path())
        .env(NAME, name)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The history and the name that this process was started with, if it was.
fn given() -> Option<(History, String)> {
    let folder = std::env::var_os(FOLDER)?;
    Some((History::open(folder.as_ref()).unwrap(), std::env::var(NAME).unwrap()))
}

fn die_between_the_phases(history: &History, name: &str) -> ! {
    history.begin(&NewRun::new(name, "job")).unwrap();
    history.update(name, State::Running, None).unwrap();
    let mut commit = Commit::new(name, "job");
    commit.bookmarks.insert("orders".to_owned(), json!(1));
    commit.tokens = json!({ "lake": name });
    history.prepare(&commit).unwrap();
    std::process::abort();
}

fn run_ten_times(history: &History, name: &str) {
    for number in 0..10 {
        let id = format!("{name}-{number}");
        begun(history, &id, name);
        let log = history.log_writer(&id).unwrap();
        for line in 0..2_000 {
            log.write(Level::Info, LogSource::Guest, None, &format!("{id} says {line}"));
        }
        log.close().unwrap();
        let mut commit = Commit::new(&id, name);
        commit.bookmarks.insert("orders".to_owned(), json!(number));
        history.prepare(&commit).unwrap();
        history.committed(&id).unwrap();
        history.finish(&id, &Outcome::new(State::Succeeded)).unwrap();
    }
}

#[test]
fn a_process_that_died_between_the_phases_is_found_out() {
    if let Some((history, name)) = given() {
        die_between_the_phases(&history, &name);
    }
    let place = Place::new();
    let history = place.open();
    for (run, sinks_committed) in [("run-1", true), ("run-2", false)] {
        assert!(
            !start("a_process_that_died_between_the_phases_is_found_out", &place, run)
                .wait()
                .unwrap()
                .success()
        );
        let waiting = history.undecided(Some("job")).unwrap();
        assert_eq!(
            (waiting.len(), waiting[0].run.as_str(), waiting[0].running),
            (1, run, false)
        );
        assert_eq!(waiting[0].tokens, json!({ "lake": run }));
        let died = history.get(run).unwrap();
        assert_eq!(
            (died.state, died.error.unwrap().sentence.as_str()),
            (State::Error, "the process died")
        );
        assert!(died.ended.is_some());
        let before = history.bookmark("job", "orders").unwrap();
        if sinks_committed {
            history.committed(run).unwrap();
        } else {
            history.aborted(run).unwrap();
        }
        let after = history.bookmark("job", "orders").unwrap();
        assert_eq!(before != after, sinks_committed);
        assert!(history.undecided(None).unwrap().is_empty());
    }
}

#[test]
fn a_killed_run_is_listed_as_died() {
    let place = Place::new();
    let history = place.open();
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let mut run = NewRun::new("run-1", "job");
    run.pid = child.id();
    history.begin(&run).unwrap();
    let mut elsewhere = NewRun::new("run-2", "job");
    (elsewhere.host, elsewhere.pid) = ("another machine".to_owned(), child.id());
    history.begin(&elsewhere).unwrap();
    let states = || -> Vec<State> {
        let runs = history.list(&Filter::default()).unwrap();
        runs.into_iter().map(|run| run.state).collect()
    };
    assert_eq!(states(), [State::Starting, State::Starting]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        states(),
        [State::Starting, State::Error],
        "nobody knows from here what is elsewhere"
    );
    let died = history.get("run-1").unwrap().error.unwrap();
    assert_eq!(
        (died.kind.as_str(), died.sentence.as_str()),
        ("died", "the process died")
    );
}

#[test]
fn processes_share_one_history() {
    if let Some((history, name)) = given() {
        return run_ten_times(&history, &name);
    }
    let place = Place::new();
    // Neither the database nor its tables are there when they start.
    let mut children = ["a", "b", "c"].map(|name| start("processes_share_one_history", &place, name));
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let history = place.open();
    let runs = history.list(&Filter::default()).unwrap();
    assert_eq!(runs.len(), 30);
    for run in runs {
        assert_eq!(
            (run.state, run.log.lines, run.log.dropped),
            (State::Succeeded, 2_000, 0),
            "{}",
            run.id
        );
        let last = history
            .logs(
                &run.id,
                &LogQuery {
                    tail: Some(1),
                    ..LogQuery::default()
                },
            )
            .unwrap();
        assert_eq!(
            (last[0].number, &last[0].message),
            (2_000, &format!("{} says 1999", run.id))
        );
    }
    for name in ["a", "b", "c"] {
        assert_eq!(history.bookmark(name, "orders").unwrap().unwrap().value, 9);
    }
}

#[test]
fn threads_share_one_history() {
    let place = Place::new();
    let history = place.open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let history = history.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let id = format!("{thread}-{number}");
                    begun(&history, &id, "job");
                    let log = history.log_writer(&id).unwrap();
                    log.write(Level::Info, LogSource::Host, None, "here");
                    log.close().unwrap();
                    history.finish(&id, &Outcome::new(State::Stopped)).unwrap();
                    assert_eq!(history.get(&id).unwrap().log.lines, 1);
                }
            });
        }
    });
    let stopped = Filter {
        state: Some(State::Stopped),
        limit: 1_000,
        ..Filter::default()
    };
    assert_eq!(history.list(&stopped).unwrap().len(), 160);
}
