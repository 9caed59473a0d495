//! Configuration of every type.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Result, Utf8, json};

/// One of each.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Text.
    text: String,
    /// An integer.
    number: i64,
    /// A number.
    ratio: f64,
    /// True or false.
    #[serde(default = "yes")]
    flag: bool,
    /// Texts.
    #[serde(default)]
    names: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Adds its configuration as JSON.
#[tenon::transform]
fn config(batch: Batch, config: &Settings) -> Result<Batch> {
    let Settings {
        text,
        number,
        ratio,
        flag,
        names,
    } = config;
    let (text, names) = (json!(text), json!(names));
    let json = format!(r#"{{"text":{text},"number":{number},"ratio":{ratio},"flag":{flag},"names":{names}}}"#);
    batch.with_column("config", (0..batch.rows()).map(|_| json.as_str()).collect::<Utf8>())
}
