//! Functions of plugins for use in SQL.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Node;

/// A function of a plugin that SQL calls by a name: one value for each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// A project folder, which is built; a .wasm file; or `name@version`. Relative paths start at the working folder.
    pub plugin: String,
    /// The function. Default: the one that is called as it is in SQL, or the plugin's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What the function is configured with; the plugin says what it takes. Default: nothing.
    #[serde(default)]
    pub config: Node,
    /// What happens when it refuses a row. Default: fail.
    #[serde(default)]
    pub on_error: OnRefusal,
}

/// What happens when a function refuses a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnRefusal {
    /// It ends the run.
    #[default]
    Fail,
    /// Its value is null.
    Null,
}
