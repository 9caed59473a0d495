//! A client against a server of this test's own.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};
use support::{client, json_answer, problem, serve};
use tenon_client::{Client, Error, Retries, StreamExt, TryStreamExt};

#[tokio::test]
async fn a_problem_is_a_sentence_with_its_request() {
    let refuse = || async {
        let body = json!({ "type": "invalid", "title": "Unprocessable Entity", "status": 422,
                           "detail": "`limit` is not a number", "field": "limit" });
        let mut response = problem(422, &body);
        response
            .headers_mut()
            .insert("x-request-id", "req_7".parse().expect("a value"));
        response
    };
    let server = serve(Router::new().route("/v1/tenants/shop/jobs/copy", get(refuse))).await;
    let error = client(&server)
        .tenant("shop")
        .get_job("copy")
        .send()
        .await
        .expect_err("refused");
    assert_eq!(error.to_string(), "`limit` is not a number");
    let problem = error.problem().expect("a problem");
    assert_eq!((problem.status, problem.kind.as_str()), (422, "invalid"));
    assert_eq!(problem.request.as_deref(), Some("req_7"));
    assert_eq!(problem.more["field"], "limit");
}

#[tokio::test]
async fn the_token_and_what_is_sent_arrive() {
    let look = |headers: HeaderMap, body: String| async move {
        json_answer(&json!({
            "token": headers[header::AUTHORIZATION].to_str().expect("text"),
            "agent": headers[header::USER_AGENT].to_str().expect("text"),
            "match": headers[header::IF_MATCH].to_str().expect("text"),
            "body": serde_json::from_str::<Value>(&body).expect("JSON"),
        }))
    };
    let server = serve(Router::new().route("/v1/tenants/a%20b/jobs/copy", put(look))).await;
    let call = client(&server)
        .tenant("a b")
        .put_job("copy", &json!({ "definition": "x" }));
    assert!(!format!("{call:?}").contains("definition"), "bodies may hold secrets");
    let seen = call.if_match("\"3\"").send().await.expect("answered");
    assert_eq!(seen["token"], "Bearer tnn_test");
    assert_eq!(seen["match"], "\"3\"");
    assert_eq!(seen["body"]["definition"], "x");
    assert!(
        seen["agent"]
            .as_str()
            .is_some_and(|agent| agent.starts_with("tenon-client/")),
        "{seen}"
    );
}

/// A handler that fails so many times before it answers, and counts.
fn flaky(failures: usize, status: u16) -> (Router, &'static AtomicUsize) {
    let asked: &'static AtomicUsize = Box::leak(Box::default());
    let answer = move |headers: HeaderMap| async move {
        if asked.fetch_add(1, Ordering::SeqCst) < failures {
            return problem(status, &json!({ "type": "limit", "status": status, "detail": "busy" }));
        }
        let key = headers
            .get("idempotency-key")
            .map(|key| key.to_str().expect("text").to_owned());
        json_answer(&json!({ "id": "run_1", "job": "copy", "state": "WAITING", "key": key }))
    };
    let router = Router::new()
        .route("/v1/tenants/shop/runs/run_1", get(answer))
        .route("/v1/tenants/shop/runs/run_1/resume", post(answer))
        .route("/v1/tenants/shop/jobs/copy/runs", post(answer));
    (router, asked)
}

#[tokio::test]
async fn what_is_safe_is_repeated() {
    let (router, asked) = flaky(2, 503);
    let shop = client(&serve(router).await).tenant("shop");
    let run = shop.get_run("run_1").send().await.expect("answered in the end");
    assert_eq!((run.id.as_str(), asked.load(Ordering::SeqCst)), ("run_1", 3));
}

#[tokio::test]
async fn a_submission_has_a_key_and_is_repeated_with_it() {
    let (router, asked) = flaky(1, 503);
    let shop = client(&serve(router).await).tenant("shop");
    let run = shop
        .start_run("copy", &json!({}))
        .send()
        .await
        .expect("answered in the end");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let key = run.more["key"].as_str().expect("a key").to_owned();
    assert_eq!(key.len(), 32);
    let run = shop
        .start_run("copy", &json!({}))
        .idempotency_key("mine")
        .send()
        .await
        .expect("answered");
    assert_eq!(run.more["key"], "mine");
}

#[tokio::test]
async fn what_could_be_done_twice_is_not_repeated() {
    let (router, asked) = flaky(1, 503);
    let shop = client(&serve(router).await).tenant("shop");
    shop.resume_run("run_1").send().await.expect_err("it failed once");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_not_taken_up_is_repeated_but_not_for_ever() {
    let (router, asked) = flaky(1, 429);
    let shop = client(&serve(router).await).tenant("shop");
    shop.resume_run("run_1").send().await.expect("taken up then");
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let (router, asked) = flaky(100, 429);
    let shop = client(&serve(router).await).tenant("shop");
    let error = shop.resume_run("run_1").send().await.expect_err("always busy");
    assert_eq!(error.to_string(), "busy");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let asked: &'static AtomicUsize = Box::leak(Box::default());
    let answer = move || async move {
        if asked.fetch_add(1, Ordering::SeqCst) == 0 {
            let mut busy = problem(429, &json!({ "status": 429, "detail": "busy" }));
            busy.headers_mut()
                .insert(header::RETRY_AFTER, "1".parse().expect("a value"));
            return busy;
        }
        json_answer(&json!({ "name": "one" }))
    };
    let server = serve(Router::new().route("/v1/server", get(answer))).await;
    let began = Instant::now();
    client(&server).get_server().send().await.expect("answered in the end");
    assert!(began.elapsed() >= Duration::from_secs(1), "it came back too soon");
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let page = |RawQuery(query): RawQuery| async move {
        let query = query.unwrap_or_default();
        assert!(query.contains("limit=2"), "{query}");
        let (items, next) = match query.rsplit_once("after=").map(|(_, after)| after) {
            None => (vec!["a", "b"], Some("b+/c")),
            Some("b%2B%2Fc") => (vec!["c", "d"], Some("d")),
            Some("d") => (vec!["e"], None),
            Some(other) => panic!("asked for what comes after {other}"),
        };
        json_answer(&json!({ "items": items, "next": next }))
    };
    let server = serve(Router::new().route("/v1/tenants/shop/plugins", get(page))).await;
    let shop = client(&server).tenant("shop");
    let all: Vec<String> = shop
        .list_plugins()
        .limit(2)
        .items()
        .try_collect()
        .await
        .expect("listed");
    assert_eq!(all, ["a", "b", "c", "d", "e"]);
    let some: Vec<String> = shop
        .list_plugins()
        .limit(2)
        .items()
        .take(3)
        .try_collect()
        .await
        .expect("listed");
    assert_eq!(some, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_is_no_tenon_server_is_told_as_such() {
    let page = || async { ([(header::CONTENT_TYPE, "text/html")], "<html>hello</html>") };
    let gone = || async {
        (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/html")],
            "<html>no</html>",
        )
    };
    let router = Router::new()
        .route("/v1/server", get(page))
        .route("/v1/tokens/t", get(gone))
        .route("/v1/prices", get(|| async { Redirect::to("https://example.com/") }))
        .route(
            "/v1/tenants/shop/runs/r/follow",
            get(|| async { json_answer(&json!({})) }),
        );
    let server = serve(router).await;
    let client = client(&server);
    for error in [
        client.get_server().send().await.expect_err("HTML"),
        client.get_operator_token("t").send().await.expect_err("HTML"),
        client.get_prices().send().await.expect_err("it redirects"),
    ] {
        assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
        assert!(
            error.to_string().contains("does not answer as a Tenon server does"),
            "{error}"
        );
    }
    let mut events = Box::pin(client.tenant("shop").follow_run("r").follow());
    let error = events.next().await.expect("an error").expect_err("no stream");
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let url = format!("http://{}", port.expect("a port"));
    let client = Client::builder(&url)
        .retries(Retries::none())
        .build()
        .expect("a client");
    let error = client.live().await.expect_err("nobody is there");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with(&format!("cannot reach {url}: ")),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let router = Router::new().route("/v1/server", get(std::future::pending::<Response>));
    let server = serve(router).await;
    let client = Client::builder(&server)
        .timeout(Duration::from_millis(200))
        .retries(Retries::none())
        .build()
        .expect("a client");
    let error = client.get_server().send().await.expect_err("no answer");
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn files_are_streamed_with_their_length() {
    let take = |headers: HeaderMap, RawQuery(query): RawQuery, body: axum::body::Bytes| async move {
        let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
        let answer = json!({
            "length": headers[header::CONTENT_LENGTH].to_str().expect("text"),
            "type": headers[header::CONTENT_TYPE].to_str().expect("text"),
            "sum": sum,
            "query": query,
        });
        (StatusCode::CREATED, [(header::ETAG, "\"3\"")], axum::Json(answer)).into_response()
    };
    let router = Router::new()
        .route("/v1/tenants/shop/plugins/clean/versions", post(take))
        .layer(axum::extract::DefaultBodyLimit::disable());
    let server = serve(router).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clean.wasm");
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(&file, &bytes).expect("written");
    let shop = client(&server).tenant("shop");
    let pushed = shop
        .upload_plugin("clean")
        .file(&file)
        .query("alias", "stable")
        .tagged()
        .await
        .expect("taken");
    assert!(pushed.created);
    assert_eq!(pushed.etag.as_deref(), Some("\"3\""));
    assert_eq!(pushed.value["length"], "3000001");
    assert_eq!(pushed.value["type"], "application/wasm");
    assert_eq!(pushed.value["query"], "alias=stable");
    assert_eq!(
        pushed.value["sum"],
        bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
    );

    for missing in [folder.path().join("gone.wasm"), folder.path().to_owned()] {
        let error = shop
            .upload_plugin("clean")
            .file(&missing)
            .send()
            .await
            .expect_err("no file");
        assert!(matches!(error, Error::File { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_not_sent() {
    let client = Client::builder("http://127.0.0.1:9").build().expect("a client");
    for name in ["..", ".", ""] {
        let error = client.tenant("shop").get_job(name).send().await.expect_err("no name");
        assert!(matches!(error, Error::Input { .. }), "{error:?}");
    }
}

#[test]
fn certificates_are_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let build = || Client::builder("https://localhost").authorities(&file).build();
    assert!(matches!(build().expect_err("there is none"), Error::File { .. }));
    std::fs::write(&file, "hello").expect("written");
    assert!(matches!(
        build().expect_err("it holds none"),
        Error::Certificates { .. }
    ));
}
