//! Each resource: made, read, changed by two, and removed.

mod support;

use axum::body::Body;
use serde_json::{Value, json};
use support::{JOB, World, request};

#[tokio::test]
async fn of_two_who_change_the_same_thing_the_second_is_told() {
    let world = World::new().await;
    let things = [
        ("jobs/copy", json!({ "definition": JOB })),
        ("secrets/key", json!({ "value": "one of our secrets" })),
        (
            "connections/lake",
            json!({ "driver": "postgres", "url": "postgres://h/d" }),
        ),
        (
            "triggers/nightly",
            json!({ "when": "on_demand", "actions": [{ "job": "copy" }] }),
        ),
        (
            "workflows/all",
            json!({ "name": "all", "nodes": { "a": { "job": "copy" } } }),
        ),
        (
            "targets/mail",
            json!({ "destination": { "type": "email", "to": ["a@example.org"] } }),
        ),
    ];
    for (path, body) in things {
        let full = format!("/v1/tenants/shop/{path}");
        let put = async |headers: &[(&str, &str)], body: Value| {
            world.call_with("PUT", &full, &world.shop, headers, body).await
        };
        put(&[("if-match", "\"4\"")], body.clone()).await.refused(409);
        put(&[("if-match", "*")], body.clone()).await.refused(409);
        let made = put(&[("if-none-match", "*")], body.clone()).await;
        assert_eq!(made.status, 200, "{path}: {}", made.text);
        put(&[("if-none-match", "*")], body.clone()).await.refused(409);
        let mut changed = body.clone();
        // Of some things the same again is no change.
        for (field, value) in [
            ("definition", json!(format!("{JOB}\n"))),
            ("description", json!("another")),
        ] {
            if (field == "definition") == (path == "jobs/copy") && !path.starts_with("targets") {
                changed[field] = value;
            }
        }
        if !(path.starts_with("triggers") || path.starts_with("workflows")) {
            changed.as_object_mut().expect("an object").remove("description");
        }
        let second = put(&[("if-match", made.etag())], changed.clone()).await;
        assert_eq!(second.status, 200, "{path}: {}", second.text);
        assert_ne!(second.etag(), made.etag(), "{path}");
        let late = put(&[("if-match", made.etag())], body.clone()).await.refused(409);
        assert_eq!(late["type"], "conflict");
        put(&[("if-match", "\"what\"")], body).await.refused(422);
        assert_eq!(world.get(path).await.etag(), second.etag(), "{path}");
        let read = async |known: &str| {
            let known = [("if-none-match", known)];
            world.call_with("GET", &full, &world.shop, &known, Value::Null).await
        };
        read(made.etag()).await.done(200);
        let known = read(second.etag()).await;
        assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""), "{path}");
        assert_eq!(known.etag(), second.etag(), "{path}");
        put(&[("if-match", "*")], changed).await.done(200);
        let list = world.get(path.split('/').next().expect("a list")).await.done(200);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{path}");
        let stale = [("if-match", made.etag())];
        world
            .call_with("DELETE", &full, &world.shop, &stale, Value::Null)
            .await
            .refused(409);
        world.delete(path).await.done(204);
        world.get(path).await.refused(404);
        world.delete(path).await.refused(404);
    }
}

#[tokio::test]
async fn what_happens_to_a_thing_is_read_though_nobody_changed_it() {
    let world = World::new().await;
    world.job("copy").await;
    let trigger = json!({ "when": "on_demand", "actions": [{ "job": "copy" }] });
    let made = world.put("triggers/now", trigger.clone()).await;
    world.post("triggers/now/start", Value::Null).await.done(200);
    let path = "/v1/tenants/shop/triggers/now";
    let known = [("if-none-match", made.etag())];
    let read = world.call_with("GET", path, &world.shop, &known, Value::Null).await;
    assert_ne!(read.etag(), made.etag());
    assert!(read.done(200)["last_fired"].is_string());
    // Its version is the one that was made, which may be changed.
    let expected = [("if-match", made.etag())];
    let changed = world.call_with("PUT", path, &world.shop, &expected, trigger).await;
    changed.done(200);
}

#[tokio::test]
async fn the_same_request_starts_one_run() {
    let world = World::new().await;
    world.job("copy").await;
    let start = async |key: &str, body: Value| {
        let path = "/v1/tenants/shop/jobs/copy/runs";
        world
            .call_with("POST", path, &world.shop, &[("idempotency-key", key)], body)
            .await
    };
    let first = start("a", Value::Null).await.done(201);
    assert_eq!(start("a", Value::Null).await.done(200)["id"], first["id"]);
    start("a", json!({ "arguments": { "x": 1 } })).await.refused(409);
    assert_ne!(start("b", Value::Null).await.done(201)["id"], first["id"]);
    let runs = world.get("runs?job=copy&state=WAITING&limit=1").await.done(200);
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1));
    let after = runs["next"].as_str().expect("another page");
    let rest = world.get(&format!("runs?limit=1&after={after}")).await.done(200);
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&first["id"], &Value::Null));
    let id = first["id"].as_str().expect("an id");
    assert_eq!(
        world
            .post(&format!("runs/{id}/stop"), json!({ "reason": "enough" }))
            .await
            .done(200)["state"],
        "STOPPED"
    );
    assert_eq!(
        world.get(&format!("runs/{id}")).await.done(200)["stop_reason"],
        "enough"
    );
    world.post(&format!("runs/{id}/rerun"), Value::Null).await.done(201);
    world.get(&format!("runs/{id}/attempts")).await.done(200);
    world.get("runs?stat=WAITING").await.refused(400);
    world.get("runs?limit=1001").await.refused(400);
    world.get("runs?limit=1&limit=2").await.refused(400);
    world.get("jobs/copy/bookmarks").await.done(200);
    world.delete("jobs/copy/bookmarks").await.done(204);
    world.delete("jobs/copy/state").await.done(204);
    world.post("jobs/none/runs", Value::Null).await.refused(404);
}

#[tokio::test]
async fn a_definition_that_is_wrong_is_told_with_its_place() {
    let world = World::new().await;
    let wrong = json!({ "definition": JOB.replace("from = \"a\"", "from = \"c\"") });
    let problem = world.put("jobs/copy", wrong).await.refused(422);
    assert!(
        problem["detail"].as_str().expect("a text").contains("copy.toml:3"),
        "{problem}"
    );
    let problem = world
        .put("jobs/copy", json!({ "definition": JOB, "setings": {} }))
        .await
        .refused(422);
    assert!(
        problem["detail"].as_str().expect("a text").contains("setings"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_trigger_and_a_workflow_are_started_and_drawn() {
    let world = World::new().await;
    world.job("copy").await;
    world
        .put(
            "triggers/now",
            json!({ "when": "on_demand", "actions": [{ "job": "copy" }] }),
        )
        .await
        .done(200);
    let started = world.post("triggers/now/start", Value::Null).await;
    assert_eq!(started.status, 200, "{}", started.text);
    world.get("triggers/now/firings").await.done(200);
    world
        .put("workflows/other", json!({ "name": "all", "nodes": {} }))
        .await
        .refused(422);
    let nodes = json!({ "a": { "job": "copy" }, "b": { "job": "copy", "depends_on": ["a"] } });
    world
        .put("workflows/all", json!({ "name": "all", "nodes": nodes }))
        .await
        .done(200);
    let run = world
        .post("workflows/all/runs", json!({ "properties": { "day": "1" } }))
        .await
        .done(201);
    let id = run["run"]["id"].as_str().expect("an id");
    for path in ["workflows/all".to_owned(), format!("workflow-runs/{id}")] {
        let svg = world.get(&format!("{path}/picture")).await;
        assert!(
            svg.headers["content-type"] == "image/svg+xml" && svg.text.starts_with("<svg"),
            "{}",
            svg.text
        );
        let text = world.get(&format!("{path}/picture?format=ascii")).await;
        assert!(text.text.is_ascii() && text.headers["content-type"] == "text/plain; charset=utf-8");
        let picture = format!("/v1/tenants/shop/{path}/picture");
        let accepted = world
            .call_with("GET", &picture, &world.shop, &[("accept", "text/plain")], Value::Null)
            .await;
        assert_eq!(accepted.headers["content-type"], "text/plain; charset=utf-8");
    }
    world
        .put(&format!("workflow-runs/{id}/properties/day"), json!({ "value": "2" }))
        .await
        .done(200);
    assert_eq!(
        world.get(&format!("workflow-runs/{id}/properties")).await.done(200)["day"],
        "2"
    );
    world
        .delete(&format!("workflow-runs/{id}/properties/day"))
        .await
        .done(204);
    world
        .post(&format!("workflow-runs/{id}/stop"), Value::Null)
        .await
        .done(200);
    assert_eq!(
        world.get("workflows/all/runs").await.done(200)["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_tenant_has_as_many_jobs_and_events_as_it_may() {
    let world = World::new().await;
    world.job("copy").await;
    let quotas = json!({ "quotas": { "jobs": 1, "events_per_minute": 1 } });
    world
        .call("PUT", "/v1/tenants/shop", &world.operator, quotas)
        .await
        .done(200);
    // What is there may be changed still.
    world.job("copy").await;
    let more = world.put("jobs/more", json!({ "definition": JOB })).await.refused(429);
    assert!(
        more["detail"].as_str().expect("a text").contains("quota of jobs"),
        "{more}"
    );

    world
        .put("secrets/hook", json!({ "value": "a secret of enough bytes" }))
        .await
        .done(200);
    let source = json!({ "webhook": { "secret": "hook", "signature": "token" } });
    let trigger = json!({ "when": { "event": { "source": source } }, "actions": [{ "job": "copy" }] });
    world.put("triggers/hook", trigger).await.done(200);
    world.post("triggers/hook/activate", Value::Null).await.done(200);
    let path = "/v1/tenants/shop/triggers/hook/webhook";
    let call = async |token: &str| world.call("POST", path, token, json!({})).await;
    call("a secret of enough bytes").await.done(202);
    let detail = call("a secret of enough bytes").await.refused(429)["detail"].to_string();
    assert!(detail.contains("events_per_minute: 2 of 1"), "{detail}");
    call("a secret of other bytes").await.refused(401);
    let told = world.metadata.read(|tx| {
        let rows = tx.query(
            "select subject from events where kind = 'quota.reached' order by number",
            &[],
        )?;
        rows.iter()
            .map(|row| row.get::<String>(0))
            .collect::<Result<Vec<_>, _>>()
    });
    let told = told.await.expect("events");
    assert_eq!(told, ["jobs", "events_per_minute"]);
}

#[tokio::test]
async fn a_webhook_is_taken_if_it_is_signed() {
    let world = World::new().await;
    world.job("copy").await;
    world
        .put("secrets/hook", json!({ "value": "a secret of enough bytes" }))
        .await
        .done(200);
    let source = json!({ "webhook": { "secret": "hook", "signature": "token" } });
    let when = json!({ "event": { "source": source } });
    world
        .put("triggers/hook", json!({ "when": when, "actions": [{ "job": "copy" }] }))
        .await
        .done(200);
    let path = "/v1/tenants/shop/triggers/hook/webhook";
    let idle = world
        .call("POST", path, "a secret of enough bytes", json!({}))
        .await
        .refused(401);
    world.post("triggers/hook/activate", Value::Null).await.done(200);
    assert_eq!(
        world
            .call("POST", path, "a secret of other bytes", json!({}))
            .await
            .refused(401),
        idle
    );
    world
        .call("POST", path, "a secret of enough bytes", json!({ "order": 7 }))
        .await
        .done(202);
    assert_eq!(
        world.get("runs?trigger=hook").await.done(200)["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let large = request("POST", path, "", &[], Body::from(vec![b' '; (1 << 20) + 1]));
    world.answer(large).await.refused(413);
}

#[tokio::test]
async fn a_plugin_is_uploaded_promoted_and_rolled_back() {
    let world = World::new().await;
    let upload = async |query: &str, bytes: &'static [u8], headers: &[(&str, &str)]| {
        let path = format!("/v1/tenants/shop/plugins/clean/versions{query}");
        world
            .answer(request("POST", &path, &world.shop, headers, Body::from(bytes)))
            .await
    };
    let first = upload("?alias=stable&label=1.0", b"\0asm 1", &[]).await.done(201);
    assert_eq!(
        (&first["version"], &first["state"], &first["label"]),
        (&json!(1), &json!("ready"), &json!("1.0"))
    );
    upload("", b"\0asm 1", &[]).await.done(200);
    upload("", b"\0asm 2", &[("x-tenon-digest", &"0".repeat(64))])
        .await
        .refused(422);
    upload("", b"not wasm", &[]).await.refused(422);
    upload("", b"", &[]).await.refused(422);
    let second = upload("", b"\0asm 3", &[]).await.done(201);
    let version = second["version"].as_i64().expect("a number");
    let alias = "plugins/clean/aliases/stable";
    let canary = world
        .put(alias, json!({ "version": version, "canary_percent": 10 }))
        .await
        .done(200);
    assert!(canary["canary"]["since"].is_string(), "{canary}");
    world
        .post(&format!("{alias}/rollback"), json!({ "reason": "slow" }))
        .await
        .done(200);
    world.put(alias, json!({ "version": version })).await.done(200);
    world
        .delete(&format!("plugins/clean/versions/{version}"))
        .await
        .refused(409);
    world.post(&format!("{alias}/rollback"), Value::Null).await.done(200);
    world
        .delete(&format!("plugins/clean/versions/{version}"))
        .await
        .done(204);
    let plugin = world.get("plugins/clean").await.done(200);
    assert_eq!(plugin["aliases"][0]["version"], 1);
    assert!(
        world.get("plugins/clean/history").await.done(200)["items"]
            .as_array()
            .expect("items")
            .len()
            >= 4
    );
    world.get("plugins/none").await.refused(404);
}
