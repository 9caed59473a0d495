//! The document that describes the API, made whole: what is so for all requests is said once, here.

use std::collections::{HashMap, HashSet};

use axum::http::Method;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::{Problem, corrections};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Requests about one sort of thing, with the crate's names of things made ones that no other crate has.
pub(crate) fn part(described: &OpenApi, tag: &str, names: &[(&str, &str)]) -> Value {
    let mut part = plain(described);
    let schemas = part["components"]["schemas"].take();
    let renamed = |name: &str| renamed(name, names);
    if let Value::Object(schemas) = schemas {
        let schemas: Map<String, Value> = schemas
            .into_iter()
            .map(|(name, schema)| (renamed(&name), schema))
            .collect();
        part["components"]["schemas"] = Value::Object(schemas);
    }
    each_object(&mut part, &mut |object| {
        if let Some(Value::String(reference)) = object.get_mut("$ref")
            && let Some(name) = reference.strip_prefix("#/components/schemas/")
        {
            *reference = format!("#/components/schemas/{}", renamed(name));
        }
        times(object);
    });
    each_operation(&mut part, &mut |_, path, operation| {
        operation["tags"] = json!([tag]);
        parameters(path, operation);
        corrections::operation(operation);
        operation["responses"]["default"] = json!({
            "description": "It was not done, and why.",
            "content": { Problem::CONTENT_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
    });
    etags(&mut part);
    corrections::schemas(&mut part["components"]["schemas"]);
    part
}

/// A document as JSON. It is kept so: utoipa cannot read all that it writes.
pub(crate) fn plain(document: &OpenApi) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

/// Adds the paths and schemas of a part.
pub(crate) fn add(document: &mut Value, mut part: Value) {
    append(&mut document["paths"], part["paths"].take());
    append(
        &mut document["components"]["schemas"],
        part["components"]["schemas"].take(),
    );
}

/// Names that the queries may have, by method and path.
pub(crate) fn queries(document: &Value) -> HashMap<(Method, String), HashSet<String>> {
    let mut document = document.clone();
    let mut queries = HashMap::new();
    each_operation(&mut document, &mut |method, path, operation| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let names = parameters.filter(|parameter| parameter["in"] == "query");
        let names = names
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect();
        if let Ok(method) = method.to_ascii_uppercase().parse() {
            queries.insert((method, path.to_owned()), names);
        }
    });
    queries
}

fn append(all: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(mut more)) = (all, more) {
        all.append(&mut more);
    }
}

/// `Page_Version` becomes `Page_PluginVersion` where `Version` becomes `PluginVersion`.
fn renamed(name: &str, names: &[(&str, &str)]) -> String {
    let part = |part: &str| {
        let found = names.iter().find(|(from, _)| *from == part);
        found.map_or_else(|| part.to_owned(), |(_, to)| (*to).to_owned())
    };
    name.split('_').map(part).collect::<Vec<_>>().join("_")
}

/// Times are texts in answers, see [`Timed`](crate::times::Timed).
fn times(object: &mut Map<String, Value>) {
    const UNIT: &str = ", in microseconds since 1970";
    let Some(Value::String(description)) = object.get_mut("description") else {
        return;
    };
    if !description.contains(UNIT) {
        return;
    }
    *description = description
        .replace(", in microseconds since 1970, UTC", "")
        .replace(UNIT, "");
    if let Some(kind) = object.get_mut("type") {
        *kind = if kind.is_array() {
            json!(["string", "null"])
        } else {
            json!("string")
        };
        object.insert("format".to_owned(), json!("date-time"));
        object.remove("minimum");
    }
}

/// What is changed under a condition tells its version, and so does what is read of it.
fn etags(part: &mut Value) {
    let is_conditional = |operation: &Value| {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["name"] == "If-Match")
    };
    let paths = part.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flatten().map(|(_, item)| item) {
        let is_versioned = item.get("put").is_some_and(is_conditional);
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            if !(is_conditional(operation) || (is_versioned && method == "get")) {
                continue;
            }
            if method == "get" {
                read_again(operation);
            }
            for status in ["200", "201"] {
                if let Some(response) = operation["responses"].get_mut(status) {
                    let description = "The version of what is answered, for `If-Match` and `If-None-Match`.";
                    response["headers"]["ETag"] = json!({ "description": description, "schema": { "type": "string" } });
                }
            }
        }
    }
}

/// What is read again need not be sent again.
fn read_again(operation: &mut Value) {
    operation["responses"]["304"] = json!({ "description": "It is what the ETag was of." });
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag` of an earlier answer: if it has not changed since, it is not sent again.",
        }));
    }
}

/// What is in the path is a parameter, and what is not is in the query.
fn parameters(path: &str, operation: &mut Value) {
    let mut parameters = match operation["parameters"].take() {
        Value::Array(parameters) => parameters,
        _ => Vec::new(),
    };
    for parameter in &mut parameters {
        if parameter["in"] == "path" {
            parameter["in"] = json!("query");
            if parameter["required"] == true && parameter["schema"].get("default").is_some() {
                parameter["required"] = json!(false);
            }
        }
        if parameter["name"] == "limit" {
            parameter["required"] = json!(false);
            parameter["schema"] = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 });
        }
    }
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    for (place, name) in names.enumerate() {
        let schema = match name {
            "number" | "version" => json!({ "type": "integer", "format": "int64" }),
            "run" | "token" | "source" => json!({ "type": "string" }),
            _ => json!({
                "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
            }),
        };
        parameters.insert(
            place,
            json!({ "name": name, "in": "path", "required": true, "description": meaning(name), "schema": schema }),
        );
    }
    operation["parameters"] = Value::Array(parameters);
}

/// What stands at a place of a path.
fn meaning(name: &str) -> String {
    match name {
        "run" | "token" => format!("The id of the {name}."),
        "number" => "The number of the delivery.".to_owned(),
        "version" => "The number of the version.".to_owned(),
        "source" => "The name of the job's source.".to_owned(),
        name => format!("The name of the {name}."),
    }
}

fn each_operation(document: &mut Value, see: &mut impl FnMut(&str, &str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                see(method, path, operation);
            }
        }
    }
}

fn each_object(value: &mut Value, see: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, see)),
        Value::Object(object) => {
            see(object);
            object.values_mut().for_each(|field| each_object(field, see));
        }
        _ => {}
    }
}
