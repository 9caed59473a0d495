//! The reference in docs/api.md, which is made of the API's document; and that the document says the truth of scopes and
//! ETags.
//!
//! With `TENON_WRITE_DOCS` set, the reference is written instead of compared.

mod markdown;
mod support;

use std::path::Path;

use axum::body::Body;
use serde_json::{Value, json};
use support::{World, name, request};
use tenon_tenants::tokens::{self, TokenInput};
use tenon_tenants::{Principal, Scope};

const BEGIN: &str = "<!-- made of the API's document -->\n";
const END: &str = "<!-- end of what is made -->";

#[test]
fn the_reference_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(&page).expect("docs/api.md");
    let text = text.replace("\r\n", "\n");
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.unwrap_or_else(|| panic!("docs/api.md has no marks `{}` and `{END}`", BEGIN.trim()));
    let made = format!(
        "{before}{BEGIN}\n{}\n{END}{after}",
        markdown::reference(&tenon_api::openapi()).trim_end()
    );
    if made == text {
        return;
    }
    if std::env::var_os("TENON_WRITE_DOCS").is_some() {
        std::fs::write(&page, made).expect("written");
        return;
    }
    panic!("docs/api.md is out of date; run this test with TENON_WRITE_DOCS=1");
}

#[test]
fn links_lead_somewhere_and_headings_are_told_apart() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(&page).expect("docs/api.md");
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut anchors: Vec<String> = headings.map(anchor).collect();
    anchors.sort();
    let all = anchors.len();
    anchors.dedup();
    assert_eq!(anchors.len(), all, "two headings are the same");
    for link in text
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
    {
        assert!(anchors.iter().any(|anchor| anchor == link), "#{link} leads nowhere");
    }
}

/// What a heading is linked by.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A token of `shop` with one scope.
async fn token(world: &World, scope: Scope) -> String {
    let issued = world.metadata.write(move |tx| {
        let input = TokenInput {
            name: name(&format!("only-{scope}")),
            scopes: vec![scope],
            expires: None,
        };
        tokens::create(tx, Some(&name("shop")), &input, &Principal::server())
    });
    issued.await.expect("a token").text.reveal().to_owned()
}

#[tokio::test]
async fn every_operation_needs_the_scope_that_the_document_says() {
    let world = World::new().await;
    let scopes = [Scope::Read, Scope::Run, Scope::Write, Scope::Admin];
    let mut tokens = Vec::new();
    for scope in scopes {
        tokens.push((scope, token(&world, scope).await));
    }
    for (method, path, operation) in markdown::operations(&tenon_api::openapi()) {
        let Some(needed) = markdown::scope(&operation) else {
            continue;
        };
        let path = there(&path);
        for (scope, token) in &tokens {
            // Its body is not waited for: of a stream, it has no end.
            let answer = world.send(request(&method, &path, token, &[], Body::from("{}"))).await;
            let is_allowed = scopes
                .iter()
                .find(|known| known.as_str() == needed)
                .is_some_and(|needed| scope.allows(*needed));
            let is_refused = answer.status() == 403;
            // What cannot be read is refused before it is asked who may.
            let is_unread = matches!(answer.status().as_u16(), 400 | 422);
            assert!(
                is_refused != is_allowed || is_unread,
                "{method} {path} with `{scope}`, where `{needed}` is needed: {}",
                answer.status()
            );
        }
    }
}

/// A path with `shop` and things that are not there.
fn there(path: &str) -> String {
    let mut path = path.replace("{tenant}", "shop");
    for number in ["{number}", "{version}"] {
        path = path.replace(number, "1");
    }
    while let Some((before, rest)) = path.split_once('{') {
        let (_, after) = rest.split_once('}').expect("it closes");
        path = format!("{before}nothing{after}");
    }
    path
}

#[tokio::test]
async fn what_can_be_changed_under_a_condition_has_an_etag() {
    let world = World::new().await;
    world.job("copy").await;
    let trigger = json!({ "when": "on_demand", "actions": [{ "job": "copy" }] });
    let workflow = json!({ "name": "all", "nodes": { "a": { "job": "copy" } } });
    let target = json!({ "destination": { "type": "email", "to": ["a@example.org"] } });
    let things = [
        ("jobs/copy", json!({ "definition": support::JOB })),
        ("triggers/nightly", trigger),
        ("workflows/all", workflow),
        ("secrets/key", json!({ "value": "a long secret of ours" })),
        ("targets/mail", target),
    ];
    let document = tenon_api::openapi();
    for (thing, body) in things {
        let put = world.put(thing, body.clone()).await;
        let read = world.get(thing).await;
        assert_eq!(put.etag(), read.etag(), "{thing}");
        let path = format!("/v1/tenants/shop/{thing}");
        let stale = [("if-match", "\"977\"")];
        let refused = world.call_with("PUT", &path, &world.shop, &stale, body.clone()).await;
        refused.refused(409);
        let there = [("if-none-match", "*")];
        let refused = world.call_with("PUT", &path, &world.shop, &there, body).await;
        refused.refused(409);
        let sort = thing.split('/').next().expect("a sort");
        let described = document["paths"].as_object().expect("paths");
        let (_, item) = described
            .iter()
            .find(|(path, item)| {
                path.starts_with(&format!("/v1/tenants/{{tenant}}/{sort}/{{")) && item["put"].is_object()
            })
            .expect("it is described");
        assert!(is_versioned(&item["get"]) && is_versioned(&item["put"]), "{sort}");
        assert!(item["get"]["responses"]["304"].is_object(), "{sort}");
    }
}

fn is_versioned(operation: &Value) -> bool {
    operation["responses"]["200"]["headers"]["ETag"].is_object()
}
