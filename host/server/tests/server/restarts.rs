//! A server that ends, or dies, loses nothing.

use serde_json::json;

use crate::support::{COPY, Running, first_key, rows};

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_are_carried_out_by_the_next_server() {
    let place = tempfile::tempdir().expect("a folder");
    let first = Running::configured(place.path(), None, |config| config.runs.concurrent = 1).await;
    first.tenant("shop", "id\n1\n").await;
    first.job("shop", "copy", COPY, json!({})).await;
    let token = first.token();
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(first.start_run("shop", "copy", json!({})).await);
    }
    first.stop().await;
    let second = Running::start(place.path(), Some(token)).await;
    for run in runs {
        second.wait_for("shop", &run, &["SUCCEEDED"]).await;
    }
    assert_eq!(rows(&second.files("shop").join("out")), ["1"]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_move_to_the_key_that_the_next_server_begins_with() {
    let place = tempfile::tempdir().expect("a folder");
    let first = Running::start(place.path(), None).await;
    first.tenant("shop", "id\n1\n").await;
    let mut old = Vec::new();
    for name in ["door", "safe"] {
        let path = format!("/v1/tenants/shop/secrets/{name}");
        old.push(first.put(&path, json!({ "value": "open sesame" })).await);
    }
    let token = first.token();
    first.stop().await;
    first_key(place.path());

    let second = Running::start(place.path(), Some(token)).await;
    for old in old {
        let path = format!("/v1/tenants/shop/secrets/{}", old["name"].as_str().expect("a name"));
        let moved = second.wait_for_key(&path, &old["key_id"]).await;
        // The value is what it was.
        assert_eq!(
            (&moved["version"], &moved["changed"]),
            (&old["version"], &old["changed"])
        );
    }
    second.stop().await;
}
