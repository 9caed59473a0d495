//! The history of runs: what is recorded, shown and removed.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tenon_host::history::{Commit, History, Level, LogSource, NewRun, Outcome, State};

use crate::place::{FLIGHTS, Place, REJECTED};

fn history(place: &Place) -> History {
    History::open(&place.path(".home")).expect("a history")
}

/// A run with a log, as another command would have left it.
fn recorded(history: &History, id: &str, outcome: &Outcome) {
    history.begin(&NewRun::new(id, "orders")).expect("begun");
    let log = history.log_writer(id).expect("a log");
    log.write(Level::Info, LogSource::Host, None, "begins");
    log.write(
        Level::Warn,
        LogSource::Guest,
        Some("clean"),
        "odd \x1b[31mrow\nin two lines",
    );
    log.close().expect("written");
    history.finish(id, outcome).expect("finished");
}

#[test]
fn a_run_is_recorded_from_begin_to_end() {
    let place = Place::new();
    let report = place
        .run(&[
            "--to",
            "out/",
            "--json",
            "--set",
            "late_after=30",
            "--param",
            "year=2013",
        ])
        .succeeded()
        .json();
    let failed = place.run(&["--to", "out/"]).failed(3);
    assert!(failed.contains("already holds data"), "{failed}");
    place.run(&["--to", "out2/", "--no-history"]).succeeded();

    let runs = place.tenon(&["runs", "--json"]).succeeded().json();
    let states: Vec<&str> = runs
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|run| run["state"].as_str())
        .collect();
    assert_eq!(
        states,
        ["ERROR", "SUCCEEDED"],
        "the latest first, and nothing of the third"
    );
    assert_eq!(runs[1]["id"], report["run"]);
    assert_eq!(runs[1]["report"]["rows_in"], FLIGHTS);
    assert_eq!(runs[1]["definition"]["config"]["late_after"], 30);
    assert_eq!(runs[1]["arguments"]["year"], "2013");
    assert_eq!(runs[1]["plugins"][0]["digest"], report["plugins"][0]["digest"]);
    assert_eq!(
        (&runs[0]["error"]["kind"], &runs[0]["report"]),
        (&Value::from("refused"), &Value::Null)
    );

    let table = place.tenon(&["runs"]).succeeded().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].contains("STATE") && lines[0].contains("REJECTED"), "{table}");
    assert!(
        lines[1].contains("ERROR") && lines[1].contains("already holds data"),
        "{table}"
    );
    assert!(lines[2].contains("336,776") && lines[2].contains("336,771"), "{table}");
    assert_eq!(report["rows_rejected"], REJECTED);

    let shown = place.tenon(&["runs", "show", "last"]).succeeded().stdout;
    for text in ["state", "ERROR", "because", "already holds data", "job.mode", "refused"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let id = report["run"].as_str().expect("an id");
    let shown = place.tenon(&["runs", "show", &id[..id.len() - 1]]).succeeded().stdout;
    for text in ["report.rows_in", "336,776", "sha256:", "argument.year", "2013"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn secrets_are_not_recorded() {
    let place = Place::new();
    let ended = place
        .command(&[
            "run",
            "none.wasm",
            "--from",
            "https://me:hunter2@localhost/x.csv?key=hunter2",
            "--to",
            "o/",
        ])
        .args(["--secret", "key=env:API_KEY"])
        .env("API_KEY", "hunter2")
        .output()
        .expect("started");
    assert_eq!(ended.status.code(), Some(3));
    let shown = place.tenon(&["runs", "show", "last", "--json"]).succeeded();
    assert_eq!(shown.json()["definition"]["from"], "https://...@localhost/x.csv?...");
    assert_eq!(shown.json()["definition"]["secrets"][0], "key=env:API_KEY");
    for entry in fs::read_dir(place.path(".home")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let content = fs::read(&path).expect("readable");
        let found = content.windows(7).any(|window| window == b"hunter2");
        assert!(!found, "{}", path.display());
    }
}

#[test]
fn a_history_that_cannot_be_opened_stops_no_run() {
    let place = Place::new();
    fs::write(place.path(".home"), "not a folder").expect("written");
    let ended = place.run(&["--to", "out/", "--json"]).succeeded();
    assert_eq!(ended.json()["rows_in"], FLIGHTS);
    assert!(
        ended.stderr.contains("not recorded") && ended.stderr.contains(".home"),
        "{}",
        ended.stderr
    );
    let message = place.tenon(&["runs"]).failed(1);
    assert!(message.contains(".home") && message.contains("TENON_HOME"), "{message}");
}

#[test]
fn a_run_that_is_killed_is_shown_as_such() {
    let place = Place::new();
    let mut command = place.command(&["run", &crate::place::plugin(), "--from"]);
    let mut child = command
        .args([&crate::place::flights(), "--null", "NA", "--to", "out/"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let began = Instant::now();
    while place.tenon(&["runs", "--json"]).json() == Value::Array(Vec::new()) {
        assert!(began.elapsed() < Duration::from_secs(60), "it is not recorded");
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(
        (&run["state"], &run["error"]["sentence"]),
        (&"ERROR".into(), &"the process died".into())
    );
}

#[test]
fn logs_are_filtered_and_safe_to_print() {
    let place = Place::new();
    recorded(&history(&place), "run-1", &Outcome::new(State::Succeeded));
    let all = place.tenon(&["logs", "run-1"]).succeeded().stdout;
    assert_eq!(all.lines().count(), 3, "{all}");
    assert!(
        all.contains("info  begins") && all.contains("warn  clean: odd \\u{1b}[31mrow\n"),
        "{all}"
    );
    let line = place
        .tenon(&["logs", "last", "--level", "WARN", "--step", "clean", "--json"])
        .succeeded()
        .json();
    assert_eq!((&line["number"], &line["source"]), (&2.into(), &"guest".into()));
    let last = place
        .tenon(&["logs", "last", "--tail", "1", "--follow"])
        .succeeded()
        .stdout;
    assert!(!last.contains("begins") && last.contains("odd"), "{last}");
    assert_eq!(
        place.tenon(&["logs", "last", "--grep", "odd  row"]).succeeded().stdout,
        ""
    );
}

#[test]
fn runs_are_filtered_and_removed() {
    let place = Place::new();
    let history = history(&place);
    recorded(&history, "abc-1", &Outcome::new(State::Succeeded));
    recorded(&history, "abc-2", &Outcome::new(State::Failed));
    recorded(&history, "abd-3", &Outcome::new(State::Succeeded));
    let ids = |arguments: &[&str]| -> Vec<String> {
        let runs = place
            .tenon(&[&["runs", "--json"], arguments].concat())
            .succeeded()
            .json();
        let runs = runs.as_array().expect("a list").iter();
        runs.map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&["--state", "Failed"]), ["abc-2"]);
    assert_eq!(
        ids(&["--job", "orders", "--since", "2d", "--limit", "2"]),
        ["abd-3", "abc-2"]
    );
    assert_eq!(ids(&["--job", "other"]), [""; 0]);
    assert_eq!(ids(&["--since", "20000000w"]).len(), 3, "longer than there is time");

    let message = place.tenon(&["runs", "show", "abc"]).failed(2);
    assert!(message.contains("abc-1") && message.contains("abc-2"), "{message}");
    assert!(place.tenon(&["logs", "x"]).failed(2).contains("no run `x` is recorded"));
    assert!(
        place
            .tenon(&["runs", "--state", "done"])
            .failed(2)
            .contains("SUCCEEDED")
    );
    assert!(place.tenon(&["runs", "remove"]).failed(2).contains("--older-than"));

    assert!(
        place
            .tenon(&["runs", "remove", "--older-than", "1h"])
            .succeeded()
            .stdout
            .contains("removed 0 runs")
    );
    assert!(
        place
            .tenon(&["runs", "remove", "--keep", "1"])
            .succeeded()
            .stdout
            .contains("removed 2 runs, 4 log lines")
    );
    assert_eq!(ids(&[]), ["abd-3"]);
}

#[test]
fn bookmarks_are_shown_reset_and_rewound() {
    let place = Place::new();
    let history = history(&place);
    for (run, until) in [("run-1", "a\x1b[2J"), ("run-2", "b")] {
        history.begin(&NewRun::new(run, "orders")).expect("begun");
        let mut commit = Commit::new(run, "orders");
        commit.bookmarks.insert("invoices".to_owned(), until.into());
        history.prepare(&commit).expect("prepared");
        history.committed(run).expect("committed");
        history.finish(run, &Outcome::new(State::Succeeded)).expect("finished");
    }
    let current = || {
        let shown = place
            .tenon(&["bookmark", "show", "orders", "--json"])
            .succeeded()
            .json();
        shown["orders"]["invoices"]["value"].clone()
    };
    assert_eq!(current(), "b");
    let rewound = place
        .tenon(&["bookmark", "rewind", "orders", "run-1"])
        .succeeded()
        .stdout;
    assert!(
        rewound.contains("rewound the bookmarks of `orders`: `invoices`"),
        "{rewound}"
    );
    assert_eq!(current(), "a\x1b[2J");
    let shown = place.tenon(&["bookmark", "show"]).succeeded().stdout;
    assert!(shown.contains("run-1 (rewound)") && !shown.contains('\x1b'), "{shown}");
    assert!(
        place
            .tenon(&["bookmark", "reset", "orders", "--source", "x"])
            .succeeded()
            .stdout
            .contains("nothing")
    );
    place.tenon(&["bookmark", "reset", "orders", "--state"]).succeeded();
    assert_eq!(current(), Value::Null);
    let message = place.tenon(&["bookmark", "rewind", "orders", "run-9"]).failed(3);
    assert!(message.contains("run-9") && message.contains("`orders`"), "{message}");
}

#[test]
fn what_guests_log_is_kept() {
    let place = Place::new();
    fs::write(place.path("years.csv"), "year\n2013\n2014\n").expect("written");
    let plugin = crate::place::guest("echo");
    let arguments = [
        "run",
        &plugin,
        "--function",
        "services",
        "--from",
        "years.csv",
        "--to",
        "o.csv",
        "--quiet",
    ];
    place
        .tenon(&[&arguments[..], &["--set", "log=hello"]].concat())
        .succeeded();
    let lines = place.tenon(&["logs", "last"]).succeeded().stdout;
    assert!(
        lines.contains("error echo: hello at ERROR\n") && lines.contains("debug echo: hello at DEBUG\n"),
        "{lines}"
    );
    let warnings = place.tenon(&["logs", "last", "--level", "warn"]).succeeded().stdout;
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = Place::new();
    let history = history(&place);
    history.begin(&NewRun::new("run-1", "orders")).expect("begun");
    let log = history.log_writer("run-1").expect("a log");
    for _ in 0..20_000 {
        log.write(Level::Info, LogSource::Guest, None, "again and again");
    }
    log.close().expect("written");
    let mut child = place
        .command(&["logs", "last"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("ended");
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
}
