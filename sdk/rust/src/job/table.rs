//! The tables of a job file that describe sources and sinks.

use serde_json::{Map, Value};

use crate::config;

/// A text, which is a URL or a name, or the table of a connector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table(pub(super) Value);

impl Table {
    /// A connector's table, still without settings.
    pub(super) fn connector(name: &str) -> Self {
        Self(Value::from(Map::from_iter([("connector".to_owned(), name.into())])))
    }

    /// Files of a format.
    pub(super) fn files(format: &str, url: String) -> Self {
        let mut table = Self::connector("file");
        *table.at("url") = url.into();
        *table.at("format") = format.into();
        table
    }

    /// The setting at a path such as `csv.delimiter`, which is null until it is set. A text becomes the URL of files.
    pub(super) fn at(&mut self, path: &str) -> &mut Value {
        if let Value::String(url) = &mut self.0 {
            let url = std::mem::take(url);
            *self = Self::connector("file");
            *self.at("url") = url.into();
        }
        path.split('.').fold(&mut self.0, |value, step| {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            &mut value[step]
        })
    }

    /// Adds to the list at a path.
    pub(super) fn push(&mut self, path: &str, item: Value) {
        match self.at(path) {
            Value::Array(items) => items.push(item),
            other => *other = Value::Array(vec![item]),
        }
    }

    pub(super) fn into_json(self) -> String {
        config::print(&self.0)
    }
}
