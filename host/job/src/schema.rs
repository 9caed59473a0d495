//! The JSON Schema of job files, for editors and for whoever writes job files by program.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

use crate::params::Declaration;
use crate::sections::{FILES, MAX_BYTES, MAX_FILES};
use crate::step::{
    AggregateStep, CastStep, DedupeStep, FilterStep, JoinStep, LimitStep, PluginStep, RenameStep, SampleStep,
    ScriptStep, SelectStep, SortStep, SqlStep, UnionStep,
};
use crate::{Function, Settings};

/// What a connector is configured with.
#[derive(Clone, Debug)]
pub struct ConnectorSchema {
    /// Its name, as `connector` gives it.
    pub name: String,
    /// The JSON Schema of its configuration as a source; null if it is none.
    pub source: Json,
    /// The JSON Schema of its configuration as a sink; null if it is none.
    pub sink: Json,
}

/// The JSON Schema (draft 2020-12) of job files with these connectors.
///
/// It is stricter than types alone in one way and looser in another: sources, sinks and steps are told apart by
/// `connector` and by the key that names a step's kind; and wherever a value is not a text anyway, a reference to a
/// parameter may stand in its place.
pub fn schema(connectors: &[ConnectorSchema]) -> Json {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut settings = generator.root_schema_for::<Settings>().to_value();
    let mut properties = match settings["properties"].take() {
        Json::Object(properties) => properties,
        _ => Map::new(),
    };
    let steps = json!({ "oneOf": step_schemas(&mut generator) });
    let declaration = generator.subschema_for::<Declaration>().to_value();
    let function = generator.subschema_for::<Function>().to_value();
    let mut definitions = generator.take_definitions(true);
    if let Json::Object(own) = settings["$defs"].take() {
        definitions.extend(own);
    }
    for definition in definitions.values_mut() {
        allow_references(definition);
    }
    properties.values_mut().for_each(allow_reference);
    let mut steps = steps;
    allow_references(&mut steps);
    let sources = by_connector(connectors, "source", &mut definitions);
    let sinks = by_connector(connectors, "sink", &mut definitions);
    definitions.insert("Step".to_owned(), steps);
    definitions.insert("Source".to_owned(), json!({ "oneOf": sources }));
    definitions.insert("Sink".to_owned(), json!({ "oneOf": sinks }));
    definitions.insert("Reference".to_owned(), reference());

    let named = |description: &str, items: Json| {
        json!({
            "description": description,
            "type": "object",
            "propertyNames": { "pattern": NAME },
            "additionalProperties": items,
        })
    };
    let texts = [
        ("name", "The name of the job. Default: that of its file."),
        ("description", "What the job is for."),
    ];
    for (key, description) in texts {
        properties.insert(key.to_owned(), json!({ "description": description, "type": "string" }));
    }
    properties.insert("params".to_owned(), named("Parameters by name.", declaration));
    let reference_to = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    properties.insert(
        "sources".to_owned(),
        named("Where data comes from, by name.", reference_to("Source")),
    );
    properties.insert(
        "steps".to_owned(),
        named("What happens to it, by name.", reference_to("Step")),
    );
    properties.insert(
        "functions".to_owned(),
        named(
            "Functions of plugins that SQL may call, by the name by which it does.",
            function,
        ),
    );
    let mut sinks = named("Where it goes, by name.", reference_to("Sink"));
    sinks["minProperties"] = json!(1);
    properties.insert("sinks".to_owned(), sinks);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tenon job",
        "description": "Where data comes from, what happens to it, and where it goes.",
        "type": "object",
        "properties": properties,
        "anyOf": [{ "required": ["sinks"] }, { "required": ["script"] }],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// What the names of sources, steps, sinks and parameters look like.
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]{0,127}$";

fn reference() -> Json {
    json!({
        "description": "A parameter, an environment variable or a secret.",
        "type": "string",
        "pattern": r"^\$\{(env:|secret:)?[A-Za-z_][A-Za-z0-9_.-]*\}$",
    })
}

fn step_schemas(generator: &mut SchemaGenerator) -> Vec<Json> {
    fn one<T: JsonSchema>(generator: &mut SchemaGenerator) -> Json {
        generator.subschema_for::<T>().to_value()
    }
    vec![
        one::<SqlStep>(generator),
        one::<PluginStep>(generator),
        one::<ScriptStep>(generator),
        one::<SelectStep>(generator),
        one::<RenameStep>(generator),
        one::<CastStep>(generator),
        one::<FilterStep>(generator),
        one::<DedupeStep>(generator),
        one::<JoinStep>(generator),
        one::<UnionStep>(generator),
        one::<AggregateStep>(generator),
        one::<SortStep>(generator),
        one::<LimitStep>(generator),
        one::<SampleStep>(generator),
    ]
}

/// One schema for each connector, told apart by `connector`.
fn by_connector(connectors: &[ConnectorSchema], side: &str, definitions: &mut Map<String, Json>) -> Vec<Json> {
    let mut variants = Vec::new();
    for connector in connectors {
        let schema = if side == "source" {
            &connector.source
        } else {
            &connector.sink
        };
        if !schema.is_object() {
            continue;
        }
        let mut schema = schema.clone();
        let name = format!("{}-{side}", connector.name);
        rebase(&mut schema, &format!("#/$defs/{name}/"));
        allow_references(&mut schema);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
            if let Some(Json::Object(own)) = schema.get_mut("$defs") {
                own.values_mut().for_each(allow_references);
            }
            insert(
                schema,
                "connector",
                json!({ "description": "What reads or writes it.", "const": connector.name }),
            );
            if side == "source" {
                let description =
                    "Whether it is read from where the last committed run ended. Default: what the job says.";
                insert(
                    schema,
                    "bookmark",
                    with_reference(json!({ "description": description, "type": "boolean" })),
                );
                if connector.name == FILES {
                    insert_caps(schema);
                }
            } else {
                insert(
                    schema,
                    "from",
                    json!({ "description": "The source or step whose rows it takes.", "type": "string" }),
                );
                let description = "The source or step whose rejected rows it takes.";
                insert(
                    schema,
                    "rejects_of",
                    json!({ "description": description, "type": "string" }),
                );
                schema.insert(
                    "oneOf".to_owned(),
                    json!([{ "required": ["from"] }, { "required": ["rejects_of"] }]),
                );
            }
            // The default connector needs no name.
            if connector.name != FILES {
                match schema.get_mut("required").and_then(Json::as_array_mut) {
                    Some(required) => required.push(json!("connector")),
                    None => {
                        schema.insert("required".to_owned(), json!(["connector"]));
                    }
                }
            }
        }
        definitions.insert(name.clone(), schema);
        variants.push(json!({ "$ref": format!("#/$defs/{name}") }));
    }
    variants
}

/// How much of files a run reads, which the job says and not the connector.
fn insert_caps(schema: &mut Map<String, Json>) {
    let files = "With bookmarks: how many files a run reads at most, the oldest first; the next run reads on. Default: all \
                 that are new.";
    let files = json!({ "description": files, "type": "integer", "minimum": 1 });
    insert(schema, MAX_FILES, with_reference(files));
    let bytes = "With bookmarks: how many bytes of files, as stored, a run reads at most, but always one file. Default: all \
                 that are new.";
    let bytes = json!({ "description": bytes, "$ref": "#/$defs/Size" });
    insert(schema, MAX_BYTES, with_reference(bytes));
}

fn insert(schema: &mut Map<String, Json>, key: &str, property: Json) {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(key.to_owned(), property);
    }
}

/// Makes references within a schema fit its new place.
fn rebase(schema: &mut Json, base: &str) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::String(target)) = object.get_mut("$ref")
                && let Some(local) = target.strip_prefix("#/")
            {
                *target = format!("{base}{local}");
            }
            object.values_mut().for_each(|value| rebase(value, base));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rebase(item, base)),
        _ => {}
    }
}

/// Lets a reference stand for each value within a schema that is not a text or table itself.
fn allow_references(schema: &mut Json) {
    let Some(object) = schema.as_object_mut() else { return };
    for (key, inner) in object.iter_mut() {
        match (key.as_str(), inner) {
            ("properties", Json::Object(properties)) => properties.values_mut().for_each(allow_reference),
            ("additionalProperties" | "items", inner) => allow_reference(inner),
            ("anyOf" | "oneOf" | "allOf", Json::Array(variants)) => variants.iter_mut().for_each(allow_references),
            _ => {}
        }
    }
}

fn allow_reference(schema: &mut Json) {
    allow_references(schema);
    let is_strict = schema.as_object().is_some_and(|object| {
        let has = |key: &str| object.contains_key(key);
        let is_text = object
            .get("type")
            .is_some_and(|types| types == "string" || types == "object");
        let choice = has("enum") || has("const") || has("pattern") || has("format");
        choice || !is_text && (has("type") || has("$ref") || has("oneOf") || has("anyOf") || has("allOf"))
    });
    if is_strict {
        *schema = with_reference(schema.take());
    }
}

fn with_reference(mut schema: Json) -> Json {
    // Editors show the description of the property, not those of its variants.
    let kept =
        ["description", "default"].map(|key| (key, schema.as_object_mut().and_then(|object| object.remove(key))));
    let mut either = json!({ "anyOf": [schema, { "$ref": "#/$defs/Reference" }] });
    for (key, value) in kept {
        if let Some(value) = value {
            either[key] = value;
        }
    }
    either
}
