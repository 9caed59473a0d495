//! The API's document, as people read it.

mod schemas;

use std::fmt::Write;

use serde_json::Value;

use schemas::{Schemas, cell, sentence};

/// Sorts of things, as the document tags them, and as they are headed.
const TAGS: [(&str, &str); 16] = [
    ("tenants", "Tenants"),
    ("tokens", "Tokens"),
    ("jobs", "Jobs"),
    ("runs", "Runs"),
    ("bookmarks", "Bookmarks and state"),
    ("triggers", "Triggers"),
    ("workflows", "Workflows"),
    ("workflow runs", "Runs of workflows"),
    ("plugins", "Plugins"),
    ("connections", "Connections"),
    ("secrets", "Secrets"),
    ("events", "Events"),
    ("targets", "Targets"),
    ("usage", "Usage and prices"),
    ("audit", "Audit log"),
    ("server", "The server"),
];
const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// All operations: method, path, description.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    all.sort_by_key(|(method, path, _)| {
        (
            path.clone(),
            METHODS.iter().position(|known| known.eq_ignore_ascii_case(method)),
        )
    });
    all
}

/// The scope that an operation needs, if it needs one.
pub fn scope(operation: &Value) -> Option<String> {
    operation["security"][0]["token"][0].as_str().map(str::to_owned)
}

/// Operations by what they are about, and what is sent and answered.
pub fn reference(document: &Value) -> String {
    let schemas = Schemas::of(document);
    let operations = operations(document);
    let mut text = String::new();
    for (_, _, operation) in &operations {
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        assert!(
            TAGS.iter().any(|(known, _)| *known == tag),
            "the tag `{tag}` has no heading"
        );
    }
    for (tag, heading) in TAGS {
        let _ = writeln!(text, "## {heading}\n");
        for (method, path, operation) in operations
            .iter()
            .filter(|(_, _, operation)| operation["tags"][0] == tag)
        {
            describe(&mut text, method, path, operation);
        }
    }
    text.push_str("## What is sent and answered\n\n");
    text.push_str(&schemas.described());
    text
}

fn describe(text: &mut String, method: &str, path: &str, operation: &Value) {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let _ = writeln!(text, "### {id}\n\n    {method} {path}\n");
    let mut summary = sentence(&operation["summary"]);
    let more = sentence(&operation["description"]);
    if !more.is_empty() {
        summary = format!("{summary} {more}");
    }
    let needs = match scope(operation) {
        Some(scope) => format!("Scope `{scope}`."),
        None if operation["security"].is_array() => "No token.".to_owned(),
        None => "Any token.".to_owned(),
    };
    let _ = writeln!(text, "{summary} {needs}\n");
    parameters(text, operation);
    let mut sent_and_answered = Vec::new();
    sent_and_answered.extend(body(operation));
    sent_and_answered.push(format!("Answers {}.", answers(operation)));
    let _ = writeln!(text, "{}\n", sent_and_answered.join(" "));
}

fn parameters(text: &mut String, operation: &Value) {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let shown: Vec<&Value> = all.filter(|parameter| parameter["in"] != "path").collect();
    if shown.is_empty() {
        return;
    }
    text.push_str("| in | name | type | |\n|---|---|---|---|\n");
    for parameter in shown {
        let (place, name) = (&parameter["in"], &parameter["name"]);
        let (place, name) = (place.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
        let (kind, what) = cell(&parameter["schema"], &parameter["description"]);
        let _ = writeln!(text, "| {place} | `{name}` | {kind} | {what} |");
    }
    text.push('\n');
}

fn body(operation: &Value) -> Option<String> {
    let body = operation.get("requestBody")?;
    let (media, content) = body["content"].as_object()?.iter().next()?;
    if media == "application/json" {
        let kind = schemas::kind(&content["schema"]);
        let kind = kind.trim_end_matches(" or null").trim_start_matches("null or ");
        let optional = if body["required"] == true {
            ""
        } else {
            ", which may be left out"
        };
        return Some(format!("Body: {kind}{optional}."));
    }
    Some("Body: bytes.".to_owned())
}

fn answers(operation: &Value) -> String {
    let mut answers = Vec::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if status == "default" {
            continue;
        }
        let mut answer = status.clone();
        let contents: Vec<_> = response["content"].as_object().into_iter().flatten().collect();
        match contents[..] {
            [] => {}
            [(media, content)] if media == "application/json" => {
                let _ = write!(answer, " with {}", schemas::kind(&content["schema"]));
            }
            _ => {
                let media: Vec<String> = contents.iter().map(|(media, _)| format!("`{media}`")).collect();
                let _ = write!(answer, " with {}", media.join(" or "));
            }
        }
        if response["headers"]["ETag"].is_object() {
            answer.push_str(", and its `ETag`");
        }
        answers.push(answer);
    }
    answers.join("; or ")
}
