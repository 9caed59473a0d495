//! Scripts that an interpreter runs. An interpreter is a plugin with one function, whose configuration holds the script's
//! text, so that an edited script needs no build.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::Error;

/// The function of an interpreter.
pub const SCRIPT_FUNCTION: &str = "script";

/// What an interpreter is configured with to run the script in a file. `function` is the one in the script, where it has
/// several.
///
/// # Errors
/// [`Error::ScriptFile`] when the file is not there or is no text.
pub fn script_config(file: &Path, function: Option<&str>, config: &Value) -> Result<Value, Error> {
    let script = fs::read_to_string(file).map_err(|cause| Error::ScriptFile {
        file: file.to_owned(),
        cause,
    })?;
    let mut interpreted = json!({
        "script": script,
        "file": file.display().to_string(),
        "config": config,
    });
    if let Some(function) = function {
        interpreted["function"] = function.into();
    }
    Ok(interpreted)
}
