//! What holds for every operation of the document, generated from it.

mod operations;
mod support;

use axum::body::Body;
use operations::Operation;
use serde_json::{Value, json};
use support::{Answer, World, request};

fn operations() -> Vec<Operation> {
    Operation::all(&tenon_api::openapi())
}

impl Operation {
    async fn call(&self, world: &World, path: &str, token: &str) -> Answer {
        world
            .answer(request(&self.method, path, token, &[], Body::empty()))
            .await
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let world = World::new().await;
    world.job("copy").await;
    for operation in operations() {
        for (token, tenant) in [
            ("", "shop"),
            ("", "none"),
            ("tnn_wrong", "shop"),
            (&world.shop[..20], "none"),
        ] {
            let answer = operation
                .call(&world, &operation.at(tenant, &[("job", "copy".to_owned())]), token)
                .await;
            assert_eq!(answer.status, 401, "{} {}", operation.method, operation.path);
            answer.is_problem();
        }
    }
}

/// Things of `shop`, of each sort.
async fn furnished(world: &World) -> Vec<(&'static str, String)> {
    world.job("copy").await;
    let run = world.post("jobs/copy/runs", Value::Null).await.done(201)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    world
        .put("secrets/key", json!({ "value": "a long secret of ours" }))
        .await
        .done(200);
    world
        .put(
            "connections/lake",
            json!({ "driver": "postgres", "url": "postgres://h/d" }),
        )
        .await
        .done(200);
    world
        .put(
            "triggers/nightly",
            json!({ "when": "on_demand", "actions": [{ "job": "copy" }] }),
        )
        .await
        .done(200);
    world
        .put(
            "workflows/all",
            json!({ "name": "all", "nodes": { "a": { "job": "copy" } } }),
        )
        .await
        .done(200);
    let target = json!({ "destination": { "type": "email", "to": ["a@example.org"] } });
    world.put("targets/mail", target).await.done(200);
    let upload = request(
        "POST",
        "/v1/tenants/shop/plugins/clean/versions?alias=stable",
        &world.shop,
        &[],
        Body::from("\0asm 1"),
    );
    world.answer(upload).await.done(201);
    [
        ("job", "copy".to_owned()),
        ("run", run),
        ("secret", "key".to_owned()),
        ("connection", "lake".to_owned()),
        ("trigger", "nightly".to_owned()),
        ("workflow", "all".to_owned()),
        ("target", "mail".to_owned()),
        ("plugin", "clean".to_owned()),
        ("alias", "stable".to_owned()),
    ]
    .into()
}

#[tokio::test]
async fn a_token_of_another_tenant_cannot_tell_what_there_is() {
    let world = World::new().await;
    let things = furnished(&world).await;
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.is_of_tenant() && !operation.is_open)
    {
        let told = |answer: &Answer, tenant: &str| {
            assert!(
                matches!(answer.status.as_u16(), 400 | 404),
                "{} {}: {}",
                operation.method,
                operation.path,
                answer.text
            );
            answer.is_problem();
            answer.text.replace(tenant, "TENANT")
        };
        let there = operation
            .call(&world, &operation.at("shop", &things), &world.bank)
            .await;
        let no_thing = operation.call(&world, &operation.at("shop", &[]), &world.bank).await;
        let no_tenant = operation.call(&world, &operation.at("none", &[]), &world.bank).await;
        let there = told(&there, "shop");
        assert_eq!(
            there,
            told(&no_thing, "shop"),
            "{} {}",
            operation.method,
            operation.path
        );
        assert_eq!(
            there,
            told(&no_tenant, "none"),
            "{} {}",
            operation.method,
            operation.path
        );
        assert!(!there.contains("copy"), "{there}");
    }
}

#[tokio::test]
async fn a_token_for_looking_changes_nothing_and_tells_nothing_of_what_there_is() {
    let world = World::new().await;
    let things = furnished(&world).await;
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.method != "GET" && !operation.is_open)
    {
        let there = operation
            .call(&world, &operation.at("shop", &things), &world.reader)
            .await;
        let nothing = operation.call(&world, &operation.at("shop", &[]), &world.reader).await;
        let what = format!("{} {}: {}", operation.method, operation.path, there.text);
        assert!(matches!(there.status.as_u16(), 400 | 403), "{what}");
        assert_eq!((there.status, &there.text), (nothing.status, &nothing.text), "{what}");
        there.is_problem();
    }
}

#[tokio::test]
async fn an_unsigned_call_of_a_webhook_tells_nothing() {
    let world = World::new().await;
    let _ = furnished(&world).await;
    let mut told = Vec::new();
    for path in [
        "shop/triggers/nightly",
        "shop/triggers/nothing",
        "none/triggers/nothing",
    ] {
        let path = format!("/v1/tenants/{path}/webhook");
        let answer = world.call("POST", &path, "", json!({})).await;
        assert_eq!(answer.status, 401);
        told.push(answer.text);
    }
    assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
}

/// A small generator, so that what fails once fails always.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn garbage(&mut self) -> Vec<u8> {
        match self.roll(6) {
            0 => b"{".to_vec(),
            1 => (0..self.roll(200)).map(|_| self.roll(256) as u8).collect(),
            2 => "[".repeat(10_000).into_bytes(),
            3 => self.json(0).to_string().into_bytes(),
            4 => json!({ "no_such_field": self.json(2) }).to_string().into_bytes(),
            _ => b"{\"definition\": \"\xff\"}".to_vec(),
        }
    }

    fn json(&mut self, depth: u32) -> Value {
        match self.roll(if depth > 3 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(-(self.roll(1 << 40) as i64)),
            3 => json!(1e300),
            4 => json!("\0'\"; drop table jobs; --\u{202e}"),
            5 => (0..self.roll(4)).map(|_| self.json(depth + 1)).collect(),
            _ => {
                let names = ["name", "definition", "value", "when", "nodes", "scopes", "filter", "x"];
                let fields = (0..self.roll(5)).map(|_| (names[self.roll(8) as usize].to_owned(), self.json(depth + 1)));
                Value::Object(fields.collect())
            }
        }
    }
}

#[tokio::test]
async fn garbage_is_refused_and_never_breaks_anything() {
    let world = World::new().await;
    let things = furnished(&world).await;
    let mut dice = Dice(7);
    for operation in operations().into_iter().filter(|operation| operation.method != "GET") {
        for _ in 0..12 {
            let body = dice.garbage();
            let path = operation.at("shop", &things);
            let path = path.replace("/plugins/clean/versions", "/plugins/other/versions");
            let token = if operation.is_of_tenant() {
                &world.shop
            } else {
                &world.operator
            };
            let answer = world
                .answer(request(&operation.method, &path, token, &[], Body::from(body.clone())))
                .await;
            let body = String::from_utf8_lossy(&body);
            assert!(
                answer.status.as_u16() < 500,
                "{} {path} {body:.200}: {}",
                operation.method,
                answer.text
            );
            if answer.status.as_u16() >= 400 {
                answer.is_problem();
            }
        }
    }
    world.get("jobs").await.done(200);
}

#[tokio::test]
async fn what_is_wrong_in_a_path_or_query_is_a_problem() {
    let world = World::new().await;
    for operation in operations().into_iter().filter(Operation::is_of_tenant) {
        let path = operation.at("shop", &[]);
        for path in [
            format!("{path}?no_such_thing=1"),
            path.replace("shop", "%ff"),
            path.replace("shop", "..%2f.."),
        ] {
            let answer = operation.call(&world, &path, &world.shop).await;
            assert!(
                answer.status.is_client_error(),
                "{} {path}: {}",
                operation.method,
                answer.text
            );
            answer.is_problem();
        }
    }
}

#[test]
fn the_document_is_whole() {
    let document = tenon_api::openapi();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").expect("of a schema");
        assert!(schemas.contains_key(name), "{name} is missing");
    }
    let operations = operations();
    assert!(operations.len() > 90, "{}", operations.len());
    let mut ids: Vec<&str> = Vec::new();
    for operation in &operations {
        let described = &document["paths"][&operation.path][operation.method.to_lowercase()];
        assert!(
            described["summary"].is_string() || described["description"].is_string(),
            "{}",
            operation.path
        );
        ids.push(&operation.id);
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            let is_in_path = operation
                .path
                .contains(&format!("{{{}}}", parameter["name"].as_str().expect("a name")));
            assert_eq!(is_in_path, parameter["in"] == "path", "{} {parameter}", operation.path);
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids are used once");
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.push(reference.clone());
            }
            fields.values().for_each(|field| collect(field, references));
        }
        _ => {}
    }
}
