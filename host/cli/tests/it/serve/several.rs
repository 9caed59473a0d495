//! Two servers that share a database, of which one is killed.

use serde_json::json;
use tenon_servers::Postgres;

use super::served::{Served, expected, written};
use crate::dice::{Dice, times};
use crate::place::Place;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Runs that are asked for before each kill.
const RUNS: usize = 24;

fn server(place: &Place, name: &str, database: &str, token: Option<String>) -> Served {
    let config = format!(
        "data = \"{name}\"\nname = \"{name}\"\nlisten = \"127.0.0.1:0\"\ndatabase = \"{database}\"\n\n[runs]\nlease = \"3s\"\n"
    );
    let file = format!("{name}.toml");
    std::fs::write(place.path(&file), config).expect("written");
    let mut command = place.command(&["serve", "--config", &file]);
    command.env("TENON_SERVER_KEY", KEY);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    Served::spawned(command.spawn().expect("started"), token)
}

#[test]
fn the_runs_of_a_killed_server_are_taken_over_and_none_is_done_twice() {
    let Some(postgres) = Postgres::start_or_skip("serve: two servers of which one is killed") else {
        return;
    };
    let mut dice = Dice::new("two servers of which one is killed");
    let place = Place::new();
    let files = place.path("shared");
    let out = files.join("out/").display().to_string();
    let database = postgres.url();
    let mut first = server(&place, "first", &database, None);
    let token = first.token.clone();
    let second = server(&place, "second", &database, Some(token.clone()));
    first.furnish(&files, &out);

    let mut accepted = Vec::new();
    let mut taken_over = 0;
    for _ in 0..times("TENON_TAKEOVERS", 2) {
        for number in 0..RUNS {
            let server = if number % 2 == 0 { &first } else { &second };
            accepted.push(server.submit(number).expect("accepted"));
        }
        // At some moment of the work, with runs in the hands of both.
        let pause = std::time::Duration::from_millis(dice.roll(300));
        std::thread::sleep(pause);
        first.kill();
        second.all_succeed(&accepted);
        taken_over += accepted
            .iter()
            .filter(|run| second.run(run)["attempt"] != json!(1))
            .count();
        assert_eq!(written(&files.join("out")), expected(accepted.len()));
        first = server(&place, "first", &database, Some(token.clone()));
    }
    println!("{} runs, {taken_over} of them taken over", accepted.len());
    // It is a server like any other again.
    accepted.push(first.submit(0).expect("accepted"));
    first.all_succeed(&accepted);
    assert_eq!(written(&files.join("out")), expected(accepted.len()));
}
