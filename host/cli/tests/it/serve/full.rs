//! A server whose database cannot be written for a while: its disk is full, or its file is gone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::served::{Served, expected, written};
use crate::place::Place;

/// A server whose writes beyond the size that a file may have fail, and do not kill it.
fn server(place: &Place) -> Served {
    let tenon = place.command(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" serve --data data --listen 127.0.0.1:0"])
        .arg(tenon.get_program())
        .current_dir(place.path(""))
        .env_remove("TENON_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in tenon.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Served::spawned(command.spawn().expect("started"), None)
}

/// Sets how large files of a process may become from now on, in bytes.
fn limit(server: &Served, bytes: &str) -> anyhow::Result<()> {
    let limit = format!("--fsize={bytes}:unlimited");
    let set = Command::new("prlimit")
        .args(["--pid", &server.id().to_string(), &limit])
        .output()
        .map_err(|error| anyhow::anyhow!("there is no `prlimit`: {error}"))?;
    anyhow::ensure!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    Ok(())
}

/// Asks for runs until one is refused; those that were accepted.
fn until_refused(server: &Served) -> Vec<String> {
    let mut accepted = Vec::new();
    server.eventually("a run is refused", |server| {
        let (status, answer) = server.ask("POST", "/v1/tenants/shop/jobs/copy-1/runs", Some(&json!({})));
        if status == 201 {
            accepted.push(answer["id"].as_str().expect("an id").to_owned());
            return None;
        }
        assert_eq!(status, 503, "{answer}");
        let detail = answer["detail"].as_str().expect("a reason");
        assert!(detail.contains("database cannot be"), "{answer}");
        assert!(answer["retry_after"].is_u64(), "{answer}");
        Some(())
    });
    accepted
}

fn readiness(server: &Served) -> u16 {
    server.ask("GET", "/readyz", None).0
}

/// The server goes on as if nothing had been.
fn recovers(server: &Served, files: &Path, mut accepted: Vec<String>) {
    server.eventually("the server is ready again", |server| {
        (readiness(server) == 200).then_some(())
    });
    accepted.push(server.eventually("a run is accepted again", |server| server.submit(0)));
    server.all_succeed(&accepted);
    assert_eq!(written(&files.join("out")), expected(accepted.len()));
}

#[test]
fn a_disk_that_is_full_refuses_loses_nothing_and_has_room_again() {
    let place = Place::new();
    let files = place.path("data/tenants/shop/files");
    let server = server(&place);
    if tenon_servers::or_skip("serve: a full disk", limit(&server, "unlimited")).is_none() {
        return;
    }
    server.furnish(&files, "out/");
    let mut accepted: Vec<String> = (0..8).map(|job| server.submit(job).expect("accepted")).collect();
    // From here on the write-ahead log cannot grow; small files of jobs still can.
    let log = fs::metadata(place.path("data/server.db-wal"))
        .expect("it is there")
        .len();
    limit(&server, &log.to_string()).expect("set");
    accepted.extend(until_refused(&server));
    server.eventually("the server is not ready", |server| {
        (readiness(server) == 503).then_some(())
    });
    // What is there can be read.
    assert_eq!(server.run(&accepted[0])["id"], json!(accepted[0]));
    assert_eq!(server.ask("GET", "/livez", None).0, 200);
    limit(&server, "unlimited").expect("set");
    recovers(&server, &files, accepted);
}

#[test]
fn a_disk_that_takes_nothing_at_all() {
    let place = Place::new();
    let files = place.path("data/tenants/shop/files");
    let server = server(&place);
    if tenon_servers::or_skip("serve: a read-only disk", limit(&server, "unlimited")).is_none() {
        return;
    }
    server.furnish(&files, "out/");
    let mut accepted: Vec<String> = (0..8).map(|job| server.submit(job).expect("accepted")).collect();
    limit(&server, "0").expect("set");
    accepted.extend(until_refused(&server));
    server.eventually("the server is not ready", |server| {
        (readiness(server) == 503).then_some(())
    });
    assert_eq!(server.run(&accepted[0])["id"], json!(accepted[0]));
    limit(&server, "unlimited").expect("set");
    recovers(&server, &files, accepted);
}

#[test]
fn a_database_file_that_is_gone_for_a_while() {
    let place = Place::new();
    let files = place.path("data/tenants/shop/files");
    let server = Served::start(&place, None);
    server.furnish(&files, "out/");
    let mut accepted: Vec<String> = (0..8).map(|job| server.submit(job).expect("accepted")).collect();
    let (file, aside) = (place.path("data/server.db"), place.path("data/aside.db"));
    fs::rename(&file, &aside).expect("moved");
    accepted.extend(until_refused(&server));
    server.eventually("the server is not ready", |server| {
        (readiness(server) == 503).then_some(())
    });
    fs::rename(&aside, &file).expect("moved");
    recovers(&server, &files, accepted);
}
