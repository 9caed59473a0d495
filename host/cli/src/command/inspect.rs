use std::io::IsTerminal;

use anyhow::Context;
use serde_json::{Value, json};
use tenon_host::runtime::{Function, Interfaces, Plugin};

use crate::args::InspectArguments;
use crate::exit::Failure;
use crate::format::{bytes, count};
use crate::report::pairs;
use crate::{output, plugin};

/// `tenon inspect`
pub async fn inspect(arguments: InspectArguments, quiet: bool) -> Result<(), Failure> {
    // Only what was asked for goes to stdout, so building may say on stderr what it does.
    let component = plugin::component(&arguments.plugin, quiet).await?;
    let loaded = plugin::runtime(None)?.load(&component).await;
    let plugin = loaded
        .with_context(|| format!("the plugin {} cannot be used", arguments.plugin.display()))
        .map_err(Failure::refused)?;
    if arguments.json {
        output::print(&format!("{:#}", as_json(&plugin)))
    } else {
        output::print(&as_text(&plugin))
    }
}

fn as_json(plugin: &Plugin) -> Value {
    let functions: Vec<Value> = plugin
        .functions()
        .iter()
        .map(|function| {
            json!({
                "name": function.name,
                "doc": function.doc,
                "shape": function.shape,
                "stateless": function.stateless,
                "reads": function.reads,
                "config": schema(function),
            })
        })
        .collect();
    json!({
        "name": plugin.name(),
        "digest": plugin.digest(),
        "bytes": plugin.bytes(),
        "interfaces": plugin.interfaces(),
        "functions": functions,
    })
}

fn as_text(plugin: &Plugin) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let rows = [
        ("plugin", plugin.name().to_owned()),
        ("digest", format!("sha256:{}", plugin.digest())),
        (
            "size",
            format!("{} ({} bytes)", bytes(plugin.bytes()), count(plugin.bytes())),
        ),
        ("exports", interfaces(*plugin.interfaces()).join(", ")),
    ];
    let mut parts = vec![pairs(rows.map(|(name, value)| (name.to_owned(), value)), coloured).trim_fmt()];
    let functions = plugin.functions().iter();
    parts.extend(functions.map(|function| pairs(describe(function), coloured).trim_fmt()));
    parts.join("\n\n")
}

fn describe(function: &Function) -> Vec<(String, String)> {
    let reads = function
        .reads
        .as_ref()
        .map_or_else(|| "all columns".to_owned(), |columns| columns.join(", "));
    let state = if function.stateless {
        "keeps no state between batches"
    } else {
        "keeps state: one partition"
    };
    let mut rows = vec![
        ("function".to_owned(), function.name.clone()),
        ("does".to_owned(), function.doc.trim().to_owned()),
        ("reads".to_owned(), reads),
        ("state".to_owned(), state.to_owned()),
    ];
    rows.extend(settings(&schema(function)));
    rows
}

/// One row per setting: its name, type, default and description.
fn settings(schema: &Value) -> Vec<(String, String)> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|known| known == name))
    };
    let rows = properties.iter().map(|(name, property)| {
        let mut text = kind(property);
        if let Some(default) = property.get("default") {
            text = format!("{text}, default {default}");
        } else if required(name) {
            text.push_str(", required");
        }
        if let Some(description) = property.get("description").and_then(Value::as_str) {
            text = format!("{text}: {description}");
        }
        (format!("--set {name}"), text)
    });
    rows.collect()
}

fn kind(property: &Value) -> String {
    match property.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "value".to_owned(),
    }
}

fn schema(function: &Function) -> Value {
    serde_json::from_str(&function.config).unwrap_or(Value::Null)
}

fn interfaces(exported: Interfaces) -> Vec<&'static str> {
    let all = [
        (exported.transform, "transform"),
        (exported.aggregate, "aggregate"),
        (exported.source, "source"),
        (exported.sink, "sink"),
        (exported.job, "job"),
    ];
    all.into_iter()
        .filter_map(|(exports, name)| exports.then_some(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_the_schema() {
        let schema = json!({
            "properties": {
                "late_after": { "type": "integer", "default": 15, "description": "Minutes." },
                "columns": { "type": ["array", "null"] },
                "key": { "type": "string" }
            },
            "required": ["key"]
        });
        let mut rows = settings(&schema);
        rows.sort();
        let expected = [
            ("--set columns", "array or null"),
            ("--set key", "string, required"),
            ("--set late_after", "integer, default 15: Minutes."),
        ];
        assert_eq!(rows, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
