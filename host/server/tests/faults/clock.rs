//! Somebody sets the clock, an hour ahead and an hour back.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tenon_metadata::row;
use tenon_server::Clock;
use tenon_servers::Postgres;
use tokio::sync::watch;

use crate::support::web::{Behaviour, Web};
use crate::support::{COPY, Running, SetClock, eventually};

const HOUR: TimeDelta = TimeDelta::hours(1);
const INPUT: &str = "id\n1\n2\n";

/// Due times for which a trigger has fired, and the runs that came of it.
async fn fired(server: &Running, trigger: &str) -> (Vec<DateTime<Utc>>, Vec<String>) {
    let firings = server
        .get(&format!("/v1/tenants/shop/triggers/{trigger}/firings"))
        .await;
    let (mut due, mut runs) = (Vec::new(), Vec::new());
    for firing in firings["items"].as_array().expect("a list") {
        assert_eq!(firing["outcome"], "fired", "{firing}");
        due.push(firing["due"].as_str().expect("a time").parse().expect("a time"));
        let started = firing["started"].as_array().expect("a list").iter();
        runs.extend(started.map(|started| started["run"].as_str().expect("an id").to_owned()));
    }
    (due, runs)
}

/// The times that an expression `*/MINUTES * * * *` means after one time, up to another.
fn times(every: i64, after: DateTime<Utc>, until: DateTime<Utc>) -> BTreeSet<DateTime<Utc>> {
    let seconds = every * 60;
    let first = (after.timestamp() / seconds + 1) * seconds;
    let all = (0..).map(|number| DateTime::from_timestamp(first + number * seconds, 0).expect("a time"));
    all.take_while(|due| *due <= until).collect()
}

async fn schedule(server: &Running, name: &str, expression: &str) {
    let schedule = json!({ "expression": expression, "missed": { "run_all": 100 } });
    let trigger = json!({ "when": { "schedule": schedule }, "actions": [{ "job": "copy" }] });
    let path = format!("/v1/tenants/shop/triggers/{name}");
    server.done("PUT", &path, trigger).await;
    server.done("POST", &format!("{path}/activate"), Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_schedule_fires_twice_or_is_lost() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 3 })).await;
    let begin = server.clock.now();
    schedule(&server, "often", "*/5 * * * *").await;

    // What was due in the hour that is skipped is made up for, each once.
    server.clock.jump(HOUR);
    eventually("the missed times have fired", async || {
        let (due, _) = fired(&server, "often").await;
        (due.len() >= times(5, begin, server.clock.now()).len()).then_some(())
    })
    .await;

    // That hour comes again. Another trigger, which is due in a second, shows that the driver has looked since.
    server.clock.jump(-HOUR);
    let now = server.clock.now();
    let into_minute = TimeDelta::milliseconds(now.timestamp_millis() % 60_000);
    server.clock.jump(TimeDelta::seconds(59) - into_minute);
    schedule(&server, "witness", "* * * * *").await;
    eventually("the witness has fired", async || {
        (!fired(&server, "witness").await.0.is_empty()).then_some(())
    })
    .await;
    let (due, _) = fired(&server, "often").await;
    assert!(due.iter().max().expect("some") > &server.clock.now(), "{due:?}");

    // And on to where no time has been yet.
    server.clock.jump(HOUR * 2);
    let runs = eventually("all times up to now have fired", async || {
        let expected = times(5, begin, server.clock.now());
        let (due, runs) = fired(&server, "often").await;
        let once: BTreeSet<_> = due.iter().copied().collect();
        assert_eq!(once.len(), due.len(), "one has fired twice: {due:?}");
        (once == expected).then_some(runs)
    })
    .await;
    for run in &runs {
        server.wait_for("shop", run, &["SUCCEEDED"]).await;
    }
    let unlike: BTreeSet<_> = runs.iter().collect();
    assert_eq!(unlike.len(), runs.len());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_by_the_clock_on_the_wall() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    let expires = server.clock.now() + TimeDelta::minutes(30);
    let token = json!({ "name": "short", "scopes": ["read"], "expires": expires.to_rfc3339() });
    let issued = server.done("POST", "/v1/tenants/shop/tokens", token).await;
    let text = issued["text"].as_str().expect("a text");
    let status = async || {
        let answer = server.ask("GET", "/v1/tenants/shop/jobs", text, &Value::Null).await;
        answer.status.as_u16()
    };
    assert_eq!(status().await, 200);
    server.clock.jump(HOUR);
    assert_eq!(status().await, 401);
    server.clock.jump(-HOUR);
    assert_eq!(status().await, 200);
    assert!(
        server
            .ask("GET", "/v1/server", &server.token, &Value::Null)
            .await
            .status
            .is_success()
    );
    server.stop().await;
}

/// Waits until the server has said twice that it is alive.
async fn two_heartbeats(server: &Running) {
    let lease = async || {
        let metadata = server.server.metadata();
        let rows = metadata.read(|tx| tx.query("select lease_until from run_servers order by id", row![]));
        let rows = rows.await.map_err(|error: tenon_metadata::Error| error).expect("read");
        rows.iter()
            .map(|row| row.get::<i64>(0).expect("a number"))
            .collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let before = lease().await;
        eventually("all servers have said that they are alive", async || {
            let now = lease().await;
            let all = now.len() == before.len() && now.iter().zip(&before).all(|(now, before)| now != before);
            all.then_some(())
        })
        .await;
    }
}

/// Has a job read what only comes when the gate is opened.
async fn gated(servers: &[&Running]) -> (Web, watch::Sender<bool>, Vec<String>) {
    let server = servers[0];
    let (open, gate) = watch::channel(false);
    let web = Web::start(Behaviour::Gate(INPUT.to_owned(), gate)).await;
    // One run takes all sandboxes that the tenant has: the next one waits for it.
    let quotas = json!({ "hosts": [format!("127.0.0.1:{}", web.port)], "sandboxes": 1 });
    server.tenant("shop", quotas, INPUT).await;
    let definition = COPY.replace("in.csv", &web.url("in.csv"));
    let settings = json!({ "timeout_seconds": 600, "max_retries": 0, "max_concurrent_runs": 5 });
    server.job("shop", "slow", &definition, settings).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        runs.push(server.submit("shop", "slow").await);
    }
    web.wait_for(1).await;
    for run in &runs {
        server.wait_for("shop", run, &["STARTING", "RUNNING"]).await;
    }
    (web, open, runs)
}

/// The clock is set while runs are under way on these servers: nobody loses them, and none has taken too long.
async fn runs_stay(servers: &[&Running], clock: &SetClock) {
    let server = servers[0];
    let (_web, open, runs) = gated(servers).await;
    for jump in [HOUR, -HOUR, -HOUR, HOUR * 2] {
        clock.jump(jump);
        two_heartbeats(server).await;
        for run in &runs {
            let found = server.run_of("shop", run).await;
            assert_eq!(
                (&found["attempt"], &found["ended"]),
                (&json!(1), &Value::Null),
                "{jump}: {found}"
            );
        }
    }
    open.send_replace(true);
    for run in &runs {
        let found = server.wait_for("shop", run, &crate::support::ENDS).await;
        assert_eq!(
            (&found["state"], &found["attempt"]),
            (&json!("SUCCEEDED"), &json!(1)),
            "{found}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_begin_ends_by_its_timeout() {
    let server = Running::start().await;
    let (_web, open, _) = gated(&[&server]).await;
    let settings = json!({ "timeout_seconds": 1, "max_retries": 0 });
    server.job("shop", "short", COPY, settings).await;
    let ended = server.run("shop", "short").await;
    assert_eq!(ended["state"], "TIMEOUT", "{ended}");
    open.send_replace(true);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_in_the_queue_as_long_as_it_may() {
    let server = Running::start().await;
    let (open, gate) = watch::channel(false);
    let web = Web::start(Behaviour::Gate(INPUT.to_owned(), gate)).await;
    let quotas = json!({ "hosts": [format!("127.0.0.1:{}", web.port)] });
    server.tenant("shop", quotas, INPUT).await;
    let definition = COPY.replace("in.csv", &web.url("in.csv"));
    let settings = json!({ "max_concurrent_runs": 1, "max_queue_seconds": 600, "max_retries": 0 });
    server.job("shop", "slow", &definition, settings).await;
    let first = server.submit("shop", "slow").await;
    web.wait_for(1).await;
    let second = server.submit("shop", "slow").await;
    for jump in [HOUR, -HOUR * 2, HOUR * 3] {
        server.clock.jump(jump);
        two_heartbeats(&server).await;
        let found = server.run_of("shop", &second).await;
        assert_eq!(found["state"], "WAITING", "{jump}: {found}");
    }
    open.send_replace(true);
    for run in [first, second] {
        let ended = server.wait_for("shop", &run, &crate::support::ENDS).await;
        assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_neither_an_hour_late_nor_at_once() {
    const FAILS: &str = "sources.orders.url = \"in.csv\"\n\n[steps.none]\nsql = \"select 1 / (id - id) as x from orders\"\n\n\
                         [sinks.copy]\nfrom = \"none\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    let settings = |delay: u64| json!({ "max_retries": 1, "retry_delay_seconds": delay, "retry_longest_seconds": 86_400, "retry_jitter": 0.0 });
    server.job("shop", "soon", FAILS, settings(5)).await;
    server.job("shop", "late", FAILS, settings(4 * 3600)).await;
    let (soon, late) = (server.submit("shop", "soon").await, server.submit("shop", "late").await);
    for run in [&soon, &late] {
        eventually("it waits for its next attempt", async || {
            let found = server.run_of("shop", run).await;
            (found["state"] == "WAITING" && found["attempt"] == 2).then_some(())
        })
        .await;
    }
    server.clock.jump(-HOUR);
    let ended = server.wait_for("shop", &soon, &crate::support::ENDS).await;
    assert_eq!(
        (&ended["state"], &ended["attempt"]),
        (&json!("FAILED"), &json!(2)),
        "{ended}"
    );
    server.clock.jump(HOUR * 12);
    two_heartbeats(&server).await;
    let found = server.run_of("shop", &late).await;
    assert_eq!(found["state"], "WAITING", "{found}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_under_way_are_neither_lost_nor_late() {
    let server = Running::start().await;
    runs_stay(&[&server], &server.clock).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_do_not_take_each_others_runs() {
    let Some(postgres) = Postgres::start_or_skip("server: clocks of two servers") else {
        return;
    };
    let place = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(SetClock::default());
    let key = tenon_tenants::secrets::KeyRing::generate().expect("a key");
    let key_file = place.path().join("key");
    std::fs::write(&key_file, key.as_str()).expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key_file, private).expect("set");
    let mut servers = Vec::new();
    let mut token = None;
    for name in ["one", "two"] {
        let server = Running::at(&place.path().join(name), token.clone(), Arc::clone(&clock), |config| {
            config.name = Some(name.to_owned());
            config.database = Some(postgres.url());
            config.key_file = Some(key_file.clone());
            // Each has one of the runs.
            config.runs.concurrent = 1;
        })
        .await;
        token = Some(server.token.clone());
        servers.push(server);
    }
    runs_stay(&servers.iter().collect::<Vec<_>>(), &clock).await;
    for server in servers {
        server.stop().await;
    }
}
