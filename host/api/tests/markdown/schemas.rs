//! What is sent and answered, as tables.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value};

const PREFIX: &str = "#/components/schemas/";

/// All schemas of a document.
pub struct Schemas<'d> {
    all: &'d Map<String, Value>,
    /// Those that are part of what is sent: there it matters what is required.
    sent: BTreeSet<String>,
}

impl<'d> Schemas<'d> {
    pub fn of(document: &'d Value) -> Self {
        let all = document["components"]["schemas"].as_object().expect("schemas");
        let mut schemas = Self {
            all,
            sent: BTreeSet::new(),
        };
        for item in document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, item)| item)
        {
            for operation in item.as_object().into_iter().flatten().map(|(_, operation)| operation) {
                schemas.sends(&operation["requestBody"]);
            }
        }
        schemas
    }

    fn sends(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.sends(item)),
            Value::Object(fields) => {
                let name = fields.get("$ref").and_then(name_in);
                if let Some(name) = name.filter(|name| self.sent.insert((*name).to_owned())) {
                    let all = self.all;
                    self.sends(&all[name]);
                }
                fields.values().for_each(|field| self.sends(field));
            }
            _ => {}
        }
    }

    /// A section for each, in the order of their names.
    pub fn described(&self) -> String {
        let mut names: Vec<&String> = self.all.keys().filter(|name| !name.starts_with("Page_")).collect();
        names.sort();
        let mut text = String::new();
        for name in names {
            let schema = &self.all[name];
            let _ = writeln!(text, "### {name}\n");
            let description = sentence(&schema["description"]);
            if !description.is_empty() {
                let _ = writeln!(text, "{description}\n");
            }
            body(&mut text, schema, self.sent.contains(name));
        }
        text
    }
}

fn body(text: &mut String, schema: &Value, is_sent: bool) {
    if let Some(variants) = schema["oneOf"].as_array() {
        text.push_str("| one of | |\n|---|---|\n");
        for variant in variants {
            let _ = writeln!(
                text,
                "| {} | {} |",
                shape(variant),
                escaped(&sentence(&variant["description"]))
            );
        }
        text.push('\n');
    } else if let Some(parts) = schema["allOf"].as_array() {
        for part in parts {
            if part.get("$ref").is_some() {
                let _ = writeln!(text, "All of {}, and:\n", kind(part));
            } else {
                fields(text, part, is_sent);
            }
        }
    } else if schema["properties"].is_object() {
        fields(text, schema, is_sent);
    } else {
        let (kind, what) = cell(schema, &Value::Null);
        let _ = writeln!(text, "{}\n", format!("It is {kind}. {what}").trim_end());
    }
}

fn fields(text: &mut String, schema: &Value, is_sent: bool) {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    text.push_str("| field | type | |\n|---|---|---|\n");
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let (mut kind, what) = cell(field, said(field));
        if is_sent && required.contains(&name.as_str()) {
            kind.push_str(", required");
        }
        let _ = writeln!(text, "| `{name}` | {kind} | {what} |");
    }
    text.push('\n');
}

/// What is said about something, also where that may be null.
fn said(schema: &Value) -> &Value {
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let mut descriptions = std::iter::once(schema)
        .chain(variants)
        .map(|schema| &schema["description"]);
    descriptions
        .find(|description| description.is_string())
        .unwrap_or(&Value::Null)
}

/// How a variant is written.
fn shape(variant: &Value) -> String {
    if let Some(parts) = variant["allOf"].as_array() {
        let described = parts.iter().map(|part| match part.get("$ref") {
            Some(_) => kind(part),
            None => shape(part),
        });
        return described.collect::<Vec<_>>().join(" with ");
    }
    let fields = variant["properties"].as_object();
    let Some(fields) = fields else {
        return kind(variant);
    };
    let fields = fields.iter().map(|(name, field)| format!("`{name}`: {}", kind(field)));
    fields.collect::<Vec<_>>().join(", ")
}

/// The type of something and what it is, for a table.
pub fn cell(schema: &Value, description: &Value) -> (String, String) {
    let mut what = vec![escaped(&sentence(description))];
    let told = what[0].to_lowercase();
    let bound = |name: &str| schema[name].as_number().map(ToString::to_string);
    // Unsigned integers have this bound by their type.
    let minimum = bound("minimum").filter(|least| least != "0");
    match (minimum, bound("maximum")) {
        (Some(least), Some(most)) if !told.contains(&most) => what.push(format!("From {least} to {most}.")),
        (None, Some(most)) if !told.contains(&most) => what.push(format!("At most {most}.")),
        _ => {}
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        what.push(format!("As `{}`.", escaped(pattern)));
    }
    if let Some(length) = bound("maxLength").filter(|length| !told.contains(length.as_str())) {
        what.push(format!("At most {length} characters."));
    }
    let default = &schema["default"];
    let is_plain = default.is_string() || default.is_number() || default == true;
    if is_plain && default != "" && !told.contains("default") {
        what.push(format!("Default `{}`.", default.to_string().trim_matches('"')));
    }
    what.retain(|part| !part.is_empty());
    (kind(schema), what.join(" "))
}

/// The type of something.
pub fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(name_in) {
        return match name.strip_prefix("Page_") {
            Some("String") => "a page of texts".to_owned(),
            Some(item) => format!("a page of [{item}](#{})", item.to_lowercase()),
            None => format!("[{name}](#{})", name.to_lowercase()),
        };
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(variants) = schema[several].as_array() {
            return variants.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values
            .iter()
            .map(|value| format!("`{}`", value.as_str().unwrap_or_default()));
        return values.collect::<Vec<_>>().join(", ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str).map(|kind| plain(kind, schema));
            kinds.collect::<Vec<_>>().join(" or ")
        }
        Value::String(kind) => plain(kind, schema),
        _ => "any JSON".to_owned(),
    }
}

fn plain(kind: &str, schema: &Value) -> String {
    match kind {
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" => "text".to_owned(),
        "array" => format!("list of {}", self::kind(&schema["items"])),
        "object" => match &schema["additionalProperties"] {
            Value::Object(values) if !values.is_empty() => {
                format!("object of {} by name", self::kind(&schema["additionalProperties"]))
            }
            _ => "object".to_owned(),
        },
        other => other.to_owned(),
    }
}

fn name_in(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix(PREFIX)
}

/// A text in one line.
pub fn sentence(text: &Value) -> String {
    let words = text.as_str().unwrap_or_default().split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
