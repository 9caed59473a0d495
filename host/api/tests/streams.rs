//! What is followed.

mod support;

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{World, name, request};
use tenon_api::Settings;
use tenon_runs::{Capacity, Claimed, Level, LogSource, NewLine, Outcome, State};

/// A run that is at work.
async fn at_work(world: &World) -> (String, Claimed) {
    world.job("copy").await;
    let run = world.post("jobs/copy/runs", Value::Null).await.done(201)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let server = world
        .runs
        .join(&name("one"), Duration::from_secs(600))
        .await
        .expect("it joins");
    let claimed = world
        .runs
        .claim(&server, Capacity { runs: 1 })
        .await
        .expect("it claims");
    let claimed = claimed.into_iter().next().expect("a run");
    world.runs.running(&claimed.lease).await.expect("it runs");
    (run, claimed)
}

async fn say(world: &World, run: &str, message: &str) {
    let line = NewLine {
        time: 0,
        attempt: 1,
        level: Level::Info,
        source: LogSource::Host,
        step: None,
        message: message.to_owned(),
    };
    let run = run.to_owned();
    let said = world
        .metadata
        .write(move |tx| tenon_runs::append(tx, &run, std::slice::from_ref(&line), 0, 1 << 20));
    said.await.expect("it is kept");
}

async fn follow(world: &World, path: &str, headers: &[(&str, &str)]) -> Response {
    world
        .send(request(
            "GET",
            &format!("/v1/tenants/shop/{path}"),
            &world.shop,
            headers,
            Body::empty(),
        ))
        .await
}

/// Reads on until a text comes.
async fn until(body: &mut Body, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = body
            .frame()
            .await
            .unwrap_or_else(|| panic!("it ends before {text}: {read}"))
            .expect("a frame");
        read.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
    }
    read
}

#[tokio::test]
async fn a_run_is_followed_to_its_final_state_and_resumed() {
    let world = World::new().await;
    let (run, claimed) = at_work(&world).await;
    say(&world, &run, "the first line").await;
    let response = follow(&world, &format!("runs/{run}/follow"), &[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let read = until(&mut body, "RUNNING").await;
    assert!(
        read.contains("event: log") && read.contains("the first line") && read.contains("id: 1"),
        "{read}"
    );
    say(&world, &run, "the second line").await;
    until(&mut body, "the second line").await;
    world
        .runs
        .finish(&claimed.lease, Outcome::new(State::Succeeded))
        .await
        .expect("it ends");
    let rest = body.collect().await.expect("it ends").to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("SUCCEEDED"));
    let resumed = follow(&world, &format!("runs/{run}/follow"), &[("last-event-id", "1")]).await;
    let all = resumed.into_body().collect().await.expect("it ends").to_bytes();
    let all = String::from_utf8_lossy(&all);
    assert!(
        !all.contains("the first line") && all.contains("the second line"),
        "{all}"
    );
    assert_eq!(all.matches("event: state").count(), 1, "{all}");
    let logs = world.get(&format!("runs/{run}/logs?text=SECOND")).await.done(200);
    assert_eq!(logs["items"].as_array().map(Vec::len), Some(1));
    for (path, status) in [
        ("runs/none/follow", 404),
        ("runs/none/logs", 404),
        ("runs/none/follow?level=loud", 400),
    ] {
        world.get(path).await.refused(status);
    }
    world
        .call_with(
            "GET",
            &format!("/v1/tenants/shop/runs/{run}/follow"),
            &world.shop,
            &[("last-event-id", "x")],
            Value::Null,
        )
        .await
        .refused(422);
}

#[tokio::test]
async fn who_follows_takes_no_turn_and_not_everybodys_place() {
    let world = World::with(Settings {
        concurrent: 4,
        ..Settings::default()
    })
    .await;
    let (run, _) = at_work(&world).await;
    let path = format!("runs/{run}/follow");
    let first = follow(&world, &path, &[]).await;
    assert_eq!(first.status(), 200);
    assert_eq!(follow(&world, &path, &[]).await.status(), 429);
    world.get("jobs").await.done(200);
    let other = request("GET", "/v1/tenants/bank/events/follow", &world.bank, &[], Body::empty());
    assert_eq!(world.send(other).await.status(), 200);
    drop(first);
    assert_eq!(follow(&world, &path, &[]).await.status(), 200);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let world = World::new().await;
    let (run, _) = at_work(&world).await;
    let made = world
        .post("tokens", json!({ "name": "short", "scopes": ["read"] }))
        .await
        .done(201);
    let (id, text) = (
        made["token"]["id"].as_str().expect("an id"),
        made["text"].as_str().expect("a text"),
    );
    let path = format!("/v1/tenants/shop/runs/{run}/follow");
    let mut body = world
        .send(request("GET", &path, text, &[], Body::empty()))
        .await
        .into_body();
    until(&mut body, "RUNNING").await;
    world.delete(&format!("tokens/{id}")).await.done(204);
    body.collect().await.expect("it ends");
}

#[tokio::test]
async fn events_are_followed_and_resumed() {
    let world = World::new().await;
    world.job("copy").await;
    let response = follow(&world, "events/follow?after=0&kinds=job", &[]).await;
    assert_eq!(response.status(), 200);
    let list = world.get("events?limit=5").await;
    assert_eq!(list.status, 200, "{}", list.text);
    world.fake.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    tokio::time::timeout(Duration::from_secs(60), response.into_body().collect())
        .await
        .expect("it ends")
        .expect("it ends");
}
