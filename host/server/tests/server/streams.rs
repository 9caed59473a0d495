//! Runs that go on in micro-batches.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{PATIENCE, Running, rows};

const COPY: &str = "stream.every = \"100ms\"\n\n[sources.orders]\nurl = \"in/\"\nformat = \"csv\"\n\n\
                    [sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

fn component(name: &str, note: u8) -> Vec<u8> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    let bytes = std::fs::read(&file);
    let mut bytes =
        bytes.unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` builds it", file.display()));
    // A section that nothing reads makes it another component.
    bytes.extend([0, 6, 4, b'n', b'o', b't', b'e', note]);
    bytes
}

/// A file that is there all at once, in the folder that the job reads.
fn put(server: &Running, name: &str, text: &str) {
    let files = server.files("shop");
    std::fs::create_dir_all(files.join("in")).expect("made");
    let part = files.join("part");
    std::fs::write(&part, text).expect("written");
    std::fs::rename(part, files.join("in").join(name)).expect("renamed");
}

async fn run_of(server: &Running, run: &str) -> Value {
    server.get(&format!("/v1/tenants/shop/runs/{run}")).await
}

/// Waits until something is true of a run.
async fn until(server: &Running, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let waiting = async {
        loop {
            last = run_of(server, run).await;
            if is_so(&last) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "it does not come about that {what}: {last}");
    last
}

async fn stop(server: &Running, run: &str) -> Value {
    let path = format!("/v1/tenants/shop/runs/{run}/stop");
    server.post(&path, json!({ "reason": "enough" })).await;
    let ends = ["SUCCEEDED", "FAILED", "ERROR", "STOPPED", "TIMEOUT"];
    server.wait_for("shop", run, &ends).await
}

fn read(rows: u64) -> impl Fn(&Value) -> bool {
    move |run| run["usage"]["rows_in"] == rows
}

/// What the log of a run says of its micro-batches.
async fn micro_batches(server: &Running, run: &str) -> Vec<String> {
    let logs = server.get(&format!("/v1/tenants/shop/runs/{run}/logs?tail=true")).await;
    let lines = logs["items"].as_array().expect("a list").iter();
    lines
        .filter_map(|line| line["message"].as_str())
        .filter(|text| text.starts_with("micro-batch "))
        .map(str::to_owned)
        .collect()
}

fn out(server: &Running) -> Vec<String> {
    rows(&server.files("shop").join("out"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_reads_each_file_once_until_it_is_stopped() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "").await;
    put(&server, "a.csv", "id\n1\n2\n");
    server.job("shop", "copy", COPY, json!({})).await;
    let run = server.start_run("shop", "copy", json!({})).await;
    until(&server, &run, "the first file is read", read(2)).await;
    put(&server, "b.csv", "id\n3\n");
    let found = until(&server, &run, "the second file is read", read(3)).await;
    assert_eq!(
        (&found["state"], &found["timeout_at"]),
        (&json!("RUNNING"), &Value::Null),
        "{found}"
    );
    // What finds nothing writes nothing.
    let files = |server: &Running| {
        let out = std::fs::read_dir(server.files("shop").join("out")).expect("a folder");
        out.flatten()
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with(['.', '_']))
            .count()
    };
    let before = files(&server);
    let batches = found["batches"].as_u64().expect("a number");
    until(&server, &run, "more micro-batches go by", |run| {
        run["batches"].as_u64().is_some_and(|now| now >= batches + 3)
    })
    .await;
    assert_eq!(files(&server), before);

    let ended = stop(&server, &run).await;
    assert_eq!(ended["state"], "STOPPED", "{ended}");
    assert_eq!(
        (&ended["report"]["rows_in"], &ended["report"]["rows_out"]),
        (&json!(3), &json!(3)),
        "{ended}"
    );
    assert_eq!(ended["report"]["batches"], ended["batches"], "{ended}");
    assert!(ended["report"]["last_batch"].is_string(), "{ended}");
    assert_eq!(out(&server), ["1", "2", "3"]);
    // Nor does what finds nothing take room in the log.
    let told = micro_batches(&server, &run).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].ends_with(": 2 rows in, 2 out") && told[1].ends_with(": 1 rows in, 1 out"),
        "{told:?}"
    );

    // Another run goes on where that one has ended.
    put(&server, "c.csv", "id\n4\n");
    let run = server.start_run("shop", "copy", json!({})).await;
    until(&server, &run, "the third file is read", read(1)).await;
    stop(&server, &run).await;
    assert_eq!(out(&server), ["1", "2", "3", "4"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_its_server_was_started_again() {
    let place = tempfile::tempdir().expect("a folder");
    let first = Running::configured(place.path(), None, |config| {
        // Whoever waited for the stream to end by itself would be noticed.
        config.runs.drain = tenon_job::Timespan(PATIENCE * 4);
    })
    .await;
    first.tenant("shop", "").await;
    put(&first, "a.csv", "id\n1\n2\n");
    first.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let run = first.start_run("shop", "copy", json!({})).await;
    let before = until(&first, &run, "the first file is read", read(2)).await;
    let token = first.token();
    let ended = tokio::time::timeout(PATIENCE, first.stop()).await;
    assert!(ended.is_ok(), "the server waits for a run that does not end");

    let second = Running::start(place.path(), Some(token)).await;
    put(&second, "b.csv", "id\n3\n");
    let found = until(&second, &run, "the second file is read", read(3)).await;
    assert_eq!(found["attempt"], 2, "{found}");
    assert!(found["batches"].as_u64() > before["batches"].as_u64(), "{found}");
    assert_eq!(stop(&second, &run).await["state"], "STOPPED");
    assert_eq!(out(&second), ["1", "2", "3"]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_micro_batch_takes_the_version_that_was_promoted() {
    const LATE: &str = "stream.every = \"100ms\"\n\n[sources.flights]\nurl = \"in/\"\nformat = \"csv\"\n\n\
                        [steps.late]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                        [sinks.out]\nfrom = \"late\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";
    const HEAD: &str = "year,dep_delay,arr_delay,carrier,tailnum,air_time,distance\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "").await;
    let mut digests = Vec::new();
    for note in [1, 2] {
        let pushed = server.upload("shop", "flights", component("flights", note)).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
        digests.push(pushed.body["digest"].clone());
    }
    let stable = "/v1/tenants/shop/plugins/flights/aliases/stable";
    server.put(stable, json!({ "version": 1 })).await;
    put(&server, "a.csv", &format!("{HEAD}2013,2,11,UA,N14228,227,1400\n"));
    server.job("shop", "late", LATE, json!({})).await;
    let run = server.start_run("shop", "late", json!({})).await;
    let found = until(&server, &run, "the first file is read", read(1)).await;
    assert_eq!(found["plugins"][0]["digest"], digests[0], "{found}");

    server.put(stable, json!({ "version": 2 })).await;
    put(&server, "b.csv", &format!("{HEAD}2013,2,11,UA,N14228,227,1400\n"));
    let found = until(&server, &run, "the new version is used", |run| {
        read(2)(run) && run["plugins"][0]["digest"] == digests[1]
    })
    .await;
    assert_eq!(
        (&found["state"], &found["attempt"]),
        (&json!("RUNNING"), &json!(1)),
        "{found}"
    );
    stop(&server, &run).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_micro_batch_in_flight_keeps_its_version_and_is_stopped_with_nothing_written() {
    const STUCK: &str = "[stream]\n\n[sources.orders]\nurl = \"in/\"\nformat = \"csv\"\n\n\
                         [steps.stuck]\nfrom = \"orders\"\nplugin = \"stuck\"\nfunction = \"loop\"\n\n\
                         [sinks.out]\nfrom = \"stuck\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "").await;
    put(&server, "a.csv", "id\n1\n");
    let first = server.upload("shop", "stuck", component("evil", 1)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let stable = "/v1/tenants/shop/plugins/stuck/aliases/stable";
    server.put(stable, json!({ "version": 1 })).await;
    server.job("shop", "stuck", STUCK, json!({ "max_retries": 0 })).await;
    let run = server.start_run("shop", "stuck", json!({})).await;
    until(&server, &run, "it is in its midst", |run| {
        run["progress"]["phase"] == "running"
    })
    .await;
    let second = server.upload("shop", "stuck", component("evil", 2)).await;
    assert_eq!(second.status, StatusCode::CREATED, "{}", second.body);
    server.put(stable, json!({ "version": 2 })).await;

    let ended = stop(&server, &run).await;
    assert_eq!(
        (&ended["state"], &ended["batches"]),
        (&json!("STOPPED"), &json!(0)),
        "{ended}"
    );
    assert_eq!(ended["plugins"][0]["digest"], first.body["digest"], "{ended}");
    assert!(out(&server).is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_by_the_timeout_that_it_was_given() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "").await;
    put(&server, "a.csv", "id\n1\n");
    let settings = json!({ "timeout_seconds": 4, "max_retries": 0 });
    server.job("shop", "copy", COPY, settings).await;
    let ended = server.run("shop", "copy", json!({})).await;
    assert_eq!(ended["state"], "TIMEOUT", "{ended}");
    let sentence = ended["error"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("4s"), "{sentence}");
    assert_eq!(out(&server), ["1"], "what was committed stays");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_reaches_its_tenants_quota_is_cut_and_the_tenant_is_told() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "").await;
    let quotas = json!({ "quotas": { "log_bytes": 0 } });
    server.put("/v1/tenants/shop", quotas).await;
    put(&server, "a.csv", "id\n1\n");
    server.job("shop", "copy", COPY, json!({})).await;
    let run = server.start_run("shop", "copy", json!({})).await;
    // The micro-batch that finds the file logs a line.
    server.wait_for_event("shop", "quota.reached").await;
    let events = server.get("/v1/tenants/shop/events").await;
    let told = |event: &Value| event["kind"] == "quota.reached" && event["subject"] == "log_bytes";
    assert!(events["items"].as_array().expect("a list").iter().any(told), "{events}");

    let ended = stop(&server, &run).await;
    assert!(
        ended["log"]["dropped"].as_u64().is_some_and(|dropped| dropped > 0),
        "{ended}"
    );
    let logs = server.get(&format!("/v1/tenants/shop/runs/{run}/logs?tail=true")).await;
    let last = logs["items"].as_array().and_then(|lines| lines.last()).expect("a line");
    let last = last["message"].as_str().expect("a text");
    assert!(last.contains("`log_bytes`"), "{last}");
    assert_eq!(out(&server), ["1"], "the run goes on");
    server.stop().await;
}
