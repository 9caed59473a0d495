//! SQLite's SQL.

use super::function;
use crate::sql::Dialect;
use crate::{TableName, Value};

/// The schema of a file's own tables.
pub(super) const MAIN: &str = "main";

/// How SQLite writes names and values. Values of types that it does not have are written as [`function`] returns them.
pub(super) struct Sql;

impl Dialect for Sql {
    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn literal(&self, value: &Value) -> Option<String> {
        let micros = |nanoseconds: i128| {
            let whole = nanoseconds % 1_000 == 0;
            whole.then(|| (nanoseconds / 1_000).to_string())
        };
        match value {
            Value::Boolean(truth) => Some(u8::from(*truth).to_string()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Unsigned(number) => Some(number.to_string()),
            Value::Float(number) => float(*number),
            Value::Decimal(text) => function::decimal_key(text).map(|key| blob(&key)),
            // A statement's text ends at its first NUL.
            Value::Text(text) if text.contains('\0') => Some(format!("cast({} as text)", blob(text.as_bytes()))),
            Value::Text(text) => Some(format!("'{}'", text.replace('\'', "''"))),
            Value::Binary(bytes) => Some(blob(bytes)),
            Value::Date(days) => Some(days.to_string()),
            Value::Time(nanoseconds) => micros((*nanoseconds).into()),
            Value::Timestamp(nanoseconds) | Value::Instant(nanoseconds) => micros(*nanoseconds),
        }
    }

    fn bytewise(&self, column: &str) -> String {
        format!("{} collate binary", self.quote(column))
    }

    fn starts_with(&self, column: &str, prefix: &str) -> Option<String> {
        starts_with(&self.bytewise(column), prefix)
    }
}

/// A condition that a text begins with another. The first half is for an index.
pub(super) fn starts_with(text: &str, prefix: &str) -> Option<String> {
    let from = Sql.literal(&Value::Text(prefix.to_owned()))?;
    if prefix.is_empty() {
        return Some(format!("{text} >= {from}"));
    }
    let (bytes, length) = (blob(prefix.as_bytes()), prefix.len());
    Some(format!(
        "({text} >= {from} and substr(cast({text} as blob), 1, {length}) = {bytes})"
    ))
}

/// A table of the file, whichever schema it was asked for in.
pub(super) fn table(name: &TableName) -> String {
    format!("{MAIN}.{}", Sql.quote(&name.table))
}

fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", hex::encode(bytes))
}

fn float(number: f64) -> Option<String> {
    /// Up to here every decimal number of at most 15 digits is read back as it was.
    const READABLE: std::ops::Range<f64> = 1e-5..1e15;
    let text = format!("{number:?}");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_readable = number == 0.0 || digits <= 15 && READABLE.contains(&number.abs());
    match () {
        () if !number.is_finite() || number == 0.0 && number.is_sign_negative() => None,
        () if is_readable => Some(text),
        () => Some(format!("{}({}, 'bits')", function::NAME, number.to_bits() as i64)),
    }
}
