//! Functions of plugins for use in SQL.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// A function of a plugin that expressions and queries call by a name: one value for each row.
///
/// The values that it is called with become the columns that it says it reads, in that order; where it doesn't say, they
/// are `arg_1`, `arg_2` and so on. It runs in sandboxes, one for each partition, on every row that reaches the operator
/// around the call: `case` and `coalesce` don't keep rows from it, conditions of the same `where` without such calls do.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarFunction {
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The function; the one that is called as it is in SQL, or the plugin's only one, by default.
    pub function: Option<String>,
    /// Its configuration.
    pub config: Value,
    /// What happens when it refuses a row.
    pub on_error: OnRefusal,
}

/// What happens when a function refuses a row in the middle of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnRefusal {
    /// The run fails, with the reason.
    #[default]
    Fail,
    /// The value is null.
    Null,
}

impl ScalarFunction {
    /// The function of that name, or the only one, of a plugin, without configuration.
    pub fn new(plugin: impl Into<PathBuf>) -> Self {
        Self {
            plugin: plugin.into(),
            function: None,
            config: Value::Object(Map::new()),
            on_error: OnRefusal::default(),
        }
    }
}
