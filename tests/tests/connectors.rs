//! The tables of options in docs/connectors/, which are made of the configurations' own types and comments, without the
//! options that a connector refuses.
//!
//! With `TENON_WRITE_DOCS` set, the tables are written instead of compared.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use schemars::schema_for;
use serde_json::{Map, Value};
use tenon_connect::file;
use tenon_database::Driver;

#[test]
fn every_option_of_every_connector_is_documented() {
    let mut stale = Vec::new();
    for (name, source, sink) in connectors() {
        let page = page(&name);
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let text = text.replace("\r\n", "\n");
        let made = filled(&filled(&text, "source", &source, &page), "sink", &sink, &page);
        if made == text {
            continue;
        }
        if std::env::var_os("TENON_WRITE_DOCS").is_some() {
            std::fs::write(&page, made).expect("written");
        } else {
            stale.push(page.display().to_string());
        }
    }
    assert!(
        stale.is_empty(),
        "{} are out of date; run this test with TENON_WRITE_DOCS=1",
        stale.join(", ")
    );
}

/// Each connector's name, and the tables of its options as a source and as a sink.
fn connectors() -> Vec<(String, String, String)> {
    let table = |schema: schemars::Schema, takes: &dyn Fn(&str) -> bool| Options::of(schema.to_value()).table(takes);
    let mut all = vec![(
        "file".to_owned(),
        table(schema_for!(file::ReadConfig), &|_| true),
        table(schema_for!(file::WriteConfig), &|_| true),
    )];
    all.extend(Driver::ALL.map(|driver| {
        let takes = |key: &str| driver.takes(key);
        (
            driver.name().to_owned(),
            table(schema_for!(tenon_database::ReadConfig), &takes),
            table(schema_for!(tenon_database::WriteConfig), &takes),
        )
    }));
    all
}

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/connectors")
        .join(format!("{name}.md"))
}

/// The text with a table between the marks for it.
fn filled(text: &str, mark: &str, table: &str, page: &Path) -> String {
    let (begin, end) = (
        format!("<!-- {mark} options -->\n"),
        format!("<!-- end of {mark} options -->"),
    );
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let Some((before, after)) = parts else {
        panic!("{} has no marks `{}` and `{end}`", page.display(), begin.trim());
    };
    format!("{before}{begin}\n{table}\n{end}{after}")
}

/// The options of a configuration, from its JSON Schema.
struct Options {
    root: Value,
}

impl Options {
    fn of(root: Value) -> Self {
        Self { root }
    }

    /// A line for each key that the connector takes.
    fn table(&self, takes: &dyn Fn(&str) -> bool) -> String {
        let mut table = "| key | type | default | what it says |\n|---|---|---|---|\n".to_owned();
        let properties = self.root["properties"].as_object().expect("an object");
        let required = self.root["required"].as_array().cloned().unwrap_or_default();
        self.rows(properties, &required, "", takes, &mut table);
        table
    }

    fn rows(
        &self,
        properties: &Map<String, Value>,
        required: &[Value],
        prefix: &str,
        takes: &dyn Fn(&str) -> bool,
        table: &mut String,
    ) {
        for (key, schema) in properties {
            let resolved = self.resolved(schema);
            if let Some(inner) = resolved["properties"].as_object() {
                let required = resolved["required"].as_array().cloned().unwrap_or_default();
                self.rows(inner, &required, &format!("{prefix}{key}."), takes, table);
                continue;
            }
            if !takes(&format!("{prefix}{key}")) {
                continue;
            }
            let default = match &schema["default"] {
                _ if required.iter().any(|name| name == key) => "required".to_owned(),
                Value::Null | Value::Object(_) => String::new(),
                Value::Array(items) if items.is_empty() => String::new(),
                Value::String(text) if text.is_empty() => String::new(),
                other => format!("`{other}`"),
            };
            let text = schema["description"].as_str().unwrap_or_default();
            let text = text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .replace('|', "\\|");
            let _ = writeln!(
                table,
                "| `{prefix}{key}` | {} | {default} | {text} |",
                self.kind(schema)
            );
        }
    }

    /// What a reference leads to, without the null that an option may be.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.resolved(&self.root["$defs"][name]);
        }
        let options = schema["anyOf"].as_array().into_iter().flatten();
        let mut others = options.filter(|option| option["type"] != "null");
        match (others.next(), others.next()) {
            (Some(only), None) => self.resolved(only),
            _ => schema,
        }
    }

    fn kind(&self, schema: &Value) -> String {
        let schema = self.resolved(schema);
        if let Some(variants) = schema["oneOf"].as_array() {
            let names = variants.iter().flat_map(|variant| {
                let listed = variant["enum"].as_array().into_iter().flatten();
                variant["const"]
                    .as_str()
                    .into_iter()
                    .chain(listed.filter_map(Value::as_str))
            });
            return names.map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(variants) = schema["anyOf"].as_array() {
            let kinds: Vec<String> = variants.iter().map(|variant| self.kind(variant)).collect();
            return kinds.join(" or ");
        }
        let names = match &schema["type"] {
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            one => one.as_str(),
        };
        match names {
            Some("string") => "text".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some("number") => "number".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            Some("array") => format!("list of {}s", self.kind(&schema["items"])),
            Some("object") => format!("table: {} by name", self.kind(&schema["additionalProperties"])),
            _ => "see there".to_owned(),
        }
    }
}
