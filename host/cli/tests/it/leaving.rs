//! Readers that leave before they have seen everything, as `head` does.

use std::fs;
use std::io::PipeWriter;
use std::process::Stdio;

use crate::place::{Ended, Place, plugin};

/// A pipe whose reader has left.
fn left() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer
}

/// What becomes of a command that prints to these.
fn printing_to(stdout: impl Into<Stdio>, stderr: impl Into<Stdio>, place: &Place, arguments: &[&str]) -> Ended {
    let mut command = place.command(arguments);
    command.stdout(stdout).stderr(stderr);
    let child = command.spawn().expect("started");
    Ended::from(child.wait_with_output().expect("ended"))
}

/// What becomes of a command whose reader has left before it prints anything.
fn unread(place: &Place, arguments: &[&str]) -> Ended {
    printing_to(left(), Stdio::piped(), place, arguments)
}

/// The same, where it is stderr that nobody reads.
fn unheard(place: &Place, arguments: &[&str]) -> Ended {
    printing_to(Stdio::piped(), left(), place, arguments)
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

#[test]
fn a_reader_of_stderr_that_leaves_changes_nothing() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    let job = "[sources.days]\nurl = \"in.csv\"\n\
               [sinks.out]\nfrom = \"days\"\nurl = \"out.csv\"\nmode = \"overwrite\"\n";
    fs::write(place.path("days.toml"), job).expect("written");
    fs::write(place.path("wrong.toml"), "[sources.days]\nurll = \"in.csv\"\n").expect("written");
    // What is only said, what is logged, why something fails, with a picture and without, and what clap says.
    let commands: [(&[&str], i32); 7] = [
        (&["runs"], 0),
        (&["bookmark", "show", "days"], 0),
        (&["connection", "list"], 0),
        (&["run", "days.toml", "-vvv"], 0),
        (&["run", "wrong.toml"], 3),
        (&["run", "none.wasm", "--from", "x.csv", "--to", "o/"], 3),
        (&["run", "--none"], 2),
    ];
    for (arguments, code) in commands {
        let heard = Place::new();
        for file in ["in.csv", "days.toml", "wrong.toml"] {
            fs::copy(place.path(file), heard.path(file)).expect("copied");
        }
        let heard = heard.tenon(arguments);
        assert_eq!(heard.code, Some(code), "{arguments:?}: {}", heard.stderr);
        assert!(!heard.stderr.is_empty(), "{arguments:?} says nothing on stderr");
        let ended = unheard(&place, arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stdout);
        let both = printing_to(left(), left(), &place, arguments);
        assert_eq!(both.code, Some(code), "{arguments:?}");
    }
    assert_eq!(fs::read_to_string(place.path("out.csv")).expect("readable"), "id\n1\n");
}
