//! What the derived document says otherwise than the server does, put right.

use serde_json::{Value, json};

/// Puts an operation right.
pub(crate) fn operation(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["in"] != "path" {
            may_be_left_out(parameter);
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        contents(body);
    }
    for response in operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        contents(response.1);
    }
}

/// Puts schemas right.
pub(crate) fn schemas(schemas: &mut Value) {
    let all: Vec<String> = schemas
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    for name in all {
        let Some(Value::Array(choices)) = schemas[&name].get_mut("oneOf") else {
            continue;
        };
        let closed: Vec<String> = choices.iter_mut().filter_map(tagged).collect();
        for name in closed {
            if let Some(schema) = schemas[&name].as_object_mut() {
                schema.remove("additionalProperties");
            }
        }
    }
}

/// Queries and headers may all be left out, and have no way to be null.
fn may_be_left_out(parameter: &mut Value) {
    parameter["required"] = json!(false);
    let schema = &mut parameter["schema"];
    let is_null = |kind: &Value| *kind == "null" || kind["type"] == "null";
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| !is_null(kind));
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("oneOf") {
        kinds.retain(|kind| !is_null(kind));
        if let [kind] = kinds.as_slice() {
            *schema = kind.clone();
        }
    }
}

fn contents(described: &mut Value) {
    let contents = described.get_mut("content").and_then(Value::as_object_mut);
    for (kind, content) in contents.into_iter().flatten() {
        match kind.as_str() {
            // Bytes are not described further.
            "application/wasm" => content["schema"] = json!({}),
            // One of the events that it is made of.
            "text/event-stream" => {
                content["schema"] = json!({
                    "type": "object",
                    "properties": {
                        "id": { "type": "string", "description": "What comes after it begins here, by `Last-Event-ID`." },
                        "event": { "type": "string", "description": "Of what kind it is." },
                        "data": { "type": "string", "description": "What it says, as JSON." },
                    },
                });
            }
            _ => {}
        }
    }
}

/// A choice that is told by its field `type`, which the schema that it is made of does not know: not this one, but both
/// together have no other fields. Answers with the name of that schema.
fn tagged(choice: &mut Value) -> Option<String> {
    let [of, tag] = choice.get("allOf")?.as_array()?.as_slice() else {
        return None;
    };
    tag["properties"].get("type")?;
    let name = of["$ref"].as_str()?.strip_prefix("#/components/schemas/")?.to_owned();
    choice["unevaluatedProperties"] = json!(false);
    Some(name)
}
