//! A tenant that floods the server with runs, logs and events, and another one who has little to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{COPY, Running, component};

const RUNS: usize = 9;

/// Steps of this kind say something about each row that they refuse.
const LOUD: &str = "[sources.orders]\nurl = \"loud.csv\"\n\n[steps.late]\nfrom = \"orders\"\nplugin = \"flights\"\n\n\
                    [sinks.copy]\nfrom = \"late\"\nurl = \"loud/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";

/// How long it takes from asking for a run to its end: the median.
async fn latency(server: &Running, token: &str) -> Duration {
    let mut all = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let path = "/v1/tenants/shop/jobs/copy/runs";
        let asked = server.ask("POST", path, token, &json!({})).await;
        assert_eq!(asked.status, 201, "the quiet one is refused: {}", asked.text);
        let run = asked.json["id"].as_str().expect("an id").to_owned();
        let ended = server.wait_for("shop", &run, &crate::support::ENDS).await;
        assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
        all.push(began.elapsed());
    }
    all.sort();
    all[RUNS / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_floods_does_not_drown_another() {
    let server = Arc::new(Running::start().await);
    for tenant in ["shop", "flood"] {
        server.tenant(tenant, json!({ "queued_runs": 2000 }), "id\n1\n").await;
        let settings = json!({ "max_concurrent_runs": 50, "max_retries": 0 });
        server.job(tenant, "copy", COPY, settings).await;
    }
    let (quiet, loud) = (server.admin_of("shop").await, server.admin_of("flood").await);
    let uploaded = server.upload("flood", "flights", &loud, component("flights")).await;
    assert!(uploaded.status.is_success(), "{}", uploaded.text);
    let mut rows = String::from("year,dep_delay,arr_delay,carrier,tailnum,air_time,distance\n");
    for _ in 0..5_000 {
        rows.push_str("2013,9,40,DL,N666DN,65,762\n");
    }
    std::fs::write(server.files("flood").join("loud.csv"), rows).expect("written");
    let settings = json!({ "max_concurrent_runs": 50, "max_retries": 0 });
    server.job("flood", "loud", LOUD, settings).await;
    let secret = json!({ "value": "secret-known-to-both-sides" });
    server.done("PUT", "/v1/tenants/flood/secrets/hook", secret).await;
    let webhook = json!({ "webhook": { "secret": "hook", "signature": "token" } });
    let trigger = json!({
        "when": { "event": { "source": webhook, "batch": { "size": 100, "window_seconds": 600 } } },
        "actions": [{ "job": "copy", "pass_events": false }],
    });
    server.done("PUT", "/v1/tenants/flood/triggers/hook", trigger).await;
    server
        .done("POST", "/v1/tenants/flood/triggers/hook/activate", Value::Null)
        .await;

    let alone = latency(&server, &quiet).await;

    // Four clients that do not wait, with a run, a loud run, an event and a look at everything each time.
    let stop = Arc::new(AtomicBool::new(false));
    let (taken, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (server, stop, loud) = (Arc::clone(&server), Arc::clone(&stop), loud.clone());
            let (taken, refused) = (Arc::clone(&taken), Arc::clone(&refused));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    for (method, path, token) in [
                        ("POST", "jobs/copy/runs", loud.as_str()),
                        ("POST", "jobs/loud/runs", &loud),
                        ("POST", "triggers/hook/webhook", "secret-known-to-both-sides"),
                        ("GET", "events?limit=1000", &loud),
                    ] {
                        let path = format!("/v1/tenants/flood/{path}");
                        let body = if method == "GET" { Value::Null } else { json!({}) };
                        let answer = server.ask(method, &path, token, &body).await;
                        let status = answer.status;
                        assert!(status.is_success() || status == 429, "{path}: {status} {}", answer.text);
                        let counted = if status == 429 { &refused } else { &taken };
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    while taken.load(Ordering::Relaxed) < 500 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let beside = latency(&server, &quiet).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("it ends");
    }
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    let (taken, refused) = (taken.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
    println!(
        "a run took {alone:?} alone and {beside:?} beside a flood: {ratio:.1} times; {taken} requests taken, {refused} refused"
    );
    // Generous, since the machine is shared: without turns it would wait for all of the queue, which takes minutes.
    assert!(
        ratio < 40.0 || beside < Duration::from_secs(3),
        "{ratio:.1} times as long"
    );
    let server = Arc::into_inner(server).expect("nobody else has it");
    server.stop().await;
}
