//! What is refused before anything is done, and what all answers have.

mod support;

use axum::body::Body;
use futures::StreamExt;
use serde_json::{Value, json};
use support::{World, request};
use tenon_api::Settings;
use tower::ServiceExt;

#[tokio::test]
async fn too_many_requests_are_told_to_come_back_and_the_server_is_still_alive() {
    let world = World::with(Settings {
        concurrent: 1,
        ..Settings::default()
    })
    .await;
    // A request whose body does not come holds the one turn that there is.
    let (sender, body) = futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
    let slow = request(
        "PUT",
        "/v1/tenants/shop/jobs/copy",
        &world.shop,
        &[],
        Body::from_stream(body),
    );
    let router = world.router.clone();
    let slow = tokio::spawn(async move { tower::ServiceExt::oneshot(router, slow).await });
    // It is polled now, and takes the turn.
    tokio::task::yield_now().await;
    let refused = world.get("jobs").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(429);
    assert_eq!(world.call("GET", "/livez", "", Value::Null).await.status, 200);
    drop(sender);
    slow.await.expect("it ends").expect("an answer");
    world.get("jobs").await.done(200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    let world = World::with(Settings {
        timeout: std::time::Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    let never = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let answer = world
        .answer(request("PUT", "/v1/tenants/shop/jobs/copy", &world.shop, &[], never))
        .await;
    assert!(answer.headers.contains_key("retry-after"));
    answer.refused(503);
}

#[tokio::test]
async fn bodies_have_an_end() {
    let world = World::with(Settings {
        body: 1000,
        plugin: 2000,
        ..Settings::default()
    })
    .await;
    world
        .put("jobs/copy", json!({ "definition": "x".repeat(1000) }))
        .await
        .refused(413);
    // Also those that do not say how long they are.
    for (path, bytes) in [("jobs/copy", 1001), ("plugins/p/versions", 2001)] {
        let method = if path.starts_with("jobs") { "PUT" } else { "POST" };
        let chunks = futures::stream::iter(vec![b' '; bytes])
            .chunks(100)
            .map(Ok::<_, std::io::Error>);
        let path = format!("/v1/tenants/shop/{path}");
        world
            .answer(request(method, &path, &world.shop, &[], Body::from_stream(chunks)))
            .await
            .refused(413);
    }
    assert_eq!(world.get("plugins").await.done(200)["items"], json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_methods_are_told() {
    let world = World::new().await;
    for path in [
        "/",
        "/v1",
        "/v2/tenants",
        "/v1/tenants/shop/jobs/",
        "/v1/tenants/shop/jobs/a/b/c",
    ] {
        world.call("GET", path, &world.shop, Value::Null).await.refused(404);
    }
    let answer = world
        .call("PATCH", "/v1/tenants/shop/jobs/a", &world.shop, Value::Null)
        .await;
    assert!(answer.headers["allow"].to_str().expect("a text").contains("PUT"));
    answer.refused(405);
    let answer = world.call("OPTIONS", "/v1/tenants/shop/jobs/a", "", Value::Null).await;
    assert_eq!(
        (answer.status.as_u16(), answer.headers.contains_key("allow")),
        (204, true)
    );
    world.job("a").await;
    let answer = world
        .call("HEAD", "/v1/tenants/shop/jobs/a", &world.shop, Value::Null)
        .await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert!(answer.headers.contains_key("etag"));
    let text = [("content-type", "text/plain")];
    let mut typed = request("PUT", "/v1/tenants/shop/jobs/a", &world.shop, &[], Body::from("{}"));
    typed
        .headers_mut()
        .insert("content-type", text[0].1.parse().expect("a value"));
    world.answer(typed).await.refused(415);
}

#[tokio::test]
async fn each_request_has_an_id() {
    let world = World::new().await;
    let path = "/v1/tenants/shop/jobs";
    let sent = world
        .call_with("GET", path, &world.shop, &[("x-request-id", "my-1")], Value::Null)
        .await;
    assert_eq!(sent.headers["x-request-id"], "my-1");
    let odd = world
        .call_with("GET", path, "", &[("x-request-id", "<script>")], Value::Null)
        .await;
    assert!(
        odd.headers["x-request-id"]
            .to_str()
            .expect("a text")
            .starts_with("req_")
    );
}

#[tokio::test]
async fn a_part_of_another_router_is_as_strict() {
    let world = World::new().await;
    let whole = axum::Router::new().nest("/etl", world.router.clone());
    for (path, status) in [
        ("/etl/v1/tenants/shop/jobs?limit=1", 200),
        ("/etl/v1/tenants/shop/jobs?no_such_thing=1", 400),
        ("/v1/tenants/shop/jobs", 404),
    ] {
        let request = request("GET", path, &world.shop, &[], Body::empty());
        let answer = whole.clone().oneshot(request).await.expect("it always answers");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
}
