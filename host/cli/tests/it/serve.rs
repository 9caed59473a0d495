//! `tenon serve`, and a server that is killed, or can write no more.

mod full;
mod kills;
pub mod served;
mod several;
mod streams;
mod telemetry;

use std::fs;

use crate::place::Place;

#[test]
fn a_configuration_is_checked_without_a_server() {
    let place = Place::new();
    fs::write(place.path("server.toml"), "[runs]\nlease = \"1s\"\n").expect("written");
    let refused = place.tenon(&["serve", "--config", "server.toml", "--check"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("runs.lease"), "{}", refused.stderr);
    fs::write(place.path("server.toml"), "[runs]\nlease = \"20s\"\n").expect("written");
    let fine = place.tenon(&["serve", "--config", "server.toml", "--check"]);
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    assert!(fine.stdout.contains("lease = \"20s\""), "{}", fine.stdout);
    assert!(!place.path("tenon-server").exists());
}
