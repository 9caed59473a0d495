//! A job as JSON, for records: a job file that gives the same job again.

use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::reference::escape;
use crate::{Function, Job, Node, Param, Sink, SinkInput, Source, Step};

impl Job {
    /// The job as a job file in JSON. Parameters are put in, with their values as defaults; secrets are left as
    /// references.
    pub fn to_json(&self) -> Json {
        let mut job = match escaped(&self.settings) {
            Json::Object(settings) => settings,
            _ => Map::new(),
        };
        // Streams are read by bookmarks unless a file says otherwise, which this one did not.
        if self.settings.stream.is_some() && !self.settings.bookmark {
            job.remove("bookmark");
        }
        job.insert("name".to_owned(), Json::String(escape(&self.name)));
        if let Some(description) = &self.description {
            job.insert("description".to_owned(), Json::String(escape(description)));
        }
        let mut section = |key: &str, entries: Map<String, Json>| {
            if !entries.is_empty() {
                job.insert(key.to_owned(), Json::Object(entries));
            }
        };
        section(
            "params",
            self.params
                .iter()
                .map(|(name, item)| (name.clone(), param(item)))
                .collect(),
        );
        section(
            "sources",
            self.sources
                .iter()
                .map(|(name, item)| (name.clone(), source(item)))
                .collect(),
        );
        section(
            "steps",
            self.steps
                .iter()
                .map(|(name, item)| (name.clone(), step(item)))
                .collect(),
        );
        section(
            "functions",
            self.functions
                .iter()
                .map(|(name, item)| (name.clone(), function(item)))
                .collect(),
        );
        section(
            "sinks",
            self.sinks
                .iter()
                .map(|(name, item)| (name.clone(), sink(item)))
                .collect(),
        );
        Json::Object(job)
    }
}

impl Serialize for Job {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn param(param: &Param) -> Json {
    let mut json = json!({ "type": escaped(&param.kind), "default": param.value.to_file() });
    if let Some(description) = &param.description {
        json["description"] = Json::String(description.clone());
    }
    if !param.choices.is_empty() {
        json["choices"] = param.choices.iter().map(Node::to_json).collect();
    }
    json
}

fn source(source: &Source) -> Json {
    let mut json = source.config.to_file();
    json["connector"] = Json::String(escape(&source.connector));
    if let Some(bookmark) = source.bookmark {
        json["bookmark"] = Json::Bool(bookmark);
    }
    if let Some(files) = source.max_files {
        json["max_files"] = json!(files.get());
    }
    if let Some(bytes) = source.max_bytes {
        json["max_bytes"] = json!(bytes.0);
    }
    json
}

fn step(step: &Step) -> Json {
    let mut json = escaped(step);
    if let Some(config) = step.config() {
        json["config"] = config.to_file();
    }
    json
}

fn function(function: &Function) -> Json {
    let mut json = escaped(function);
    json["config"] = function.config.to_file();
    json
}

fn sink(sink: &Sink) -> Json {
    let mut json = sink.config.to_file();
    json["connector"] = Json::String(escape(&sink.connector));
    let (key, input) = match &sink.input {
        SinkInput::From(input) => ("from", input),
        SinkInput::RejectsOf(input) => ("rejects_of", input),
    };
    json[key] = Json::String(escape(input));
    json
}

/// What a type serialises to, with everything escaped that would be taken for a reference.
fn escaped(value: &impl Serialize) -> Json {
    let json = serde_json::to_value(value).unwrap_or_default();
    Node::from_json(json).to_file()
}
