//! Tokens of another tenant, on every operation of the document: they cannot tell what there is from what there is not.

use axum::body::Body;
use serde_json::{Value, json};

use crate::operations::Operation;
use crate::support::{Answer, COPY, Running, component, request};

/// Things of the tenant `shop`, by what stands for them in paths.
type Things = Vec<(&'static str, String)>;

impl Operation {
    /// Its path for a tenant, with these things. Runs of workflows are called as those of jobs are.
    fn among(&self, tenant: &str, things: &[(&'static str, String)]) -> String {
        let (run, other) = if self.path.contains("/workflow-runs/") {
            ("workflow_run", "run")
        } else {
            ("run", "workflow_run")
        };
        let things = things.iter().filter(|(place, _)| *place != other);
        let called = things.map(|(place, name)| (if *place == run { "run" } else { *place }, name.clone()));
        self.at(tenant, &called.collect::<Vec<_>>())
    }

    /// Whether it shows one thing of this sort.
    fn shows(&self, place: &str) -> bool {
        let ends = match place {
            "workflow_run" => "/workflow-runs/{run}".to_owned(),
            "run" => "/runs/{run}".to_owned(),
            place => format!("s/{{{place}}}"),
        };
        self.method == "GET" && self.is_of_tenant() && self.path.ends_with(&ends)
    }

    /// A body that would be taken, or an empty one where it is not known which would be.
    fn body(&self) -> Value {
        match self.id.as_str() {
            "put_job" => json!({ "definition": COPY }),
            "put_secret" => json!({ "value": "another secret, of sufficient length" }),
            "put_connection" => json!({ "driver": "postgres", "url": "postgres://db.example.com/d" }),
            "put_trigger" => json!({ "when": "on_demand", "actions": [{ "job": "copy" }] }),
            "put_workflow" => json!({ "name": "all", "nodes": { "a": { "job": "copy" } } }),
            "put_target" => json!({ "destination": { "type": "email", "to": ["a@example.org"] } }),
            "create_tenant_token" | "create_token" => json!({ "name": "more", "scopes": ["read"] }),
            _ => json!({}),
        }
    }

    async fn ask(&self, server: &Running, path: &str, token: &str, body: &Value) -> Answer {
        if self.id == "upload_plugin" {
            let bytes = Body::from(component("flights"));
            return server
                .send(request(&self.method, path, token, "application/wasm", bytes))
                .await;
        }
        server.ask(&self.method, path, token, body).await
    }
}

/// A tenant with one of each sort of thing.
async fn furnished(server: &Running) -> Things {
    server
        .tenant("shop", json!({ "hosts": ["db.example.com"] }), "id\n1\n")
        .await;
    let put = async |path: &str, body: Value| server.done("PUT", &format!("/v1/tenants/shop/{path}"), body).await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    put("secrets/key", json!({ "value": "a long secret of ours" })).await;
    let url = "postgres://db.example.com/d";
    put("connections/lake", json!({ "driver": "postgres", "url": url })).await;
    put(
        "triggers/nightly",
        json!({ "when": "on_demand", "actions": [{ "job": "copy" }] }),
    )
    .await;
    let workflow = json!({ "name": "all", "nodes": { "a": { "job": "copy" } } });
    put("workflows/all", workflow).await;
    let target = json!({ "destination": { "type": "email", "to": ["a@example.org"] } });
    put("targets/mail", target).await;
    let uploaded = server
        .upload("shop", "clean", &server.token, component("flights"))
        .await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    let run = server.run("shop", "copy").await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let properties = json!({ "properties": { "colour": "blue" } });
    let workflow_run = server
        .done("POST", "/v1/tenants/shop/workflows/all/runs", properties)
        .await;
    let workflow_run = workflow_run["run"]["id"].as_str().expect("an id").to_owned();
    let token = json!({ "name": "more", "scopes": ["read"] });
    let token = server.done("POST", "/v1/tenants/shop/tokens", token).await;
    let token = token["token"]["id"].as_str().expect("an id").to_owned();
    [
        ("job", "copy".to_owned()),
        ("run", run),
        ("workflow_run", workflow_run),
        ("property", "colour".to_owned()),
        ("secret", "key".to_owned()),
        ("connection", "lake".to_owned()),
        ("trigger", "nightly".to_owned()),
        ("workflow", "all".to_owned()),
        ("target", "mail".to_owned()),
        ("plugin", "clean".to_owned()),
        ("alias", "stable".to_owned()),
        ("source", "orders".to_owned()),
        ("token", token),
    ]
    .into()
}

/// All that tells an answer from another one, with the tenant's name made one for all.
fn told(answer: &Answer, tenant: &str) -> (u16, String, Option<String>) {
    let etag = answer.headers.get("etag").map(|etag| format!("{etag:?}"));
    (answer.status.as_u16(), answer.text.replace(tenant, "TENANT"), etag)
}

#[tokio::test(flavor = "multi_thread")]
async fn they_cannot_tell_what_there_is() {
    let server = Running::start().await;
    let things = furnished(&server).await;
    server.tenant("bank", json!({}), "id\n1\n").await;
    let (bank, shop) = (server.admin_of("bank").await, server.admin_of("shop").await);
    let operations = Operation::all(&tenon_server::openapi());
    assert!(operations.len() >= 96, "{} operations", operations.len());
    let mut seen = 0;
    for operation in operations
        .iter()
        .filter(|operation| operation.is_of_tenant() && !operation.is_open)
    {
        for body in [operation.body(), Value::Null] {
            let what = format!("{} {} {body}", operation.method, operation.path);
            let there = operation
                .ask(&server, &operation.among("shop", &things), &bank, &body)
                .await;
            let no_thing = operation.ask(&server, &operation.at("shop", &[]), &bank, &body).await;
            let no_tenant = operation
                .ask(&server, &operation.among("none", &things), &bank, &body)
                .await;
            let there = told(&there, "shop");
            // What is sent can be wrong in itself; where nothing or something right is sent, nothing is there.
            let is_right = ["GET", "DELETE"].contains(&operation.method.as_str())
                || body.as_object().is_some_and(|body| !body.is_empty());
            assert!(
                there.0 == 404 || (!is_right && matches!(there.0, 400 | 422)),
                "{what}: {there:?}"
            );
            assert_eq!(there, told(&no_thing, "shop"), "{what}");
            assert_eq!(there, told(&no_tenant, "none"), "{what}");
            for (_, name) in &things {
                assert!(!there.1.contains(name.as_str()), "{what}: {there:?}");
            }
        }
        seen += 1;
    }
    // Those of the server are the operator's, or show a tenant itself.
    for operation in operations.iter().filter(|operation| !operation.is_of_tenant()) {
        let path = operation.at("none", &[]);
        let answer = operation.ask(&server, &path, &bank, &operation.body()).await;
        let what = format!("{} {}: {}", operation.method, operation.path, answer.text);
        assert!(
            answer.status.is_success() || matches!(answer.status.as_u16(), 400 | 403 | 422),
            "{what}"
        );
        assert!(!answer.text.contains("shop") && !answer.text.contains("copy"), "{what}");
        seen += 1;
    }
    let open = operations
        .iter()
        .filter(|operation| operation.is_open && operation.is_of_tenant());
    assert_eq!(seen + open.count(), operations.len());
    println!("{seen} operations, each asked for what is there, what is not, and a tenant that is not");

    // Nothing has been changed by it, and the tenant's own token sees all of it.
    all_is_there(&server, &operations, &things, &shop).await;
    server.stop().await;
}

/// The tenant's own token sees each of its things.
async fn all_is_there(server: &Running, operations: &[Operation], things: &[(&'static str, String)], shop: &str) {
    for (place, name) in things {
        for operation in operations.iter().filter(|operation| operation.shows(place)) {
            let path = operation.among("shop", things);
            let answer = operation.ask(server, &path, shop, &Value::Null).await;
            assert_eq!(answer.status, 200, "{place} {name}: {}", answer.text);
        }
    }
}

/// Names and ids of another tenant's things, where one's own would be: they are as good as any that nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_is_not_there_among_ones_own_things() {
    let server = Running::start().await;
    let things = furnished(&server).await;
    server.tenant("bank", json!({}), "id\n1\n").await;
    let (bank, shop) = (server.admin_of("bank").await, server.admin_of("shop").await);
    let operations = Operation::all(&tenon_server::openapi());
    // Ids first, which may have a short name in them.
    let mut names: Vec<&str> = things.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let told = |answer: &Answer| {
        let text = answer.text.clone();
        let text = names.iter().fold(text, |text, name| text.replace(*name, "nothing"));
        (answer.status.as_u16(), text)
    };
    let mut seen = 0;
    // What is put would be there from then on, as one's own.
    let is_asked = |operation: &&Operation| {
        let names_a_thing = operation.path.matches('{').count() > 1;
        operation.is_of_tenant() && names_a_thing && operation.method != "PUT" && operation.id != "upload_plugin"
    };
    for operation in operations
        .iter()
        .filter(is_asked)
        .filter(|operation| !operation.is_open)
    {
        let body = operation.body();
        let path = operation.among("bank", &things);
        let there = operation.ask(&server, &path, &bank, &body).await;
        let nothing = operation.ask(&server, &operation.at("bank", &[]), &bank, &body).await;
        assert_eq!(told(&there), told(&nothing), "{} {path}", operation.method);
        let has_id = ["{run}", "{token}"].iter().any(|id| operation.path.contains(id));
        assert!(
            !has_id || there.status.is_client_error(),
            "{} {path}: {}",
            operation.method,
            there.text
        );
        seen += 1;
    }
    assert!(seen >= 50, "{seen} operations name a thing");
    println!("{seen} operations, each asked for what is another tenant's and for what is nobody's");
    all_is_there(&server, &operations, &things, &shop).await;
    server.stop().await;
}

/// Where a body names a thing, another tenant's is one that is not there.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_cannot_name_what_others_have() {
    let server = Running::start().await;
    let things = furnished(&server).await;
    server
        .tenant("bank", json!({ "hosts": ["db.example.com"] }), "id\n1\n")
        .await;
    let bank = server.admin_of("bank").await;
    let run = &things[1].1;
    let with = |name: &str, other: &str| {
        [
            (
                "PUT",
                "triggers/t",
                json!({ "when": "on_demand", "actions": [{ "job": name }] }),
            ),
            (
                "PUT",
                "triggers/t",
                json!({ "when": { "event": { "source": { "job": { "job": name } } } }, "actions": [{ "job": "x" }] }),
            ),
            (
                "PUT",
                "triggers/t",
                json!({ "when": { "event": { "source": { "webhook": { "secret": other } } } }, "actions": [{ "job": "x" }] }),
            ),
            (
                "PUT",
                "workflows/w",
                json!({ "name": "w", "nodes": { "a": { "job": name } } }),
            ),
            (
                "PUT",
                "connections/c",
                json!({ "driver": "postgres", "url": format!("postgres://me:${{secret:{other}}}@db.example.com/d") }),
            ),
        ]
    };
    for (there, not) in with("copy", "key").into_iter().zip(with("nono", "non")) {
        let path = format!("/v1/tenants/bank/{}", there.1);
        let found = server.ask(there.0, &path, &bank, &there.2).await;
        let missing = server.ask(not.0, &path, &bank, &not.2).await;
        let found = (found.status, found.text.replace("copy", "N").replace("key", "S"));
        let missing = (missing.status, missing.text.replace("nono", "N").replace("non", "S"));
        if found.0.is_success() {
            assert_eq!(found.0, missing.0, "{path}");
        } else {
            assert_eq!(found, missing, "{path}");
        }
    }
    // Filters find nothing of others.
    for query in [
        "runs?job=copy",
        "runs?workflow_run=all",
        &format!("events?subject={run}"),
    ] {
        let listed = server
            .ask("GET", &format!("/v1/tenants/bank/{query}"), &bank, &Value::Null)
            .await;
        assert!(!listed.text.contains(run.as_str()), "{query}: {}", listed.text);
    }
    server.stop().await;
}
