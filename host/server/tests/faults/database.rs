//! The database is gone for a while.

use std::time::Duration;

use serde_json::{Value, json};
use tenon_metadata::{Name, row};
use tenon_runs::{Capacity, Request};
use tenon_servers::Postgres;
use tokio::sync::watch;

use crate::support::web::{Behaviour, Web};
use crate::support::{COPY, ENDS, Running, eventually, rows};

const INPUT: &str = "id\n1\n2\n";

/// How long it is gone: as `TENON_OUTAGE` says in seconds, or half a minute.
fn outage() -> Duration {
    let set = std::env::var("TENON_OUTAGE").ok();
    Duration::from_secs(set.and_then(|seconds| seconds.parse().ok()).unwrap_or(30))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_and_comes_back() {
    let Some(mut postgres) = Postgres::start_or_skip("server: a database that goes") else {
        return;
    };
    let url = postgres.url();
    let server = Running::with(|config| config.database = Some(url)).await;
    let (open, gate) = watch::channel(false);
    let web = Web::start(Behaviour::Gate(INPUT.to_owned(), gate)).await;
    let hosts = json!({ "hosts": [format!("127.0.0.1:{}", web.port)] });
    server.tenant("shop", hosts, INPUT).await;
    let settings = json!({ "max_retries": 20, "retry_delay_seconds": 0, "retry_jitter": 0.0 });
    server.job("shop", "copy", COPY, settings).await;
    let slow = COPY.replace("in.csv", &web.url("in.csv")).replace("out/", "slow/");
    // What the outage breaks is not the job's fault: it costs no retry.
    server.job("shop", "slow", &slow, json!({ "max_retries": 0 })).await;
    let under_way = server.submit("shop", "slow").await;
    web.wait_for(1).await;
    let mut accepted = Vec::new();
    for _ in 0..6 {
        accepted.push(server.submit("shop", "copy").await);
    }

    postgres.kill();
    let began = std::time::Instant::now();
    let refused = server
        .ask("POST", "/v1/tenants/shop/jobs/copy/runs", &server.token, &json!({}))
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(
        refused.json["detail"].as_str().expect("a reason").contains("database"),
        "{}",
        refused.text
    );
    assert!(refused.headers.contains_key("retry-after"));
    let ready = server.ask("GET", "/readyz", "", &Value::Null).await;
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert_eq!(server.ask("GET", "/livez", "", &Value::Null).await.status, 200);
    // The work of the run that is under way is done while nobody can write that down.
    open.send_replace(true);
    tokio::time::sleep(outage().saturating_sub(began.elapsed())).await;

    postgres.start_again().expect("started");
    eventually("the server is ready again", async || {
        let ready = server.ask("GET", "/readyz", "", &Value::Null).await;
        ready.status.is_success().then_some(())
    })
    .await;
    accepted.push(server.submit("shop", "copy").await);
    for run in &accepted {
        server.wait_for("shop", run, &["SUCCEEDED"]).await;
    }
    let ended = server.wait_for("shop", &under_way, &ENDS).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    let out = rows(&server.files("shop").join("out"));
    assert_eq!(out.len(), 2 * accepted.len(), "{out:?}");
    assert_eq!(rows(&server.files("shop").join("slow")), ["1", "2"]);
    server.stop().await;
}

/// As when a claim has become durable and its answer did not arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_taken_without_hearing_of_it_waits_again() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    // It is no fault of the job's, and costs it no retry.
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let name = |text: &str| Name::new(text).expect("a name");
    let request = Request::new(name("shop"), name("copy"));
    let taken = server.server.metadata().write(move |tx| {
        let holder: String = tx.one("select id from run_servers where lost = 0", row![])?.get(0)?;
        let run = tenon_runs::submit(tx, &request)?;
        let claimed = tenon_runs::claim(tx, &holder, &Capacity { runs: 1 })?;
        Ok::<_, tenon_runs::Error>((run.id, claimed.len()))
    });
    let (run, claimed) = taken.await.expect("taken");
    assert_eq!(claimed, 1);
    let ended = server.wait_for("shop", &run, &ENDS).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    assert_eq!(rows(&server.files("shop").join("out")), ["1", "2"]);
    server.stop().await;
}
