//! What a server tells a collector of OpenTelemetry.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenon_servers::{Answer, Collector, Span};

use super::served::{PATIENCE, Served};
use crate::place::{Place, plugin};

const SERVE: [&str; 7] = [
    "serve",
    "--config",
    "server.toml",
    "--data",
    "data",
    "--listen",
    "127.0.0.1:0",
];
const SECRET: &str = "hunter2-of-the-collector";

/// A server that sends to a collector, and what it says on its way.
fn served(place: &Place, collector: &Collector, more: &str) -> (Served, Arc<Mutex<String>>) {
    configure(place, collector, more);
    let process = place
        .command(&SERVE)
        .env("OTLP_TOKEN", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Served::heard(process.expect("started"))
}

fn configure(place: &Place, collector: &Collector, more: &str) {
    let text = format!(
        "log = \"info\"\n[telemetry]\nendpoint = \"{}\"\nheaders = {{ authorization = \"Bearer ${{env:OTLP_TOKEN}}\" }}\n{more}",
        collector.url()
    );
    fs::write(place.path("server.toml"), text).expect("written");
}

/// Rows of flights, through a plugin that refuses one of them.
fn late(server: &Served, place: &Place) {
    server.done("PUT", "/v1/tenants/shop", &json!({}));
    let files = place.path("data/tenants/shop/files");
    fs::create_dir_all(&files).expect("made");
    let rows = "year,dep_delay,arr_delay,carrier,tailnum,air_time,distance\n2013,2,11,UA,N14228,227,1400\n2013,9,40,DL,N666DN,65,762\n";
    fs::write(files.join("in.csv"), rows).expect("written");
    upload(server, "flights", &plugin());
    let definition = "[sources.flights]\nurl = \"in.csv\"\n\n[steps.late]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                      [sinks.out]\nfrom = \"late\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    let job = json!({ "definition": definition, "settings": { "max_retries": 0 } });
    server.done("PUT", "/v1/tenants/shop/jobs/late", &job);
}

fn upload(server: &Served, name: &str, file: &str) {
    let bytes = fs::read(file).expect("a component");
    let path = format!("/v1/tenants/shop/plugins/{name}/versions?alias=stable");
    let (status, answer) = send(server, "POST", &path, "content-type: application/wasm\r\n", &bytes);
    assert_eq!(status, 201, "{answer}");
}

/// A request with more headers.
fn send(server: &Served, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = TcpStream::connect(&server.address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{headers}content-length: {}\r\n\
         connection: close\r\n\r\n",
        server.address,
        server.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (
        status.expect("a status"),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

fn run_of(server: &Served, job: &str) -> String {
    let path = format!("/v1/tenants/shop/jobs/{job}/runs");
    let run = server.done("POST", &path, &json!({}));
    run["id"].as_str().expect("an id").to_owned()
}

fn find(spans: &[Span], name: &str, run: &str) -> Option<Span> {
    let mut spans = spans.iter().filter(|span| span.name == name);
    spans
        .find(|span| span.attributes.get("tenon.run").is_some_and(|of| of == run))
        .cloned()
}

#[test]
fn a_run_is_a_trace_with_its_attempts_and_steps() {
    let place = Place::new();
    let collector = Collector::start().expect("a collector");
    let (server, heard) = served(
        &place,
        &collector,
        "attributes = { \"deployment.environment\" = \"test\" }\n",
    );
    late(&server, &place);
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traceparent = format!("traceparent: 00-{trace}-{parent}-01\r\ncontent-type: application/json\r\n");
    let (status, started) = send(&server, "POST", "/v1/tenants/shop/jobs/late/runs", &traceparent, b"{}");
    assert_eq!(status, 201, "{started}");
    let id = started["id"].as_str().expect("an id");

    let run = collector.wait_for("the run", |collector| find(&collector.spans(), "run", id));
    let attempt = collector.wait_for("its attempt", |collector| find(&collector.spans(), "attempt", id));
    let parts = collector.wait_for("its parts", |collector| {
        let spans = collector.spans();
        let part = |name: &str| spans.iter().find(|span| span.name == name && span.trace == run.trace);
        Some([part("source")?.clone(), part("step")?.clone(), part("sink")?.clone()])
    });
    assert_eq!((run.parent.as_str(), &attempt.parent), ("", &run.id));
    assert_eq!(run.attributes["tenon.state"], "SUCCEEDED");
    assert_eq!(
        (
            run.attributes["tenon.tenant"].as_str(),
            run.attributes["tenon.job"].as_str()
        ),
        ("shop", "late")
    );
    assert_eq!(
        (attempt.attributes["tenon.attempt"].as_str(), &attempt.trace),
        ("1", &run.trace)
    );
    assert!(
        run.began <= attempt.began && attempt.began <= attempt.ended,
        "{run:?} {attempt:?}"
    );
    for part in &parts {
        assert_eq!(part.parent, attempt.id, "{part:?}");
        assert!(part.began <= part.ended && attempt.began <= part.ended, "{part:?}");
    }
    let step = &parts[1];
    assert_eq!(
        (
            step.attributes["tenon.step"].as_str(),
            step.attributes["tenon.batches"].as_str()
        ),
        ("late", "1")
    );
    assert_eq!(step.attributes["tenon.rows_in"], "2");
    assert_eq!(step.attributes["tenon.rows_rejected"], "1");
    assert_eq!(run.resource["service.name"], "tenon");
    assert_eq!(run.resource["deployment.environment"], "test");

    // The request is part of the trace of whoever asked, and names the run.
    let request = collector.wait_for("the request", |collector| {
        let spans = collector.spans();
        spans.into_iter().find(|span| span.trace == trace)
    });
    assert_eq!(request.parent, parent);
    assert_eq!(request.name, "POST /v1/tenants/{tenant}/jobs/{job}/runs");
    assert_eq!(request.attributes["tenon.run"], id);
    assert_eq!(request.attributes["http.response.status_code"], "201");

    for request in collector.requests() {
        assert_eq!(request.headers["authorization"], format!("Bearer {SECRET}"));
        let body = String::from_utf8_lossy(&request.body);
        assert!(!body.contains(SECRET) && !body.contains(&server.token));
    }
    // Sending is nothing that is sent.
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    assert!(!names.iter().any(|name| name.contains("/v1/traces")), "{names:?}");
    assert!(!heard.lock().expect("heard").contains(SECRET));
}

#[test]
fn what_guests_and_the_server_say_is_about_the_run() {
    let place = Place::new();
    let collector = Collector::start().expect("a collector");
    let (server, _) = served(&place, &collector, "");
    late(&server, &place);
    let definition = "[sources.flights]\nurl = \"nothing.csv\"\n\n[sinks.out]\nfrom = \"flights\"\nurl = \"out/\"\nformat = \"csv\"\n";
    let job = json!({ "definition": definition, "settings": { "max_retries": 0 } });
    server.done("PUT", "/v1/tenants/shop/jobs/lost", &job);
    let id = run_of(&server, "lost");
    let attempt = collector.wait_for("its attempt", |collector| find(&collector.spans(), "attempt", &id));
    assert!(
        attempt
            .error
            .as_ref()
            .is_some_and(|error| error.contains("nothing.csv")),
        "{attempt:?}"
    );
    let line = collector.wait_for("why it failed", |collector| {
        let lines = collector.lines();
        lines.into_iter().find(|line| line.message.contains("nothing.csv"))
    });
    assert_eq!((&line.trace, &line.span), (&attempt.trace, &attempt.id));
    assert_eq!(line.attributes["tenon.run"], id);
    assert_eq!(
        (
            line.attributes["tenon.tenant"].as_str(),
            line.attributes["tenon.job"].as_str()
        ),
        ("shop", "lost")
    );
}

#[test]
fn telemetry_is_switched_on_and_off_while_the_server_runs() {
    let place = Place::new();
    let collector = Collector::start().expect("a collector");
    let (server, heard) = served(&place, &collector, "send = [\"logs\"]\n");
    late(&server, &place);
    let first = run_of(&server, "late");
    server.all_succeed(std::slice::from_ref(&first));
    configure(&place, &collector, "");
    // It hears of the file by itself, too; whichever comes first.
    hang_up(&server);
    server.eventually("the change is told", |_| {
        let heard = heard.lock().expect("heard");
        heard
            .contains("the configuration has changed: telemetry.send")
            .then_some(())
    });
    let second = run_of(&server, "late");
    collector.wait_for("the second run", |collector| find(&collector.spans(), "run", &second));
    assert_eq!(find(&collector.spans(), "run", &first), None);

    fs::write(place.path("server.toml"), "log = \"info\"\n[runs]\nconcurent = 1\n").expect("written");
    hang_up(&server);
    server.eventually("what is wrong is told", |_| {
        let heard = heard.lock().expect("heard");
        heard
            .contains("server.toml:3:1: unknown field `concurent`")
            .then_some(())
    });
    let third = run_of(&server, "late");
    collector.wait_for("the third run", |collector| find(&collector.spans(), "run", &third));
}

#[test]
fn a_collector_that_hangs_neither_slows_runs_down_nor_keeps_the_server() {
    let place = Place::new();
    let collector = Collector::answering(Answer::Nothing).expect("a collector");
    let (server, _) = served(&place, &collector, "queue = 4\n");
    late(&server, &place);
    let runs: Vec<String> = (0..10).map(|_| run_of(&server, "late")).collect();
    server.all_succeed(&runs);
    // Ten runs have more than ten spans beyond the queue's four; they are counted one by one.
    server.eventually("what is lost is counted", |server| {
        let text = metrics(server);
        let lost = text
            .lines()
            .find_map(|line| line.strip_prefix("tenon_telemetry_lost_total{signal=\"traces\"} "));
        lost.and_then(|lost| lost.parse::<u64>().ok()).filter(|lost| *lost > 10)
    });
    let began = Instant::now();
    assert!(server.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn what_the_server_does_is_counted() {
    let place = Place::new();
    let server = Served::start(&place, None);
    server.furnish(&place.path("data/tenants/shop/files"), "out/");
    let run = server.submit(0).expect("a run");
    server.all_succeed(&[run]);
    // Runs are counted in the database now and then.
    let wanted = [
        "tenon_runs_started_total 1",
        "tenon_runs_total{state=\"SUCCEEDED\"} 1",
        "tenon_runs_total{state=\"FAILED\"} 0",
        "tenon_runs_at_work 0",
        "tenon_runs{state=\"SUCCEEDED\"} 1",
        "tenon_runs{state=\"WAITING\"} 0",
        "tenon_run_seconds_count 1",
        "tenon_run_seconds_bucket{le=\"+Inf\"} 1",
        "tenon_run_wait_seconds_count 1",
        "tenon_triggers_fired_total{result=\"fired\"} 0",
        "tenon_event_deliveries_total{result=\"delivered\"} 0",
    ];
    let text = server.eventually("the run is counted", |server| {
        let text = metrics(server);
        let has_all = wanted.iter().all(|wanted| text.lines().any(|line| line == *wanted));
        has_all.then_some(text)
    });
    for name in [
        "tenon_database_changes_total ",
        "tenon_database_commits_total ",
        "tenon_database_repeated_total ",
        "tenon_database_waiting ",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}: {text}");
    }
    let asked = text.lines().find(|line| {
        line.starts_with("tenon_http_requests_total{") && line.contains("/v1/tenants/{tenant}/jobs/{job}/runs")
    });
    let asked = asked.unwrap_or_else(|| panic!("no request is counted: {text}"));
    assert!(
        asked.contains("method=\"POST\"") && asked.contains("status=\"2xx\""),
        "{asked}"
    );
    assert!(text.contains("tenon_http_request_seconds_bucket{"), "{text}");
    assert!(!text.contains("shop"), "no figure is about a tenant: {text}");
    server.kill();
}

fn metrics(server: &Served) -> String {
    let mut stream = TcpStream::connect(&server.address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let request = format!(
        "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

fn hang_up(server: &Served) {
    let told = Command::new("kill").args(["-HUP", &server.id().to_string()]).status();
    assert!(told.expect("kill").success());
}
