//! The text that says when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::calendar::Calendar;
use crate::error::{Error, nearest, shown};
use crate::field::Form;

/// A cron expression or a rate; as text in JSON. The crate's documentation has the forms.
#[derive(Clone, PartialEq, Eq)]
pub struct Expression {
    text: Box<str>,
    pub(crate) rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    Calendar(Calendar),
    /// Elapsed time in seconds.
    Rate(u32),
}

const MAX_LENGTH: usize = 512;
const MAX_DAYS: u32 = 36_500;

const SHORTHANDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl Expression {
    /// Reads one of the forms.
    ///
    /// # Errors
    /// Names the field, what is written there, what is allowed, and the nearest name.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return Err(Error::TooLong {
                length: text.chars().count(),
                limit: MAX_LENGTH,
            });
        }
        let rule = if let Some(fields) = within(text, "cron") {
            Rule::Calendar(Calendar::parse(Form::Glue, fields)?)
        } else if let Some(rate) = within(text, "rate") {
            Rule::Rate(parse_rate(rate)?)
        } else if text.starts_with('@') {
            Rule::Calendar(Calendar::parse(Form::Classic, shorthand(text)?)?)
        } else if text.split_ascii_whitespace().count() > 1 && !text.contains(['(', ')']) {
            Rule::Calendar(Calendar::parse(Form::Classic, text)?)
        } else {
            return Err(Error::Unknown { text: shown(text) });
        };
        Ok(Self {
            text: text.into(),
            rule,
        })
    }

    /// The text, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Expression {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "When: cron(0 10 * * ? *), the usual five fields, @daily and the like, or rate(5 minutes)",
            ))
            .examples(["cron(0 10 ? * MON-FRI *)", "*/15 * * * *", "rate(1 hour)"])
            .max_length(Some(MAX_LENGTH))
            .into()
    }
}

impl utoipa::ToSchema for Expression {}

/// What is between the brackets of `name(...)`.
fn within<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let prefix = text
        .get(..name.len())
        .filter(|prefix| prefix.eq_ignore_ascii_case(name))?;
    text[prefix.len()..].trim_start().strip_prefix('(')?.strip_suffix(')')
}

fn shorthand(text: &str) -> Result<&'static str, Error> {
    let known = SHORTHANDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, fields)| *fields).ok_or_else(|| {
        let names = SHORTHANDS.map(|(name, _)| name);
        Error::Shorthand {
            text: shown(text),
            nearest: nearest(text, names).map(str::to_owned),
            known: names.join(", "),
        }
    })
}

fn parse_rate(text: &str) -> Result<u32, Error> {
    let refused = |why: &str| Error::Rate {
        text: shown(text),
        why: why.to_owned(),
    };
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [count, unit] = words[..] else {
        return Err(refused("it is a number and a unit"));
    };
    let count: u32 = count.parse().map_err(|_| refused("it begins with a whole number"))?;
    let seconds = match unit.to_ascii_lowercase().as_str() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => {
            let meant = nearest(unit, ["minutes", "hours", "days"]);
            let meant = meant.map(|unit| format!("; did you mean {unit}?")).unwrap_or_default();
            return Err(refused(&format!("`{}` is not a unit{meant}", shown(unit))));
        }
    };
    let rate = count
        .checked_mul(seconds)
        .filter(|rate| (1..=MAX_DAYS * 86_400).contains(rate));
    rate.ok_or_else(|| refused(if count == 0 { "it is never" } else { "it is too long" }))
}
