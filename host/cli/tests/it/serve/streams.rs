//! A stream whose server is killed, at any moment, while it reads files that come.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::served::Served;
use crate::dice::{Dice, times};
use crate::place::Place;

const JOB: &str = "stream.every = \"100ms\"\n[sources.numbers]\nurl = \"in/\"\nformat = \"csv\"\n\
                   [sinks.copy]\nfrom = \"numbers\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// Longest that a server lives, in milliseconds, once it listens.
const LIFE: u64 = 1500;

/// A file with this number, which is there all at once.
fn put(files: &Path, number: usize) {
    let part = files.join("part");
    fs::write(&part, format!("number\n{number}\n")).expect("written");
    fs::rename(part, files.join("in").join(format!("{number}.csv"))).expect("renamed");
}

/// The numbers that were written, sorted.
fn numbers(out: &Path) -> Vec<usize> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(out).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("text");
        numbers.extend(
            text.lines()
                .skip(1)
                .map(|line| line.parse::<usize>().expect("a number")),
        );
    }
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_stream_whose_server_is_killed_reads_each_file_once() {
    let kills = times("TENON_STREAM_KILLS", 12);
    let mut dice = Dice::new("a stream whose server is killed");
    let place = Place::new();
    let files = place.path("data/tenants/shop/files");
    let mut server = Served::start(&place, None);
    server.done("PUT", "/v1/tenants/shop", &json!({}));
    fs::create_dir_all(files.join("in")).expect("made");
    put(&files, 0);
    let settings = json!({ "max_retries": 3, "retry_delay_seconds": 0 });
    let job = json!({ "definition": JOB, "settings": settings });
    server.done("PUT", "/v1/tenants/shop/jobs/copy", &job);
    let run = server.done("POST", "/v1/tenants/shop/jobs/copy/runs", &json!({}));
    let run = run["id"].as_str().expect("an id").to_owned();
    let mut count = 1;
    for _ in 0..kills {
        put(&files, count);
        count += 1;
        thread::sleep(Duration::from_millis(dice.roll(LIFE)));
        let token = server.kill();
        server = Served::start(&place, Some(token));
        // As often as it is killed, the attempts that are left are those since a micro-batch has gone well.
        server.eventually("the stream reads on", |_| {
            (numbers(&files.join("out")).len() >= count).then_some(())
        });
        server.eventually("the micro-batch is noted", |server| {
            let found = server.run(&run);
            (found["state"] == "RUNNING" && found["error"].is_null()).then_some(())
        });
    }
    let expected: Vec<usize> = (0..count).collect();
    assert_eq!(numbers(&files.join("out")), expected, "each once");
    let stop = format!("/v1/tenants/shop/runs/{run}/stop");
    server.done("POST", &stop, &json!({ "reason": "enough" }));
    let ended = server.eventually("it is stopped", |server| {
        let found = server.run(&run);
        (found["state"] == "STOPPED").then_some(found)
    });
    assert!(ended["batches"].as_u64() >= Some(1), "{ended}");
    assert_eq!(ended["report"]["rows_out"], count, "{ended}");
    assert_eq!(numbers(&files.join("out")), expected);
}
