//! Tenants, and what keeps them apart and accounted for.

mod support;

use serde_json::{Value, json};
use support::{JOB, World};

#[tokio::test]
async fn every_change_is_in_the_audit_log_and_no_secret_is_anywhere() {
    let world = World::new().await;
    let secret = "correct horse battery staple";
    let mut told = Vec::new();
    told.push(world.put("secrets/key", json!({ "value": secret })).await);
    world.job("copy").await;
    let made = world.post("tokens", json!({ "name": "ci", "scopes": ["run"] })).await;
    let text = made.json["text"].as_str().expect("a text").to_owned();
    let id = made.done(201)["token"]["id"].as_str().expect("an id").to_owned();
    for path in [
        "secrets",
        "secrets/key",
        "tokens",
        &format!("tokens/{id}"),
        "audit",
        "events",
    ] {
        told.push(world.get(path).await);
    }
    for answer in &told {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            !answer.text.contains(secret) && !answer.text.contains(&text),
            "{}",
            answer.text
        );
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let audit = world.get("audit").await.done(200);
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(actions, ["token.create", "job.put", "secret.put"]);
    assert!(audit["items"][0]["time"].as_str().expect("a time").ends_with('Z'));
    assert!(
        audit["items"][0]["request"]
            .as_str()
            .expect("an id")
            .starts_with("req_")
    );
    world
        .call("GET", "/v1/tenants/shop/audit", &world.reader, Value::Null)
        .await
        .refused(403);
    let verified = world
        .call("GET", "/v1/audit/verify", &world.operator, Value::Null)
        .await
        .done(200);
    assert_eq!(verified["ok"], true);
}

#[tokio::test]
async fn a_token_is_made_rotated_and_revoked() {
    let world = World::new().await;
    let made = world
        .post(
            "tokens",
            json!({ "name": "ci", "scopes": ["read"], "expires": "2999-01-01T00:00:00Z" }),
        )
        .await
        .done(201);
    assert_eq!(made["token"]["expires"], "2999-01-01T00:00:00Z");
    let (id, text) = (
        made["token"]["id"].as_str().expect("an id"),
        made["text"].as_str().expect("a text"),
    );
    world
        .call("GET", "/v1/tenants/shop/jobs", text, Value::Null)
        .await
        .done(200);
    let rotated = world
        .post(&format!("tokens/{id}/rotate"), json!({ "grace_seconds": 0 }))
        .await
        .done(200);
    let new = rotated["text"].as_str().expect("a text");
    world
        .call("GET", "/v1/tenants/shop/jobs", new, Value::Null)
        .await
        .done(200);
    world.delete(&format!("tokens/{id}")).await.done(204);
    world.get(&format!("tokens/{id}")).await.refused(404);
    world
        .post("tokens", json!({ "name": "root", "scopes": ["server"] }))
        .await
        .refused(422);
    world
        .call("GET", "/v1/tokens", &world.shop, Value::Null)
        .await
        .refused(403);
    let operators = world
        .call("GET", "/v1/tokens", &world.operator, Value::Null)
        .await
        .done(200);
    assert_eq!(operators["items"][0]["name"], "bootstrap");
}

#[tokio::test]
async fn usage_has_a_price() {
    let world = World::new().await;
    let usage = tenon_tenants::Usage {
        cpu_sandbox_us: 2_000_000,
        ..Default::default()
    };
    world
        .metadata
        .write(move |tx| tenon_tenants::usage::add(tx, &support::name("shop"), "copy", "run_1", &usage))
        .await
        .expect("it is added");
    let prices = json!({ "currency": "EUR", "cpu_second": "0.5" });
    world
        .call("PUT", "/v1/prices", &world.shop, prices.clone())
        .await
        .refused(403);
    world.call("PUT", "/v1/prices", &world.operator, prices).await.done(200);
    let bill = world.get("usage?group_by=job").await.done(200);
    assert_eq!(
        (&bill["total"]["millionths"], &bill["lines"][0]["job"]),
        (&json!(1_000_000), &json!("copy"))
    );
    let all = world
        .call("GET", "/v1/usage", &world.operator, Value::Null)
        .await
        .done(200);
    assert_eq!(all["total"], bill["total"]);
    let runs = world.get("usage?group_by=run").await.done(200);
    assert_eq!(
        (&runs["lines"][0]["run"], &runs["lines"][0]["cost"], &runs["total"]),
        (&json!("run_1"), &bill["total"], &bill["total"])
    );
    world.get("usage?group_by=week").await.refused(400);
}

#[tokio::test]
async fn a_tenant_that_is_gone_leaves_nothing_to_one_of_the_same_name() {
    let world = World::new().await;
    world.job("copy").await;
    world.post("jobs/copy/runs", Value::Null).await.done(201);
    let path = "/v1/tenants/shop";
    let kept = world
        .call("DELETE", path, &world.operator, Value::Null)
        .await
        .refused(409);
    assert!(kept["detail"].as_str().expect("a text").contains("1 jobs"), "{kept}");
    world.call("DELETE", path, &world.shop, Value::Null).await.refused(403);
    world
        .call("DELETE", "/v1/tenants/shop?force=true", &world.operator, Value::Null)
        .await
        .done(204);
    world.call("GET", path, &world.operator, Value::Null).await.refused(404);
    world
        .call("GET", "/v1/tenants/shop/jobs", &world.operator, Value::Null)
        .await
        .refused(404);
    world
        .call(
            "PUT",
            "/v1/tenants/shop/jobs/copy",
            &world.operator,
            json!({ "definition": JOB }),
        )
        .await
        .refused(404);
    world.call("PUT", path, &world.operator, json!({})).await.done(200);
    for list in [
        "jobs",
        "runs",
        "triggers",
        "workflows",
        "plugins",
        "secrets",
        "connections",
        "targets",
    ] {
        let found = world
            .call("GET", &format!("{path}/{list}"), &world.operator, Value::Null)
            .await
            .done(200);
        assert_eq!(found["items"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn a_suspended_tenant_can_only_look() {
    let world = World::new().await;
    world.job("copy").await;
    world
        .call(
            "PUT",
            "/v1/tenants/shop",
            &world.operator,
            json!({ "state": "suspended" }),
        )
        .await
        .done(200);
    // Whoever is remembered is forgotten a moment after.
    let mut tries = 0;
    while world.post("jobs/copy/runs", Value::Null).await.status != 403 {
        tries += 1;
        assert!(tries < 1000, "it may still run jobs");
        tokio::task::yield_now().await;
    }
    world.get("jobs/copy").await.done(200);
}

#[tokio::test]
async fn what_belongs_to_the_server_is_answered() {
    let world = World::new().await;
    let server = world
        .call("GET", "/v1/server", &world.reader, Value::Null)
        .await
        .done(200);
    assert_eq!(server["draining"], false);
    assert_eq!(world.call("GET", "/livez", "", Value::Null).await.text, "ok\n");
    assert_eq!(world.call("GET", "/readyz", "", Value::Null).await.status, 200);
    assert_eq!(world.call("GET", "/metrics", "", Value::Null).await.text, "up 1\n");
    world.call("GET", "/openapi.json", "", Value::Null).await.done(200);
    world.fake.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    world.call("GET", "/readyz", "", Value::Null).await.refused(503);
}
