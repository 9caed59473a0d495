//! Jobs that run in micro-batches.
#![cfg(unix)]

use std::fs;
use std::time::{Duration, Instant};

use tenon_servers::{Postgres, or_skip};

use crate::place::{Place, guest};
use crate::watch::Watching;

const JOB: &str = "stream.every = \"100ms\"\n[sources.orders]\nurl = \"in/\"\n\
                   [sinks.out]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// A place with a job, and the first file of its folder.
fn place(job: &str) -> Place {
    let place = Place::new();
    fs::write(place.path("orders.toml"), job).expect("written");
    fs::create_dir(place.path("in")).expect("made");
    put(&place, "a.csv", "id\n1\n2\n");
    place
}

/// A file that is there all at once.
fn put(place: &Place, name: &str, text: &str) {
    fs::write(place.path("part"), text).expect("written");
    fs::rename(place.path("part"), place.path("in").join(name)).expect("renamed");
}

/// The files that were written.
fn files(place: &Place) -> Vec<String> {
    let mut names = place.names("out");
    names.retain(|name| !name.starts_with(['.', '_']));
    names
}

/// The rows in them, sorted.
fn written(place: &Place) -> Vec<String> {
    let mut rows = Vec::new();
    for name in files(place) {
        let text = fs::read_to_string(place.path("out").join(name)).expect("text");
        rows.extend(text.lines().skip(1).map(str::to_owned));
    }
    rows.sort();
    rows
}

#[test]
fn a_folder_that_grows_is_read_file_by_file_until_an_interrupt() {
    let place = place(JOB);
    let running = Watching::start(&place, &["run", "orders.toml"]);
    running.until("micro-batch 1: 2 rows in, 2 out");
    for (name, id) in [("b.csv", 3), ("c.csv", 4)] {
        running.until("nothing new");
        let before = files(&place);
        running.until("nothing new");
        assert_eq!(files(&place), before, "what finds nothing writes nothing");
        put(&place, name, &format!("id\n{id}\n"));
        running.until(": 1 rows in, 1 out");
    }
    assert_eq!(running.interrupt(), Some(0));
    assert_eq!(written(&place), ["1", "2", "3", "4"]);
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(
        (&run["report"]["rows_in"], &run["report"]["rows_out"]),
        (&4.into(), &4.into()),
        "{run}"
    );
    let batches = run["report"]["batches"].as_u64().expect("a number");
    assert_eq!(run["report"]["batches_empty"].as_u64(), Some(batches - 3), "{run}");

    // The next run goes on from there.
    put(&place, "d.csv", "id\n5\n");
    let report = place
        .tenon(&["run", "orders.toml", "--batches", "2", "--json"])
        .succeeded();
    let report = report.json();
    assert_eq!(
        (&report["batches"], &report["batches_empty"], &report["rows_in"]),
        (&2.into(), &1.into(), &1.into()),
        "{report}"
    );
    assert_eq!(written(&place), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_micro_batch_in_flight_is_taken_back_at_an_interrupt() {
    let job = format!(
        "[stream]\n[sources.orders]\nurl = \"in/\"\n[steps.stuck]\nfrom = \"orders\"\nplugin = {:?}\nfunction = \"loop\"\n\
         [sinks.out]\nfrom = \"stuck\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n",
        guest("evil")
    );
    let place = place(&job);
    let running = Watching::start(&place, &["run", "orders.toml"]);
    let began = Instant::now();
    loop {
        let runs = place.tenon(&["runs", "--json"]).succeeded().json();
        if runs[0]["state"] == "RUNNING" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it does not begin: {runs}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(running.interrupt(), Some(0));
    assert!(files(&place).is_empty());
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(
        (&run["state"], &run["report"]["batches"]),
        (&"SUCCEEDED".into(), &0.into()),
        "{run}"
    );
    let bookmarks = place.tenon(&["bookmark", "show", "orders"]);
    assert!(!bookmarks.stdout.contains("a.csv"), "{}", bookmarks.stdout);
}

#[test]
fn a_folder_may_be_empty_at_first() {
    let place = place(JOB);
    fs::remove_file(place.path("in/a.csv")).expect("removed");
    let run = || {
        place
            .tenon(&["run", "orders.toml", "--batches", "1", "--json"])
            .succeeded()
            .json()
    };
    let report = run();
    assert_eq!(
        (&report["batches"], &report["batches_empty"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    put(&place, "b.csv", "id\n3\n");
    assert_eq!(run()["rows_in"], 1);
    assert_eq!(written(&place), ["3"]);
}

#[test]
fn a_stream_that_takes_too_long_ends_by_its_timeout() {
    let place = place(&format!("timeout = \"3s\"\n{JOB}"));
    let said = place.tenon(&["run", "orders.toml"]).failed(4);
    assert!(said.contains("its timeout of 3s"), "{said}");
    assert_eq!(written(&place), ["1", "2"], "what was committed stays");
}

#[test]
fn what_cannot_run_in_micro_batches_is_refused_at_its_place() {
    let cases = [
        (
            JOB.replace("100ms", "1ms"),
            "orders.toml:1:16",
            "the window of a stream",
        ),
        (
            JOB.replace("mode = \"append\"", "mode = \"error\""),
            "orders.toml:8:8",
            "the mode of the sink `out`",
        ),
        (
            JOB.replace("url = \"in/\"", "url = \"in/\"\nbookmark = false"),
            "orders.toml:1:",
            "each source of the job says `bookmark = false`",
        ),
    ];
    for (job, at, why) in cases {
        let place = place(&job);
        let said = place.tenon(&["run", "orders.toml"]).failed(3);
        assert!(said.contains(at) && said.contains(why), "{said}");
        assert!(!place.path("out").exists());
    }
}

#[test]
fn options_that_contradict_micro_batches_are_refused() {
    let streams = place(JOB);
    for arguments in [
        vec!["--bookmark", "disable"],
        vec!["--bookmark", "pause"],
        vec!["--no-history"],
    ] {
        let ended = streams.tenon(&[vec!["run", "orders.toml"], arguments.clone()].concat());
        let said = ended.failed(2);
        assert!(said.contains("bookmark"), "{arguments:?}: {said}");
    }
    let once = place(&JOB.replace("stream.every = \"100ms\"\n", ""));
    let said = once.tenon(&["run", "orders.toml", "--batches", "2"]).failed(2);
    assert!(said.contains("[stream]"), "{said}");
}

#[test]
fn a_log_that_grows_by_other_tables_is_read_past_without_writing() {
    let name = "a_log_that_grows_by_other_tables_is_read_past_without_writing";
    let Some(server) = or_skip(name, Postgres::start()) else {
        return;
    };
    server.psql(
        "create table orders (id int primary key, amount int); insert into orders values (1, 10), (2, 20), (3, 30); \
         create table others (id int)",
    );
    let place = Place::new();
    let job = format!(
        "stream.every = \"100ms\"\n[sources.orders]\nconnector = \"postgres\"\nurl = \"{}\"\ntable = \"orders\"\n\
         bookmark = true\nchanges = {{ slot = \"tenon_orders\" }}\n\
         [sinks.out]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n",
        server.url()
    );
    fs::write(place.path("orders.toml"), job).expect("written");

    let running = Watching::start(&place, &["run", "orders.toml"]);
    running.until("micro-batch 1: 3 rows in, 3 out");
    server.psql("update orders set amount = 11 where id = 1");
    running.until(": 1 rows in, 1 out");
    let before = (files(&place), written(&place));
    assert_eq!(before.1.len(), 4, "{before:?}");

    server.psql("insert into others select generate_series(1, 1000)");
    let end = server.psql("select pg_current_wal_insert_lsn()");
    // The micro-batch after the one that has read so far tells the server, which needs no log before that any more.
    let moved = format!(
        "select confirmed_flush_lsn >= '{}' from pg_replication_slots where slot_name = 'tenon_orders'",
        end.trim()
    );
    let asked = Instant::now();
    while server.psql(&moved).trim() != "t" {
        assert!(asked.elapsed() < Duration::from_secs(60), "the slot keeps the log");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!((files(&place), written(&place)), before, "nothing is written");

    // What comes after is not lost.
    server.psql("delete from orders where id = 2");
    running.until(": 1 rows in, 1 out");
    assert_eq!(written(&place).len(), 5);
    assert_eq!(running.interrupt(), Some(0));
}
