//! Runs that end before their time.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Ended, FLIGHTS, Place, REJECTED, flights, parquet, plugin, rows};

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_visible() {
    let place = Place::new();
    // So that the plugin is compiled and the run is in its midst when it is interrupted.
    place.run(&["--to", "first.parquet"]).succeeded();
    fs::remove_file(place.path("first.parquet")).expect("removed");
    // Enough that it does not end meanwhile.
    fs::create_dir(place.path("in")).expect("made");
    for number in 0..12 {
        fs::copy(flights(), place.path("in").join(format!("{number}.csv.gz"))).expect("copied");
    }
    let plugin = plugin();
    let mut child = place
        .command(&[
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
        ])
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
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("started");
    assert!(killed.success());
    let ended = Ended::from(child.wait_with_output().expect("ended"));
    let message = ended.failed(130);
    assert!(
        message.contains("the run was stopped; nothing was written"),
        "{message}"
    );
    assert_eq!(place.names(""), ["in"]);
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_nothing_visible_and_can_be_repeated() {
    let place = Place::new();
    place.run(&["--to", "first.parquet"]).succeeded();
    let (plugin, flights) = (plugin(), flights());
    for millis in [150, 300, 450, 600, 900] {
        let arguments = [
            "run",
            &plugin,
            "--from",
            &flights,
            "--null",
            "NA",
            "--to",
            "out/",
            "--mode",
            "overwrite",
        ];
        let mut child = place
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().expect("killed or ended");
        child.wait().expect("ended");
        let visible: Vec<PathBuf> = place
            .names("out")
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .map(|name| place.path("out").join(name))
            .collect();
        // Either the commit had begun, then whole files are there, or nothing is.
        for file in &visible {
            drop(parquet(file));
        }
    }
    place.run(&["--to", "out/", "--mode", "overwrite"]).succeeded();
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    assert!(place.names("out").iter().all(|name| !name.starts_with('.')));
}
