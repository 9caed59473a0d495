//! What the function is configured with.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A script and what it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "a script sees it under this name")]
pub struct Config {
    /// The script's text.
    pub script: String,
    /// Name of the file that the text is from, shown in errors.
    #[serde(default = "unnamed")]
    pub file: String,
    /// The function to call; `row` or `batch`, whichever there is, if not given. The name of its first parameter, `row` or
    /// `batch`, says what it is called with.
    pub function: Option<String>,
    /// What the script sees as `config`.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Whether the script is only looked at: it is parsed, nothing of it runs, and rows pass as they are.
    #[serde(default)]
    pub check: bool,
}

fn unnamed() -> String {
    "script.rhai".to_owned()
}
