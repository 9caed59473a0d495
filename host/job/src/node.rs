//! A job file as a tree in which every key and value knows where it stands.

mod de;
mod serde_node;

use crate::{Problem, Span};

/// A value of a job file, whatever its format.
///
/// [`Node::read`] makes any type of it that serde can deserialise; what doesn't fit becomes a [`Problem`] at the value
/// or key at fault. Two nodes are equal if their values are; where they stand doesn't matter.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) value: Value,
    pub(crate) span: Option<Span>,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: YAML's and JSON's null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number, never infinite and never NaN.
    Float(f64),
    /// A text. Dates and times of TOML are texts too.
    String(String),
    /// A text that holds the value of a secret.
    Secret(Secret),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key.
    Table(Table),
}

/// A text that holds the value of a secret. Printed or serialised it is the text with the reference in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    reference: String,
    hidden: Vec<String>,
}

/// Values by key, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Option<Span>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value that stands in no file.
    pub fn new(value: Value) -> Self {
        Node { value, span: None }
    }

    /// A value and where it stands.
    pub(crate) fn spanned(value: Value, span: Span) -> Self {
        Node {
            value,
            span: Some(span),
        }
    }

    /// The same tree, without places.
    pub fn from_json(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        Node::new(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => number.as_f64().map_or(Value::Null, Value::Float),
            },
            Json::String(text) => Value::String(text),
            Json::Array(items) => Value::List(items.into_iter().map(Node::from_json).collect()),
            Json::Object(entries) => {
                let mut table = Table::default();
                for (key, value) in entries {
                    table.push(key, None, Node::from_json(value));
                }
                Value::Table(table)
            }
        })
    }

    /// The same tree as JSON, with references in the place of secrets.
    pub fn to_json(&self) -> serde_json::Value {
        self.json(&|text| text.to_owned())
    }

    /// As a job file would have it: what would be taken for a reference is escaped.
    pub(crate) fn to_file(&self) -> serde_json::Value {
        self.json(&crate::reference::escape)
    }

    fn json(&self, plain: &dyn Fn(&str) -> String) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::String(text) => Json::String(plain(text)),
            Value::Secret(secret) => Json::String(secret.reference.clone()),
            Value::List(items) => Json::Array(items.iter().map(|item| item.json(plain)).collect()),
            Value::Table(table) => table
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.json(plain)))
                .collect(),
        }
    }

    /// What it holds.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where it stands: for a table or list of several lines, the key that names it.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// The value of a key, where this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_table()?.get(key)
    }

    /// The value below several keys.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is one that holds no secret.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Makes any deserialisable type of it.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        self.finish(T::deserialize(self))
    }

    /// A text with the values of this tree's secrets replaced by asterisks, for messages about it.
    pub fn redact(&self, message: &str) -> String {
        let mut redacted = message.to_owned();
        self.each_secret(&mut |secret| redacted = secret.redact(&redacted));
        redacted
    }

    fn each_secret(&self, visit: &mut dyn FnMut(&Secret)) {
        match &self.value {
            Value::Secret(secret) => visit(secret),
            Value::List(items) => items.iter().for_each(|item| item.each_secret(visit)),
            Value::Table(table) => table.iter().for_each(|entry| entry.value.each_secret(visit)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {}
        }
    }

    /// Puts every value of the tree at one place.
    pub(crate) fn place(&mut self, span: Option<Span>) {
        self.span = span;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.place(span)),
            Value::Table(table) => table.entries_mut().for_each(|entry| entry.value.place(span)),
            _ => {}
        }
    }

    /// "a string", "a table": for messages. Never the value.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an int",
            Value::Float(_) => "a float",
            Value::String(_) => "a string",
            Value::Secret(_) => "a secret",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Default for Node {
    /// An empty table.
    fn default() -> Self {
        Node::new(Value::Table(Table::default()))
    }
}

impl Secret {
    /// `hidden` are the values of secrets in `text`; `reference` is the text with references in their place.
    pub(crate) fn new(text: String, reference: String, hidden: Vec<String>) -> Self {
        Secret {
            text,
            reference,
            hidden,
        }
    }

    /// The text with the secret's value. Don't log it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text with the reference in the place of the value.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    pub(crate) fn hidden(&self) -> &[String] {
        &self.hidden
    }

    fn redact(&self, message: &str) -> String {
        let mut redacted = message.to_owned();
        for value in std::iter::once(&self.text)
            .chain(&self.hidden)
            .filter(|value| !value.is_empty())
        {
            redacted = redacted.replace(value.as_str(), "***");
            // As `{:?}` writes it.
            redacted = redacted.replace(&value.escape_debug().to_string(), "***");
        }
        redacted
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.reference)
    }
}

impl Table {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The entries in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The keys in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at).value)
    }

    /// Adds a key, which must be new.
    pub(crate) fn push(&mut self, key: String, key_span: Option<Span>, value: Node) {
        self.entries.push(Entry { key, key_span, value });
    }

    pub(crate) fn entries_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.entries.iter_mut()
    }
}

impl PartialEq for Table {
    /// Without regard to order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|entry| other.get(&entry.key) == Some(&entry.value))
    }
}

impl<'a> IntoIterator for &'a Table {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
