//! Streams that break off.

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde_json::json;
use support::{client, problem, serve};
use tenon_client::{Error, RunEvent, RunState, StreamExt, TryStreamExt};

fn events(text: impl Into<String>) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from(text.into())).into_response()
}

fn log(number: u64) -> String {
    let line = json!({ "number": number, "time": "2026-11-22T00:00:00Z", "level": "info", "message": "hello" });
    format!("event: log\nid: {number}\ndata: {line}\n\n")
}

fn state(state: &str) -> String {
    let run = json!({ "id": "run_1", "job": "copy", "state": state });
    format!("event: state\ndata: {run}\n\n")
}

/// What is told of a run by a server that answers so.
async fn told(answer: MethodRouter) -> Vec<Result<RunEvent, Error>> {
    let server = serve(Router::new().route("/v1/tenants/shop/runs/run_1/follow", answer)).await;
    let call = client(&server).tenant("shop").follow_run("run_1");
    call.follow().collect().await
}

#[tokio::test]
async fn a_run_is_followed_over_a_stream_that_breaks_off() {
    let asked: &'static AtomicUsize = Box::leak(Box::default());
    let answer = move |headers: HeaderMap, RawQuery(query): RawQuery| async move {
        assert_eq!(query.as_deref(), Some("level=info"));
        let last = headers
            .get("last-event-id")
            .map(|id| id.to_str().expect("text").to_owned());
        match (asked.fetch_add(1, Ordering::SeqCst), last.as_deref()) {
            // The second line is cut off, so that it is not read.
            (0, None) => events(format!(
                "{}{}event: log\nid: 2\ndata: {{\"num",
                state("RUNNING"),
                log(1)
            )),
            (1, Some("1")) => problem(503, &json!({ "status": 503, "detail": "about to end" })),
            (2, Some("1")) => events(format!(
                ": still there\n\n{}{}event: news\ndata: x\n\nevent: progress\ndata: {{\"rows_in\": 5}}\n\n",
                state("RUNNING"),
                log(2)
            )),
            (3, Some("2")) => events(format!("{}{}{}", log(3), state("SUCCEEDED"), log(4))),
            other => panic!("asked as {other:?}"),
        }
    };
    let server = serve(Router::new().route("/v1/tenants/shop/runs/run_1/follow", get(answer))).await;
    let call = client(&server)
        .tenant("shop")
        .follow_run("run_1")
        .query("level", "info");
    let told: Vec<RunEvent> = call.follow().try_collect().await.expect("followed to its end");
    let told: Vec<String> = told
        .into_iter()
        .map(|event| match event {
            RunEvent::Log(line) => format!("log {}", line.number),
            RunEvent::Progress(progress) => format!("progress {}", progress["rows_in"]),
            RunEvent::State(run) => run.state.to_string(),
        })
        .collect();
    assert_eq!(
        told,
        [
            "RUNNING",
            "log 1",
            "RUNNING",
            "log 2",
            "progress 5",
            "log 3",
            "SUCCEEDED"
        ]
    );
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_stream_that_always_breaks_off_is_given_up() {
    let asked: &'static AtomicUsize = Box::leak(Box::default());
    let answer = move || async move {
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => events(log(1)),
            _ => events(""),
        }
    };
    let told = told(get(answer)).await;
    assert!(
        matches!(told.as_slice(), [Ok(RunEvent::Log(_)), Err(Error::Broken { .. })]),
        "{told:?}"
    );
    // The first, and as many as are tried again.
    assert_eq!(asked.load(Ordering::SeqCst), 13);
}

#[tokio::test]
async fn what_is_refused_is_not_asked_again() {
    let asked: &'static AtomicUsize = Box::leak(Box::default());
    let answer = move || async move {
        asked.fetch_add(1, Ordering::SeqCst);
        problem(404, &json!({ "status": 404, "detail": "there is no run `run_1`" }))
    };
    let told = told(get(answer)).await;
    assert!(
        matches!(told.as_slice(), [Err(error)] if error.is_not_found()),
        "{told:?}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn events_go_on_after_the_last_that_was_read() {
    let answer = |headers: HeaderMap| async move {
        let event = |position: i64| {
            let event = json!({ "position": position, "kind": "run.failed", "subject": "run_1", "number": 1,
                                "time": "2026-11-22T00:00:00Z", "data": { "job": "copy" } });
            format!("event: run.failed\nid: {position}\ndata: {event}\n\n")
        };
        match headers
            .get("last-event-id")
            .map(|id| id.to_str().expect("text").to_owned())
            .as_deref()
        {
            None => events(event(7)),
            Some("7") => events(event(9)),
            Some("9") => problem(401, &json!({ "status": 401, "detail": "the token is not valid" })),
            Some(other) => panic!("asked for what comes after {other}"),
        }
    };
    let server = serve(Router::new().route("/v1/tenants/shop/events/follow", get(answer))).await;
    let told: Vec<_> = client(&server).tenant("shop").follow_events().follow().collect().await;
    let positions: Vec<Option<i64>> = told
        .iter()
        .map(|event| event.as_ref().ok().map(|event| event.position))
        .collect();
    assert_eq!(positions, [Some(7), Some(9), None]);
    let error = told.into_iter().next_back().expect("the last").expect_err("refused");
    assert_eq!(error.to_string(), "the token is not valid");
}

#[test]
fn final_states_end_a_run() {
    for state in [
        RunState::Stopped,
        RunState::Succeeded,
        RunState::Failed,
        RunState::Error,
        RunState::Timeout,
    ] {
        assert!(state.is_final());
    }
    for state in [
        RunState::Waiting,
        RunState::Starting,
        RunState::Running,
        RunState::Stopping,
    ] {
        assert!(!state.is_final());
    }
}
