//! A server that ends, or dies, loses nothing.

use serde_json::json;

use crate::support::{COPY, Running, rows};

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
