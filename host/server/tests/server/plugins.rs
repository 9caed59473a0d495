//! Plugins are uploaded, used, and replaced while the server runs.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Running, rows};

const FLIGHTS: &str = "\
year,dep_delay,arr_delay,carrier,tailnum,air_time,distance
2013,2,11,UA,N14228,227,1400
2013,9,40,DL,N666DN,65,762
";

const JOB: &str = "[sources.flights]\nurl = \"in.csv\"\n\n[steps.late]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                   [sinks.out]\nfrom = \"late\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";

fn component(name: &str) -> Vec<u8> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` builds it", file.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_uploaded_and_used() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;

    let before = server.run("shop", "late", json!({})).await;
    assert_eq!(before["state"], "ERROR", "{before}");
    assert!(
        before["error"]["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("`flights`"),
        "{before}"
    );

    let pushed = server.upload("shop", "flights", component("flights")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    let again = server.upload("shop", "flights", component("flights")).await;
    assert_eq!((again.status, &again.body["version"]), (StatusCode::OK, &json!(1)));

    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(run["plugins"][0]["name"], "flights", "{run}");
    assert!(
        run["usage"]["sandbox_seconds"].as_f64().expect("a number") > 0.0,
        "{run}"
    );
    // The function refuses a row whose numbers cannot be.
    assert_eq!(
        (&run["report"]["rows_in"], &run["report"]["rows_rejected"]),
        (&json!(2), &json!(1)),
        "{run}"
    );
    assert_eq!(rows(&server.files("shop").join("out")).len(), 1);

    // It is the tenant's own.
    server.tenant("bank", FLIGHTS).await;
    server.job("bank", "late", JOB, json!({ "max_retries": 0 })).await;
    let other = server.run("bank", "late", json!({})).await;
    assert_eq!(other["state"], "ERROR", "{other}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_refused_and_never_used() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let whole = component("flights");
    for bytes in [b"hello".to_vec(), whole[..whole.len() / 2].to_vec()] {
        let refused = server.upload("shop", "flights", bytes).await;
        assert!(refused.status.is_client_error(), "{} {}", refused.status, refused.body);
    }
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "ERROR", "{run}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_watched_folder_is_served() {
    let place = tempfile::tempdir().expect("a folder");
    let watched = place.path().join("watched");
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    let data = place.path().join("data");
    let server = Running::configured(&data, None, |config| config.plugins.watch = Some(watched.clone())).await;
    server.tenant("shop", FLIGHTS).await;
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    std::fs::write(watched.join("shop/flights.wasm"), component("flights")).expect("written");
    server.wait_for_event("shop", "plugin.ready").await;
    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_logs_is_about_its_step() {
    const SPEAKS: &str = "[sources.rows]\nurl = \"in.csv\"\n\n\
                          [steps.speaks]\nfrom = \"rows\"\nplugin = \"echo\"\nfunction = \"services\"\n\
                          config = { log = \"good morning\" }\n\n\
                          [sinks.out]\nfrom = \"speaks\"\nurl = \"out/\"\nformat = \"csv\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let pushed = server.upload("shop", "echo", component("echo")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    server.job("shop", "speaks", SPEAKS, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "speaks", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let id = run["id"].as_str().expect("an id");
    let found = server
        .get(&format!("/v1/tenants/shop/runs/{id}/logs?step=speaks"))
        .await;
    let lines = found["items"].as_array().expect("a list").iter();
    let said = lines.filter(|line| {
        line["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("good morning at"))
    });
    assert!(said.count() > 0, "{found}");
    server.stop().await;
}
