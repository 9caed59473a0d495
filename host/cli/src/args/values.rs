//! How the values of options are written.

use clap::ValueEnum;
use tenon_host::connect::file::{Mode, SqlType};
use tenon_host::runtime::HttpGrant;

/// What to do when the target already holds data.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeArgument {
    /// Fail
    Error,
    /// Replace it, once the new data are complete
    Overwrite,
    /// Add files to it
    Append,
    /// Leave it and do nothing
    Ignore,
}

impl From<ModeArgument> for Mode {
    fn from(argument: ModeArgument) -> Self {
        match argument {
            ModeArgument::Error => Self::Error,
            ModeArgument::Overwrite => Self::Overwrite,
            ModeArgument::Append => Self::Append,
            ModeArgument::Ignore => Self::Ignore,
        }
    }
}

pub(super) fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

pub(super) fn parse_setting(text: &str) -> Result<(String, serde_json::Value), String> {
    let (key, value) = parse_pair(text).map_err(|_| "expected KEY=VALUE".to_owned())?;
    let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value));
    Ok((key, value))
}

pub(super) fn parse_object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))
}

pub(super) fn parse_secret(text: &str) -> Result<(String, String), String> {
    let (name, place) = parse_pair(text).map_err(|_| "expected NAME=env:VARIABLE".to_owned())?;
    // A value on the command line would be seen by every user of the machine.
    let variable = place.strip_prefix("env:").filter(|variable| !variable.is_empty());
    let variable = variable.ok_or("expected NAME=env:VARIABLE; a secret's value does not belong on a command line")?;
    Ok((name, variable.to_owned()))
}

pub(super) fn parse_grant(text: &str) -> Result<HttpGrant, String> {
    text.parse()
        .map_err(|error: tenon_host::runtime::Error| error.to_string())
}

pub(super) fn parse_column_type(text: &str) -> Result<(String, SqlType), String> {
    let (column, name) = parse_pair(text).map_err(|_| "expected COLUMN=TYPE".to_owned())?;
    Ok((column, name.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_text() {
        assert_eq!(parse_setting("late_after=30"), Ok(("late_after".to_owned(), 30.into())));
        assert_eq!(parse_setting("name=a=b"), Ok(("name".to_owned(), "a=b".into())));
        assert!(parse_setting("late_after").is_err());
    }

    #[test]
    fn secrets_come_from_the_environment_only() {
        assert_eq!(
            parse_secret("key=env:API_KEY"),
            Ok(("key".to_owned(), "API_KEY".to_owned()))
        );
        assert!(parse_secret("key=hunter2").is_err_and(|error| !error.contains("hunter2")));
    }
}
