//! A function's configuration: JSON from the job, checked against what the function takes.

mod json;
mod reader;

pub(crate) use json::print;

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};

/// The configuration of a function that takes none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// The JSON Schema of a configuration.
pub(crate) fn schema_of<C: JsonSchema>() -> String {
    root_schema(&C::schema_name(), C::json_schema)
}

/// As schemars' `into_root_schema_for`, but only once in a component, however many configurations it has.
#[inline(never)]
fn root_schema(title: &str, json_schema: fn(&mut SchemaGenerator) -> Schema) -> String {
    let mut generator = SchemaGenerator::default();
    let mut schema = json_schema(&mut generator);
    let definitions = generator.take_definitions(true);
    let members = schema.ensure_object();
    members.entry("title").or_insert_with(|| title.into());
    if !definitions.is_empty() {
        members.insert("$defs".to_owned(), definitions.into());
    }
    members.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    json::print(schema.as_value())
}

/// Reads the text of a configuration; an empty text and `null` stand for `{}`.
pub(crate) fn parse(text: &str) -> Result<Value> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match json::parse(text) {
        Ok(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        Ok(value) => Ok(value),
        Err(fault) => Err(Error::bad_config(format!("the configuration isn't JSON: {fault}"))),
    }
}

/// A configuration as the type that a function takes. The error names the path of what doesn't fit.
pub(crate) fn fit<C: DeserializeOwned>(value: &Value) -> Result<C> {
    C::deserialize(reader::Reader::new(value))
        .map_err(|misfit| Error::bad_config(format!("the configuration doesn't fit at {misfit}")))
}

/// The configuration of a function that takes it by value: made anew for every batch.
pub struct ByValue<C> {
    value: Value,
    of: PhantomData<fn() -> C>,
}

impl<C: DeserializeOwned> ByValue<C> {
    /// The configuration.
    ///
    /// # Errors
    /// As when it was opened: none.
    pub fn get(&self) -> Result<C> {
        fit(&self.value)
    }
}

/// How a function holds its configuration while it is open.
pub trait Held: Sized + 'static {
    /// Checks and keeps it.
    ///
    /// # Errors
    /// `bad-config` if it doesn't fit.
    fn hold(value: Value) -> Result<Self>;
}

impl<C: DeserializeOwned + 'static> Held for ByValue<C> {
    fn hold(value: Value) -> Result<Self> {
        fit::<C>(&value)?;
        Ok(Self { value, of: PhantomData })
    }
}

/// The configuration of a function that takes a reference: made once.
pub struct ByReference<C>(pub C);

impl<C: DeserializeOwned + 'static> Held for ByReference<C> {
    fn hold(value: Value) -> Result<Self> {
        fit(&value).map(Self)
    }
}
