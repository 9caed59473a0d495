//! Targets of events that take requests and never answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::web::{Behaviour, Web};
use crate::support::{COPY, PATIENCE, Running};

const RUNS: usize = 10;

async fn target(server: &Running, tenant: &str, name: &str, web: &Web) {
    let path = format!("/v1/tenants/{tenant}/targets/{name}");
    let webhook = json!({ "type": "webhook", "url": web.url(name), "secret": "hook" });
    let target = json!({ "destination": webhook, "filter": { "kinds": ["run.succeeded"] } });
    server.done("PUT", &path, target).await;
}

/// How long runs take, one after the other.
async fn runs(server: &Running) -> Duration {
    let began = Instant::now();
    for _ in 0..RUNS {
        let run = server.run("shop", "copy").await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_told_and_runs_are_not_slowed() {
    let server = Running::with(|config| {
        config.network.allow_networks = vec!["127.0.0.0/8".to_owned()];
        config.network.ports = Vec::new();
        config.network.http = true;
    })
    .await;
    for tenant in ["shop", "evil"] {
        server.tenant(tenant, json!({}), "id\n1\n").await;
        server.job(tenant, "copy", COPY, json!({})).await;
        let secret = json!({ "value": "a secret that signs requests" });
        server
            .done("PUT", &format!("/v1/tenants/{tenant}/secrets/hook"), secret)
            .await;
    }
    let alone = runs(&server).await;

    let (hanging, good) = (
        Web::start(Behaviour::Hang).await,
        Web::start(Behaviour::Text(String::new())).await,
    );
    for number in 0..10 {
        target(&server, "evil", &format!("hang-{number}"), &hanging).await;
    }
    target(&server, "shop", "hang", &hanging).await;
    target(&server, "shop", "good", &good).await;
    for tenant in ["evil", "shop"] {
        server.run(tenant, "copy").await;
    }
    // One of the shop's, and as many of evil's as one tenant may have at a time.
    hanging.wait_for(5).await;

    let began = Instant::now();
    let beside = runs(&server).await;
    good.wait_for(RUNS + 1).await;
    let told = began.elapsed();
    println!("{RUNS} runs took {alone:?} alone, {beside:?} beside hanging targets; told after {told:?}");
    assert!(
        beside < alone * 5 + Duration::from_secs(2),
        "{beside:?} instead of {alone:?}"
    );
    // Each is told of each run once, in its order, and is signed.
    let subjects: Vec<Value> = good
        .asked()
        .iter()
        .map(|request| {
            assert!(
                request.to_ascii_lowercase().contains("webhook-signature: v1,"),
                "{request}"
            );
            let (_, body) = request.split_once("\r\n\r\n").expect("a body");
            serde_json::from_str::<Value>(body).expect("JSON")["subject"].clone()
        })
        .collect();
    let mut once = subjects.clone();
    once.dedup();
    assert_eq!(once.len(), RUNS + 1, "{subjects:?}");
    // The server ends though attempts hang: they end in time.
    let stopped = tokio::time::timeout(PATIENCE, server.stop()).await;
    assert!(stopped.is_ok(), "hanging targets hold the server up");
}
