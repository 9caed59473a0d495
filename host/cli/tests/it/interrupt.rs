//! Runs that end before their time.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Ended, Place, flights, guest, plugin};

/// A run that is writing, and would go on for a while.
#[cfg(unix)]
fn at_work(place: &Place) -> Child {
    // So that the plugin is compiled and the run is in its midst when it is interrupted.
    place.run(&["--to", "first.parquet"]).succeeded();
    fs::remove_file(place.path("first.parquet")).expect("removed");
    // Enough that it does not end meanwhile.
    fs::create_dir(place.path("in")).expect("made");
    for number in 0..12 {
        fs::copy(flights(), place.path("in").join(format!("{number}.csv.gz"))).expect("copied");
    }
    let plugin = plugin();
    let arguments = [
        "run",
        &plugin,
        "--from",
        "in/",
        "--null",
        "NA",
        "--to",
        "out/",
        "--partitions",
        "1",
    ];
    let mut child = place
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let begun = Instant::now();
    while place.names("out").iter().all(|name| !name.ends_with(".staged")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is being written");
        assert!(
            child.try_wait().expect("known").is_none(),
            "it ended before it could be interrupted"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().expect("started");
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_visible() {
    let place = Place::new();
    let child = at_work(&place);
    interrupt(&child);
    let ended = Ended::from(child.wait_with_output().expect("ended"));
    let message = ended.failed(130);
    assert!(
        message.contains("the run was stopped; nothing was written"),
        "{message}"
    );
    assert_eq!(place.names(""), ["in"]);
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(run["state"], "STOPPED");
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_ends_it_at_once() {
    let place = Place::new();
    let child = at_work(&place);
    interrupt(&child);
    interrupt(&child);
    let since = Instant::now();
    let ended = child.wait_with_output().expect("ended");
    assert_eq!(ended.status.code(), Some(130));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let visible = place.names("out").into_iter().filter(|name| !name.starts_with('.'));
    assert_eq!(visible.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_run_that_takes_too_long_ends_like_an_interrupted_one() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    let job = format!(
        "timeout = \"2s\"\n[sources.rows]\nurl = \"in.csv\"\n\
         [steps.stuck]\nfrom = \"rows\"\nplugin = {:?}\nfunction = \"loop\"\n\
         [sinks.out]\nfrom = \"stuck\"\nurl = \"out/\"\n",
        guest("evil")
    );
    fs::write(place.path("stuck.toml"), job).expect("written");
    // Compiling the plugin is not what is to take too long.
    place.tenon(&["inspect", &guest("evil")]).succeeded();
    let said = place.tenon(&["run", "stuck.toml"]).failed(4);
    assert!(said.contains("did not end within its timeout of 2s"), "{said}");
    assert!(!place.path("out").exists() || place.names("out").is_empty());
    let run = place.tenon(&["runs", "show", "last", "--json"]).succeeded().json();
    assert_eq!(
        (&run["state"], &run["plugins"][0]["name"]),
        (&"TIMEOUT".into(), &"evil".into())
    );
}
