//! New versions of plugins that do worse than the old ones, or as well, by how the runs of the server end.

use std::path::{Path, PathBuf};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{PATIENCE, Running, rows};

const FLIGHTS: &str = "year,dep_delay,arr_delay,carrier,tailnum,air_time,distance\n2013,2,11,UA,N14228,227,1400\n";

const JOB: &str = "[sources.flights]\nurl = \"in.csv\"\n\n[steps.late]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                   [sinks.out]\nfrom = \"late\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";

const STABLE: &str = "/v1/tenants/shop/plugins/flights/aliases/stable";

/// Components that the repository builds, interpreters among them.
fn components() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins")
}

fn component(name: &str) -> Vec<u8> {
    let file = components().join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` builds it", file.display()))
}

/// One that does what `flights` does, and has other bytes.
fn as_good() -> Vec<u8> {
    let mut bytes = component("flights");
    bytes.extend([0, 6, 4, b'n', b'o', b't', b'e', 2]);
    bytes
}

/// A plugin that wants another configuration than the job has: it fails in each run.
fn worse() -> Vec<u8> {
    component("mask")
}

/// A server whose tenant has a job with a plugin in two versions, of which the first is `stable`.
async fn with_versions(folder: &Path, second: Vec<u8>) -> Running {
    let server = Running::start(folder, None).await;
    server.tenant("shop", FLIGHTS).await;
    for bytes in [component("flights"), second] {
        let pushed = server.upload("shop", "flights", bytes).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    }
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    server
}

/// What `stable` of a plugin points to; null where there is none yet.
async fn stable(server: &Running, plugin: &str) -> Value {
    let path = format!("/v1/tenants/shop/plugins/{plugin}/aliases");
    let aliases = server.ask(Method::GET, &path, None).await.body;
    let mut aliases = aliases.as_array().into_iter().flatten();
    aliases
        .find(|alias| alias["alias"] == "stable")
        .cloned()
        .unwrap_or_default()
}

/// Runs a job until `stable` of a plugin is as it is to be; answers with how the runs ended.
async fn until(server: &Running, job: &str, plugin: &str, expected: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut runs = Vec::new();
    let running = async {
        while !expected(&stable(server, plugin).await) {
            runs.push(server.run("shop", job, json!({})).await);
        }
    };
    let done = tokio::time::timeout(PATIENCE, running).await;
    assert!(done.is_ok(), "it does not come about: {runs:?}");
    runs
}

/// Runs that succeed, once the server has heard of what was decided.
async fn succeeds(server: &Running, job: &str) {
    let running = async { while server.run("shop", job, json!({})).await["state"] != "SUCCEEDED" {} };
    let done = tokio::time::timeout(PATIENCE, running).await;
    assert!(done.is_ok(), "the version before is not used again");
    for _ in 0..5 {
        let run = server.run("shop", job, json!({})).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
    }
}

fn failed(runs: &[Value]) -> usize {
    runs.iter().filter(|run| run["state"] != "SUCCEEDED").count()
}

/// The last entry of the audit log about who has gone back.
async fn gone_back_by(server: &Running) -> Value {
    let log = server.get("/v1/audit").await;
    let mut entries = log["items"].as_array().expect("a list").iter();
    let back = entries.find(|entry| entry["action"] == "plugin.alias.rollback");
    back.unwrap_or_else(|| panic!("it is not in the audit log: {log}"))["principal"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_for_a_share_of_the_runs_is_rolled_back() {
    let place = tempfile::tempdir().expect("a folder");
    let server = with_versions(place.path(), worse()).await;
    server.put(STABLE, json!({ "version": 2, "canary_percent": 50 })).await;
    let runs = until(&server, "late", "flights", |stable| stable["canary"].is_null()).await;
    // Three are enough; others may begin before that is known.
    assert!(failed(&runs) >= 3, "{runs:?}");
    assert_eq!(stable(&server, "flights").await["version"], 1);
    server.wait_for_event("shop", "plugin.rolled_back").await;
    assert_eq!(gone_back_by(&server).await, "server (canary)");
    succeeds(&server, "late").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_as_well_for_a_share_of_the_runs_is_promoted() {
    let place = tempfile::tempdir().expect("a folder");
    let server = with_versions(place.path(), as_good()).await;
    let canary = json!({ "version": 2, "canary_percent": 50, "rules": { "promote_after_runs": 3 } });
    server.put(STABLE, canary).await;
    let runs = until(&server, "late", "flights", |stable| stable["canary"].is_null()).await;
    assert_eq!(stable(&server, "flights").await["version"], 2);
    assert!(runs.len() >= 3 && failed(&runs) == 0, "{runs:?}");
    server.wait_for_event("shop", "plugin.promoted").await;
    server.stop().await;
}

/// Jobs that name no function want a plugin with one.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_the_function_that_jobs_call_is_rolled_back() {
    let place = tempfile::tempdir().expect("a folder");
    let server = with_versions(place.path(), component("echo")).await;
    server.put(STABLE, json!({ "version": 2, "canary_percent": 50 })).await;
    let runs = until(&server, "late", "flights", |stable| stable["canary"].is_null()).await;
    assert_eq!(stable(&server, "flights").await["version"], 1);
    server.wait_for_event("shop", "plugin.rolled_back").await;
    let folder = place.path().to_string_lossy();
    for run in &runs {
        // It is called as the job calls it, and not by where the server keeps it.
        let (error, plugins) = (run["error"].to_string(), run["report"]["plugins"].to_string());
        assert!(!error.contains(&*folder) && !plugins.contains(&*folder), "{run}");
        let is_called = error.contains("the plugin flights has the functions");
        assert!(run["state"] == "SUCCEEDED" || is_called, "{run}");
    }
    succeeds(&server, "late").await;
    server.stop().await;
}

/// In the watched folder there is nobody who could have a version tried by a share of the runs first.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_watched_folder_that_fails_is_gone_back_from_and_not_served_again() {
    let place = tempfile::tempdir().expect("a folder");
    let (watched, data) = (place.path().join("watched"), place.path().join("data"));
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    let file = |bytes: Vec<u8>| {
        let part = watched.join("part");
        std::fs::write(&part, bytes).expect("written");
        std::fs::rename(&part, watched.join("shop/flights.wasm")).expect("renamed");
    };
    let server = Running::configured(&data, None, |config| config.plugins.watch = Some(watched.clone())).await;
    server.tenant("shop", FLIGHTS).await;
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    file(component("flights"));
    server.wait_for_event("shop", "plugin.ready").await;
    succeeds(&server, "late").await;

    file(worse());
    let mut runs = until(&server, "late", "flights", |stable| stable["version"] == 2).await;
    runs.extend(until(&server, "late", "flights", |stable| stable["version"] == 1).await);
    assert!(failed(&runs) >= 3, "{runs:?}");
    assert_eq!(gone_back_by(&server).await, "server (trial)");
    succeeds(&server, "late").await;
    // It has been looked at again since: this is found by the same look.
    std::fs::write(watched.join("shop/other.wasm"), as_good()).expect("written");
    until(&server, "late", "other", |stable| !stable.is_null()).await;
    assert_eq!(stable(&server, "flights").await["version"], 1);
    server.stop().await;
}

/// The engine knows a script by its interpreter only.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_is_gone_back_from() {
    const CLEANED: &str = "[sources.orders]\nurl = \"in.csv\"\n\n[steps.clean]\nfrom = \"orders\"\nscript = \"clean.rhai\"\n\n\
                           [sinks.out]\nfrom = \"clean\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let server = Running::configured(folder, None, |config| config.plugins.interpreters = Some(components())).await;
    server.tenant("shop", "id\n1\n2\n").await;
    let good = "fn row(row) {\n    row\n}\n";
    let bad = "fn row(row) {\n    throw \"it cannot be done\";\n}\n";
    let mut digests = Vec::new();
    for script in [good, bad] {
        let pushed = server.upload("shop", "clean.rhai", script.into()).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
        digests.push(pushed.body["digest"].clone());
    }
    server.job("shop", "clean", CLEANED, json!({ "max_retries": 0 })).await;
    succeeds(&server, "clean").await;
    // What is noted of a run is the script, and not what runs it.
    let ran = server.run("shop", "clean", json!({})).await;
    assert_eq!(ran["plugins"][0]["name"], "clean.rhai", "{ran}");
    assert_eq!(ran["plugins"][0]["digest"], digests[0], "{ran}");
    let promoted = "/v1/tenants/shop/plugins/clean.rhai/aliases/stable";
    server.put(promoted, json!({ "version": 2 })).await;
    let runs = until(&server, "clean", "clean.rhai", |stable| stable["version"] == 1).await;
    assert!(failed(&runs) >= 3, "{runs:?}");
    // It is named as the job names it, and not by where the server keeps it.
    let run = runs
        .iter()
        .find(|run| run["state"] == "FAILED")
        .expect("one has failed");
    let error = run["error"].to_string();
    assert!(error.contains("clean.rhai:2"), "{error}");
    assert!(!error.contains(&*folder.to_string_lossy()), "{error}");
    server.wait_for_event("shop", "plugin.rolled_back").await;
    succeeds(&server, "clean").await;
    assert_eq!(rows(&server.files("shop").join("out")), ["1", "2"]);
    server.stop().await;
}
