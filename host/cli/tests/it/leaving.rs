//! Readers that leave before they have seen everything, as `head` does.

use std::fs;
use std::process::Stdio;

use crate::place::{Ended, Place, plugin};

/// What becomes of a command whose reader has left before it prints anything.
fn unread(place: &Place, arguments: &[&str]) -> Ended {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = place.command(arguments);
    command.stdout(writer).stderr(Stdio::piped());
    let child = command.spawn().expect("started");
    Ended::from(child.wait_with_output().expect("ended"))
}

#[test]
fn a_reader_that_leaves_is_no_failure_of_any_command() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    let job = "[sources.days]\nurl = \"in.csv\"\n\
               [sinks.out]\nfrom = \"days\"\nurl = \"out.csv\"\nmode = \"overwrite\"\n";
    fs::write(place.path("days.toml"), job).expect("written");
    let plugin = plugin();
    let commands: [&[&str]; 13] = [
        &["validate", "days.toml"],
        &["explain", "days.toml"],
        &["preview", "in.csv"],
        &["preview", "in.csv", "--json"],
        &["schema", "in.csv"],
        &["schema", "in.csv", "--json"],
        &["schema", "--job-file"],
        &["inspect", plugin.as_str()],
        &["run", "days.toml"],
        &["run", "days.toml", "--json"],
        &["bookmark", "reset", "days"],
        &["completions", "bash"],
        &["serve", "--check"],
    ];
    for arguments in commands {
        let ended = unread(&place, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(place.path("out.csv")).expect("readable"), "id\n1\n");
}

#[test]
fn a_failure_keeps_its_code_where_nobody_reads_it() {
    let place = Place::new();
    let ended = unread(&place, &["run", "none.wasm", "--from", "x.csv", "--to", "o/", "--json"]);
    assert!(ended.failed(3).contains("there is no plugin none.wasm"));
}
