//! Jobs, their runs, and what these came to.

use std::fs;
#[cfg(unix)]
use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::process::{Command, Stdio};

#[cfg(unix)]
use crate::place::Ended;

use super::Asked;

#[test]
fn a_job_is_put_started_followed_and_billed() {
    let asked = Asked::new();
    let followed = asked.tenon(&["job", "start", "copy", "--follow"]).succeeded();
    for part in ["SUCCEEDED", "copy", "rows in", "rows out"] {
        assert!(followed.stdout.contains(part), "{part}: {}", followed.stdout);
    }
    assert_eq!(asked.copied(), [1, 2, 3]);

    let listed = asked.tenon(&["run", "list", "--job", "copy"]).succeeded().stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].starts_with(" RUN") || lines[0].starts_with("RUN"), "{listed}");
    assert!(
        lines[1].contains("SUCCEEDED") && lines[1].contains(" copy "),
        "{listed}"
    );

    let shown = asked.tenon(&["run", "show", "last", "--json"]).succeeded().json();
    assert_eq!(
        (&shown["state"], &shown["usage"]["rows_out"]),
        (&"SUCCEEDED".into(), &3.into())
    );
    let attempts = asked.tenon(&["run", "attempts", "last", "--json"]).succeeded().json();
    assert_eq!(attempts.as_array().map(Vec::len), Some(1));
    asked.tenon(&["run", "logs", "last"]).succeeded();
    asked.tenon(&["run", "logs", "last", "--follow", "--json"]).succeeded();
    asked.tenon(&["run", "watch", "last", "--logs"]).succeeded();

    fs::write(asked.place.path("prices.toml"), "currency = \"EUR\"\nrun = \"0.25\"\n").expect("written");
    asked.tenon(&["prices", "put", "prices.toml"]).succeeded();
    let prices = asked.tenon(&["prices", "show", "--json"]).succeeded().json();
    assert!(
        prices["run"].as_str().is_some_and(|run| run.starts_with("0.25")),
        "{prices}"
    );
    let bill = asked.tenon(&["usage", "--by", "job"]).succeeded();
    assert!(
        bill.stdout.contains("0.25 EUR") && bill.stdout.contains("copy"),
        "{}",
        bill.stdout
    );
    assert!(bill.stderr.contains("in all: 0.25 EUR"), "{}", bill.stderr);
    for by in ["tenant", "day"] {
        let bill = asked.tenon(&["usage", "--by", by, "--json"]).succeeded().json();
        assert_eq!(bill["lines"][0]["usage"]["runs"], 1, "{bill}");
    }
    let runs = asked.tenon(&["usage", "--by", "run", "--from", "1d"]).succeeded();
    assert!(
        runs.stdout.contains("run_") && runs.stdout.contains("0.25 EUR"),
        "{}",
        runs.stdout
    );
    assert!(runs.stderr.contains("in all: 0.25 EUR"), "{}", runs.stderr);
}

#[test]
fn what_is_not_said_of_a_job_stays() {
    let asked = Asked::new();
    asked
        .tenon(&[
            "job",
            "put",
            "copy.toml",
            "--set",
            "timeout_seconds=60",
            "--set",
            "tags={\"a\": \"b\"}",
        ])
        .succeeded();
    let job = asked.tenon(&["job", "show", "copy", "--json"]).succeeded().json();
    assert_eq!(job["settings"]["max_retries"], 0);
    assert_eq!(job["settings"]["timeout_seconds"], 60);
    assert_eq!(job["settings"]["tags"]["a"], "b");
    let shown = asked.tenon(&["job", "show", "copy"]).succeeded().stdout;
    assert!(
        shown.contains("settings.timeout_seconds") && shown.contains("[sources.orders]"),
        "{shown}"
    );
    let versions = asked.tenon(&["job", "versions", "copy", "--json"]).succeeded().json();
    assert_eq!(versions.as_array().map(Vec::len), Some(2), "{versions}");

    fs::write(asked.place.path("settings.yaml"), "max_retries: 2\n").expect("written");
    let arguments = ["job", "put", "copy.toml", "--settings", "settings.yaml"];
    asked.tenon(&arguments).succeeded();
    let job = asked.tenon(&["job", "show", "copy", "--json"]).succeeded().json();
    assert_eq!(
        (&job["settings"]["max_retries"], &job["settings"]["tags"]),
        (&2.into(), &serde_json::json!({}))
    );

    let listed = asked.tenon(&["job", "list"]).succeeded().stdout;
    assert!(listed.contains("NAME") && listed.contains("copy"), "{listed}");
    asked.tenon(&["job", "delete", "copy"]).succeeded();
    assert!(
        asked
            .tenon(&["job", "list"])
            .succeeded()
            .stderr
            .contains("there is none")
    );
    let gone = asked.tenon(&["job", "show", "copy"]).failed(3);
    assert!(gone.contains("copy"), "{gone}");
}

#[test]
fn a_job_that_is_wrong_is_refused_with_its_place() {
    let asked = Asked::new();
    fs::write(
        asked.place.path("bad.toml"),
        "sources.a.url = \"a.csv\"\n[sinks.b]\nfrom = \"c\"\nurl = \"b/\"\n",
    )
    .expect("written");
    let said = asked.tenon(&["job", "put", "bad.toml"]).failed(3);
    assert!(said.contains("bad.toml:3"), "{said}");
    let said = asked
        .tenon(&["job", "put", "copy.toml", "--set", "max_retrys=1"])
        .failed(3);
    assert!(said.contains("max_retrys"), "{said}");
    let said = asked.tenon(&["job", "put", "nothing.toml"]).failed(3);
    assert!(said.contains("nothing.toml"), "{said}");
    let said = asked.tenon(&["job", "start", "nobody"]).failed(3);
    assert!(said.contains("nobody"), "{said}");
}

#[test]
fn a_run_that_fails_says_why_and_can_be_tried_again() {
    let asked = Asked::new();
    let file = asked.place.path("data/tenants/shop/files/in.csv");
    fs::remove_file(&file).expect("removed");
    let failed = asked.tenon(&["job", "start", "copy", "--follow"]);
    assert!(
        matches!(failed.code, Some(1 | 3)),
        "{:?} {}",
        failed.code,
        failed.stderr
    );
    assert!(failed.stderr.contains("in.csv"), "{}", failed.stderr);
    let failed = asked.tenon(&["run", "watch", "last", "--json"]);
    let told = failed.json();
    assert!(told["error"]["sentence"].is_string(), "{told}");
    let listed = asked.tenon(&["run", "list"]).succeeded().stdout;
    assert!(listed.contains("in.csv"), "{listed}");

    fs::write(&file, "number\n4\n").expect("written");
    let run = told["id"].as_str().expect("an id");
    asked.tenon(&["run", "retry", run, "--follow"]).succeeded();
    assert_eq!(asked.copied(), [4]);
    asked.tenon(&["run", "rerun", run, "--follow"]).succeeded();
    assert_eq!(asked.copied(), [4, 4]);
}

#[test]
fn a_key_starts_one_run_and_a_run_that_waits_is_stopped() {
    let asked = Asked::new();
    let start = || {
        let arguments = [
            "job",
            "start",
            "copy",
            "--idempotency-key",
            "one",
            "--not-before",
            "2999-01-01",
        ];
        asked.tenon(&arguments).succeeded().stdout
    };
    let run = start();
    assert_eq!(run, start());
    let run = run.trim();
    let stopped = asked
        .tenon(&["run", "stop", run, "--reason", "no need"])
        .succeeded()
        .stderr;
    assert!(stopped.contains("STOPPED"), "{stopped}");
    let said = asked.tenon(&["run", "watch", run]).failed(130);
    assert!(said.contains("STOPPED"), "{said}");
    let runs = asked
        .tenon(&["run", "list", "--state", "stopped", "--json"])
        .succeeded()
        .json();
    assert_eq!(runs[0]["stop_reason"], "no need", "{runs}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_following_and_not_the_run() {
    let asked = Asked::new();
    let run = asked
        .tenon(&["job", "start", "copy", "--not-before", "2999-01-01"])
        .succeeded()
        .stdout;
    let run = run.trim();
    let mut child = asked
        .command(&["run", "watch", run])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("text");
    assert_eq!(line.trim(), "WAITING");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill").success());
    let said: String = errors.lines().map(|line| line.expect("text") + "\n").collect();
    assert_eq!(child.wait().expect("ended").code(), Some(130), "{said}");
    assert!(
        said.contains("goes on") && said.contains(&format!("run stop {run}")),
        "{said}"
    );
    assert_eq!(asked.tenon(&["run", "show", run, "--json"]).json()["state"], "WAITING");
}

#[cfg(unix)]
#[test]
fn events_are_listed_and_followed() {
    let asked = Asked::new();
    asked.tenon(&["job", "start", "copy", "--follow"]).succeeded();
    let events = asked
        .tenon(&["event", "list", "--kinds", "run", "--json"])
        .succeeded()
        .json();
    let kinds: Vec<&str> = events
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    assert!(
        kinds.iter().all(|kind| kind.starts_with("run.")) && !kinds.is_empty(),
        "{kinds:?}"
    );
    let mut child = asked
        .command(&["event", "follow", "--kinds", "run", "--after", "0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    for kind in kinds {
        let line = lines.next().expect("a line").expect("text");
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(event["kind"], kind);
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill").success());
    Ended::from(child.wait_with_output().expect("ended")).succeeded();
}

#[test]
fn bookmarks_are_shown_reset_and_rewound() {
    let asked = Asked::new();
    let job = format!("bookmark = true\n{}", super::COPY);
    fs::write(asked.place.path("kept.toml"), job).expect("written");
    asked.tenon(&["job", "put", "kept.toml"]).succeeded();
    let started = asked.tenon(&["job", "start", "kept", "--follow", "--json"]).succeeded();
    let run = started.json()["id"].as_str().expect("an id").to_owned();
    let shown = asked
        .tenon(&["job", "bookmark", "show", "kept", "--json"])
        .succeeded()
        .json();
    assert!(shown["orders"].is_object(), "{shown}");
    let shown = asked.tenon(&["job", "bookmark", "show", "kept"]).succeeded().stdout;
    assert!(shown.contains("orders"), "{shown}");
    asked
        .tenon(&["job", "bookmark", "reset", "kept", "--source", "orders"])
        .succeeded();
    let history = asked
        .tenon(&["job", "bookmark", "history", "kept", "orders", "--json"])
        .succeeded()
        .json();
    assert_eq!(history.as_array().map(Vec::len), Some(2), "{history}");
    let rewound = asked.tenon(&["job", "bookmark", "rewind", "kept", &run]).succeeded();
    assert_eq!(rewound.stdout.trim(), "orders");
    asked.tenon(&["job", "clear-state", "kept"]).succeeded();
}
