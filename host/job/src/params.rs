//! Parameters of a job: their declaration, and the values that they take.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use crate::nearest::listed;
use crate::problem::clipped;
use crate::{Node, Value};

/// A parameter with the value that it has in this run.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its type.
    pub kind: ParamType,
    /// Its value: what the caller gave, or the default.
    pub value: Node,
    /// What it is for.
    pub description: Option<String>,
    /// The only values that it may have; any if empty.
    pub choices: Vec<Node>,
}

/// The parameters of a job by name. None: the parameter is declared, but something is wrong with it.
pub(crate) type Params = BTreeMap<String, Option<Param>>;

/// The declaration of a parameter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declaration {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ParamType,
    /// Its value unless the caller gives one. Without a default, the caller must. May be `${env:NAME}`, whose text is
    /// then read as the type; a string may be `${secret:name}`.
    pub default: Option<Node>,
    /// What it is for.
    pub description: Option<String>,
    /// The only values that it may have. Default: any value of the type.
    #[serde(default)]
    pub choices: Vec<Node>,
}

/// The types of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParamType {
    /// A whole number of 64 bits.
    Int,
    /// A number of 64 bits.
    Float,
    /// True or false.
    Bool,
    /// A text.
    String,
    /// A day: `2013-01-31`.
    Date,
    /// A day and time, with or without an offset from UTC: `2013-01-31T12:00:00Z`.
    Timestamp,
    /// A list of strings, numbers and bools. As text: separated by commas, or as JSON.
    List,
}

impl ParamType {
    /// The value as this type. `from_text`: a text that came from outside the file is read as the type.
    ///
    /// # Errors
    /// What it is instead.
    pub(crate) fn accept(self, given: &Node, from_text: bool) -> Result<Value, String> {
        let refusal = || match &given.value {
            Value::String(text) => format!("expected {}, found the string \"{}\"", self.article(), clipped(text)),
            Value::Int(number) => format!("expected {}, found the number {number}", self.article()),
            Value::Float(number) => format!("expected {}, found the number {number}", self.article()),
            Value::Bool(value) => format!("expected {}, found {value}", self.article()),
            _ => format!("expected {}, found {}", self.article(), given.kind()),
        };
        let text = given.as_str();
        let outside = text.filter(|_| from_text);
        let accepted = match (self, &given.value) {
            (ParamType::Int, Value::Int(_))
            | (ParamType::Float, Value::Float(_))
            | (ParamType::Bool, Value::Bool(_))
            | (ParamType::String, Value::String(_) | Value::Secret(_)) => Some(given.value.clone()),
            (ParamType::Float, Value::Int(number)) => Some(Value::Float(*number as f64)),
            (ParamType::Int, _) => outside.and_then(|text| text.trim().parse().ok()).map(Value::Int),
            (ParamType::Float, _) => {
                let number = outside.and_then(|text| text.trim().parse::<f64>().ok());
                number.filter(|number| number.is_finite()).map(Value::Float)
            }
            (ParamType::Bool, _) => outside.and_then(|text| text.trim().parse().ok()).map(Value::Bool),
            (ParamType::Date, _) => text
                .filter(|text| is_moment(text, false))
                .map(|text| Value::String(text.to_owned())),
            (ParamType::Timestamp, _) => text
                .filter(|text| is_moment(text, true))
                .map(|text| Value::String(text.to_owned())),
            (ParamType::List, Value::List(items)) if items.iter().all(is_scalar) => Some(given.value.clone()),
            (ParamType::List, _) => outside.and_then(list),
            (ParamType::String, _) => None,
        };
        accepted.ok_or_else(refusal)
    }

    fn article(self) -> &'static str {
        match self {
            ParamType::Int => "an int",
            ParamType::Float => "a float",
            ParamType::Bool => "a bool",
            ParamType::String => "a string",
            ParamType::Date => "a date like 2013-01-31",
            ParamType::Timestamp => "a timestamp like 2013-01-31T12:00:00Z",
            ParamType::List => "a list of strings, numbers and bools",
        }
    }
}

fn is_scalar(node: &Node) -> bool {
    matches!(
        node.value,
        Value::String(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)
    )
}

fn is_moment(text: &str, time: bool) -> bool {
    text.parse::<Datetime>()
        .is_ok_and(|moment| moment.date.is_some() && moment.time.is_some() == time)
}

fn list(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('[') {
        let node = Node::from_json(serde_json::from_str(text).ok()?);
        return matches!(&node.value, Value::List(items) if items.iter().all(is_scalar)).then_some(node.value);
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(Value::List(
        items.map(|item| Node::new(Value::String(item.to_owned()))).collect(),
    ))
}

impl Declaration {
    /// A value that a run might give it.
    pub fn some_value(&self) -> Node {
        if let Some(choice) = self.choices.first() {
            return choice.clone();
        }
        let text = match self.kind {
            ParamType::Int | ParamType::Float => "1",
            ParamType::Bool => "true",
            ParamType::String | ParamType::List => "value",
            ParamType::Date => "2013-01-31",
            ParamType::Timestamp => "2013-01-31T12:00:00Z",
        };
        Node::new(Value::String(text.to_owned()))
    }

    /// Whether the value is among the choices.
    pub fn check_choice(&self, value: &Node) -> Result<(), String> {
        // A choice is written as the file writes it: `1` is one of a float's.
        let is_it =
            |choice: &Node| choice == value || self.kind.accept(choice, false).is_ok_and(|read| read == value.value);
        if self.choices.is_empty() || self.choices.iter().any(is_it) {
            return Ok(());
        }
        let choices: Vec<_> = self.choices.iter().map(plain).collect();
        Err(format!(
            "expected one of {}, found `{}`",
            listed(&choices),
            clipped(&plain(value))
        ))
    }
}

/// A value as people write it.
fn plain(node: &Node) -> String {
    match node.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}
