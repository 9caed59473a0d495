//! One thing that is wrong with a job, and where.

use std::fmt;

use crate::Span;
use crate::nearest::{listed, nearest};

/// One thing that is wrong, with the place where it stands. [`Located`](crate::Located) adds the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    message: String,
    help: Option<String>,
    span: Option<Span>,
    /// The keys that lead to the value at fault, outermost last: errors grow outward.
    outward: Vec<String>,
    pub(crate) kind: ProblemKind,
}

/// What reading goes by when it looks for further problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// A key that isn't there.
    Missing(String),
    /// A type or a value that isn't the expected one, which is described.
    Expected(String),
    Other,
}

impl Problem {
    /// A problem whose place is not known yet.
    pub fn new(message: impl Into<String>) -> Self {
        Problem {
            message: message.into(),
            help: None,
            span: None,
            outward: Vec::new(),
            kind: ProblemKind::Other,
        }
    }

    /// At this place, if none is known yet.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = self.span.or(span);
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Below this key.
    #[must_use]
    pub fn under(mut self, key: impl Into<String>) -> Self {
        self.outward.push(key.into());
        self
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Where it stands; none in a job that was not read from a text.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// The keys that lead to the value at fault, from the outside in.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.outward.iter().rev().map(String::as_str)
    }

    /// The same problem with another message.
    pub(crate) fn reworded(mut self, message: String) -> Self {
        self.message = message;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span.is_none() && !self.outward.is_empty() {
            let path: Vec<_> = self.path().collect();
            write!(f, "{}: ", path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::new(message.to_string())
    }

    fn invalid_type(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        mismatch(found, expected)
    }

    fn invalid_value(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        mismatch(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Problem::new(choice("value", variant, expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Problem::new(choice("key", field, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Problem {
            kind: ProblemKind::Missing(field.to_owned()),
            ..Problem::new(format!("the key `{field}` is missing"))
        }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Problem::new(format!("the key `{field}` is there twice"))
    }
}

fn mismatch(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Problem {
    let expected = in_plain_words(&expected.to_string());
    Problem {
        kind: ProblemKind::Expected(expected.clone()),
        ..Problem::new(format!("expected {expected}, found {}", describe(found)))
    }
}

/// Rust's names of types mean nothing to who writes a job file.
fn in_plain_words(expected: &str) -> String {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number from 0".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        _ if expected.starts_with("a nonzero u") => "a whole number from 1".to_owned(),
        _ if expected.starts_with("struct ") => "a table".to_owned(),
        _ if expected.starts_with("a tuple of ") => expected.replacen("a tuple", "a list", 1),
        _ => expected.to_owned(),
    }
}

/// In the words of configuration files, not of Rust.
fn describe(found: serde::de::Unexpected<'_>) -> String {
    use serde::de::Unexpected;
    match found {
        Unexpected::Str(text) => format!("the string \"{}\"", clipped(text)),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Bool(value) => format!("{value}"),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// A text that is short enough for a message.
pub(crate) fn clipped(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

fn choice(what: &str, name: &str, expected: &[&str]) -> String {
    let name = clipped(name);
    match nearest(&name, expected.iter().copied()) {
        Some(candidate) => format!("unknown {what} `{name}`; did you mean `{candidate}`?"),
        None if expected.is_empty() => format!("unknown {what} `{name}`; none is expected here"),
        None => format!("unknown {what} `{name}`; expected one of {}", listed(expected)),
    }
}
