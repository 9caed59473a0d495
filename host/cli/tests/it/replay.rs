//! Batches that a function failed on, and running it on them again.

use std::fs;

use serde_json::Value;

use crate::place::{Ended, Place, guest};

/// `tenon run` of a test guest's function over three rows.
fn run(place: &Place, plugin: &str, function: &str, arguments: &[&str]) -> Ended {
    fs::write(place.path("in.csv"), "id,name\n1,one\n2,two\n3,three\n").expect("written");
    let plugin = guest(plugin);
    let mut all = vec![
        "run",
        &plugin,
        "--function",
        function,
        "--from",
        "in.csv",
        "--to",
        "out/",
    ];
    all.extend(arguments);
    place.tenon(&all)
}

fn kept(place: &Place) -> Value {
    let shown = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    shown["kept_batches"].clone()
}

#[test]
fn what_failed_fails_again_and_is_told_with_the_same_words() {
    let place = Place::new();
    let config = [
        "--set",
        "kind=bad-data",
        "--set",
        "message=no such day",
        "--keep-failed",
    ];
    let said = run(&place, "echo", "fail", &config).failed(1);
    assert!(
        said.contains("3 rows that it failed on are kept: `tenon replay "),
        "{said}"
    );
    let kept = kept(&place);
    assert_eq!(
        (&kept[0]["step"], &kept[0]["function"], &kept[0]["config"]["kind"]),
        (&"fail".into(), &"fail".into(), &"bad-data".into())
    );
    let error = kept[0]["error"].as_str().expect("a text");
    assert!(error.contains("no such day"), "{error}");

    let again = place.tenon(&["replay", "last"]).failed(1);
    assert!(again.contains("function `fail` failed: no such day"), "{again}");
    let json = place.tenon(&["replay", "last", "--json"]);
    assert_eq!((json.code, &json.json()["status"]), (Some(1), &"failed".into()));
    let said = place.tenon(&["replay", "last", "--step", "other"]).failed(2);
    assert!(said.contains("no batch of `other`, but of `fail`"), "{said}");
    // Another plugin in its place lacks the function.
    let said = place.tenon(&["replay", "last", "--plugin", &guest("evil")]).failed(3);
    assert!(said.contains("no function `fail`"), "{said}");
}

#[test]
fn what_works_now_shows_its_rows() {
    let place = Place::new();
    // The secret is not granted.
    run(
        &place,
        "echo",
        "services",
        &["--set", "secret=key", "--keep-failed=1MiB"],
    )
    .failed(1);
    let replay = |arguments: &[&str]| {
        let mut command = place.command(&["replay", "last", "--secret", "key=env:API_KEY"]);
        let output = command
            .args(arguments)
            .env("API_KEY", "hunter2")
            .output()
            .expect("started");
        Ended::from(output).succeeded()
    };
    let shown = replay(&["--rows", "2"]).stdout;
    assert!(shown.contains("| id | name |") && shown.contains("| two "), "{shown}");
    assert!(!shown.contains("three") && shown.contains("and 1 more rows"), "{shown}");
    assert!(
        shown.ends_with("`services` of the step `services` works on the batch: 3 rows in, 3 out, 0 rejected\n"),
        "{shown}"
    );
    let json = replay(&["--json"]).json();
    assert_eq!((&json["rows_in"], &json["rows_out"]), (&3.into(), &3.into()));
    assert_eq!(
        (&json["rows"][2]["name"], &json["rows"][2]["secret_bytes"]),
        (&"three".into(), &7.into())
    );
    assert_eq!(json["plugin_changed"], false);
    assert!(!place.path("out").exists(), "nothing is written");
}

#[test]
fn batches_are_kept_only_if_that_is_wanted_and_only_so_large() {
    let place = Place::new();
    run(&place, "evil", "unreachable", &[]).failed(1);
    assert_eq!(kept(&place), Value::Array(Vec::new()));
    let said = place.tenon(&["replay", "last"]).failed(2);
    assert!(
        said.contains("has kept no batch") && said.contains("--keep-failed"),
        "{said}"
    );

    let said = run(&place, "evil", "unreachable", &["--keep-failed=100"]).failed(1);
    assert!(
        said.contains("`keep_failed`") && !said.contains("tenon replay"),
        "{said}"
    );
    assert_eq!(kept(&place), Value::Array(Vec::new()));

    // Another schema than was announced, and a limit.
    run(&place, "evil", "more-columns", &["--keep-failed"]).failed(1);
    assert_eq!(kept(&place)[0]["function"], "more-columns");
    run(
        &place,
        "evil",
        "allocate",
        &["--keep-failed", "--memory-limit", "32MiB"],
    )
    .failed(4);
    assert_eq!(kept(&place)[0]["function"], "allocate");
    let again = place.tenon(&["replay", "last"]).failed(4);
    assert!(again.contains("32 MiB") || again.contains("memory"), "{again}");
}

#[test]
fn a_job_file_keeps_batches_without_its_secrets() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    let job = format!(
        "name = \"orders\"\nlimits = {{ keep_failed = \"1MB\" }}\nretries = {{ max = 0 }}\n\
         [sources.rows]\nurl = \"in.csv\"\n\
         [steps.broken]\nfrom = \"rows\"\nplugin = {:?}\nfunction = \"fail\"\n\
         config = {{ kind = \"transient\", message = \"${{secret:password}}\" }}\n\
         [sinks.out]\nfrom = \"broken\"\nurl = \"out/\"\n",
        guest("echo")
    );
    fs::write(place.path("j.toml"), job).expect("written");
    let tenon = |arguments: &[&str], secret: bool| {
        let mut command = place.command(arguments);
        if secret {
            command.env("TENON_SECRET_PASSWORD", "hunter2");
        }
        Ended::from(command.output().expect("started"))
    };
    tenon(&["run", "j.toml", "--quiet"], true).failed(1);
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(run["job"], "orders", "the file's name for it, not the file's own");
    assert_eq!(run["plugins"][0]["name"], "echo", "of a failed run as well");
    let kept = &run["kept_batches"][0];
    assert_eq!(
        (&kept["step"], &kept["config"]["message"]),
        (&"broken".into(), &"${secret:password}".into())
    );

    let again = tenon(&["replay", "last"], true).failed(1);
    assert!(again.contains("the step `broken` failed"), "{again}");
    let said = tenon(&["replay", "last"], false).failed(3);
    assert!(said.contains("password"), "{said}");
}
