//! A server that is killed, at any moment, while it is asked for runs and carries them out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::served::{Served, expected, written};
use crate::dice::{Dice, times};
use crate::place::Place;

/// Clients that ask for runs at the same time.
const CLIENTS: usize = 3;

/// Longest that a server lives, in milliseconds, once it listens.
const LIFE: u64 = 700;

#[test]
fn every_accepted_run_ends_once_though_the_server_is_killed() {
    let kills = times("TENON_KILLS", 50);
    let mut dice = Dice::new("a server that is killed");
    let place = Place::new();
    let files = place.path("data/tenants/shop/files");
    let mut server = Served::start(&place, None);
    server.furnish(&files, "out/");
    let mut accepted = Vec::new();
    let mut unanswered = 0;
    for _ in 0..kills {
        let life = Duration::from_millis(dice.roll(LIFE));
        let killed = AtomicBool::new(false);
        let ask = |client: usize| {
            let (mut runs, mut unanswered) = (Vec::new(), 0);
            while !killed.load(Ordering::Relaxed) {
                match server.submit(client + runs.len()) {
                    Some(run) => runs.push(run),
                    None => unanswered += 1,
                }
                // The runs of each life are to be ended, not only begun.
                thread::sleep(Duration::from_millis(25));
            }
            (runs, unanswered)
        };
        let asked: Vec<_> = thread::scope(|scope| {
            let ask = &ask;
            let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(client))).collect();
            thread::sleep(life);
            kill(&server);
            killed.store(true, Ordering::Relaxed);
            let ended = clients.into_iter().map(|client| client.join().expect("it ends"));
            ended.collect()
        });
        for (runs, without) in asked {
            accepted.extend(runs);
            unanswered += without;
        }
        let token = server.kill();
        server = Served::start(&place, Some(token));
    }
    println!(
        "{kills} kills, {} runs accepted, {unanswered} requests without an answer",
        accepted.len()
    );
    assert!(accepted.len() as u64 >= kills, "there was hardly any load");
    server.all_succeed(&accepted);

    // What was written down, and its answer lost, is a run as well: all that there is has ended.
    let all = all_runs(&server);
    assert!(
        accepted.iter().all(|run| all.contains(run)),
        "a run that was accepted is gone"
    );
    assert!(
        all.len() <= accepted.len() + unanswered,
        "there are runs that nobody has asked for"
    );
    server.all_succeed(&all);
    assert_eq!(written(&files.join("out")), expected(all.len()));
}

fn kill(server: &Served) {
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &server.id().to_string()])
        .status();
    assert!(killed.expect("there is `kill`").success());
}

fn all_runs(server: &Served) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let (status, page) = server.ask("GET", &format!("/v1/tenants/shop/runs?limit=1000{after}"), None);
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().expect("a list").iter();
        all.extend(items.map(|run| run["id"].as_str().expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}
