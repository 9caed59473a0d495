//! SQL text that all databases have in common but for names and literals.

use crate::{Comparison, Predicate, Value};
#[cfg(any(feature = "adbc", feature = "mssql", feature = "mysql", feature = "odbc"))]
use crate::{Error, Relation};

/// How a database writes names and values.
pub(crate) trait Dialect {
    /// A name, quoted, so that nothing in it can end the quotes.
    fn quote(&self, name: &str) -> String;

    /// A value, written so that nothing in it can end the literal, and typed so that an index on a column of its type is
    /// used. None where the dialect has no such literal.
    fn literal(&self, value: &Value) -> Option<String>;

    /// A text column as it is to be compared byte by byte: with a collation or a cast where the database's own differs.
    fn bytewise(&self, column: &str) -> String;

    /// A condition that a text column begins with a text, exactly as it is written.
    fn starts_with(&self, column: &str, prefix: &str) -> Option<String>;

    /// A list of names, quoted.
    fn quote_all<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> String
    where
        Self: Sized,
    {
        let quoted: Vec<String> = names.into_iter().map(|name| self.quote(name.as_ref())).collect();
        quoted.join(", ")
    }
}

/// A predicate as SQL, in parentheses where it needs them; none where the dialect lacks something.
pub(crate) fn predicate(dialect: &impl Dialect, condition: &Predicate) -> Option<String> {
    Some(match condition {
        Predicate::Compare {
            column,
            comparison,
            value,
        } => compare(dialect, column, *comparison, value)?,
        Predicate::In { column, values } => {
            let literals: Option<Vec<String>> = values.iter().map(|value| dialect.literal(value)).collect();
            let left = values.first().map(|value| left(dialect, column, value))?;
            format!("{left} in ({})", literals?.join(", "))
        }
        Predicate::IsNull(column) => format!("{} is null", dialect.quote(column)),
        Predicate::StartsWith { column, prefix } => dialect.starts_with(column, prefix)?,
        Predicate::All(parts) => joined(dialect, parts, " and ")?,
        Predicate::Any(parts) => joined(dialect, parts, " or ")?,
        Predicate::Not(part) => format!("not ({})", predicate(dialect, part)?),
    })
}

/// A predicate as SQL, where rows that it is not true for must not be read: what the dialect cannot say is an error.
#[cfg(any(feature = "adbc", feature = "mssql", feature = "mysql", feature = "odbc"))]
pub(crate) fn required(dialect: &impl Dialect, relation: &Relation, condition: &Predicate) -> Result<String, Error> {
    predicate(dialect, condition).ok_or_else(|| {
        let reason = match unwritten(dialect, condition) {
            Some((column, kind)) => format!(
                "its rows cannot be told by the column `{column}`: there is no way to write this value, {kind}, in a \
                 condition that the database is certain to understand. Choose other `bookmark_keys`, or read the column \
                 in another type, with `schema`"
            ),
            None => "the database cannot filter by the condition".to_owned(),
        };
        Error::Config {
            subject: relation.to_string(),
            reason,
        }
    })
}

/// The first column that is compared with what the dialect has no literal for, and what that is.
#[cfg(any(feature = "adbc", feature = "mssql", feature = "mysql", feature = "odbc"))]
fn unwritten<'a>(dialect: &impl Dialect, condition: &'a Predicate) -> Option<(&'a str, &'static str)> {
    match condition {
        Predicate::Compare { column, value, .. } => {
            let is_written = dialect.literal(value).is_some();
            (!is_written).then(|| (column.as_str(), value.kind()))
        }
        Predicate::In { column, values } => {
            let value = values.iter().find(|value| dialect.literal(value).is_none())?;
            Some((column.as_str(), value.kind()))
        }
        Predicate::StartsWith { column, prefix } => {
            let is_written = dialect.starts_with(column, prefix).is_some();
            (!is_written).then_some((column.as_str(), "a text"))
        }
        Predicate::IsNull(_) => None,
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().find_map(|part| unwritten(dialect, part)),
        Predicate::Not(part) => unwritten(dialect, part),
    }
}

fn compare(dialect: &impl Dialect, column: &str, comparison: Comparison, value: &Value) -> Option<String> {
    let literal = dialect.literal(value)?;
    Some(format!(
        "{} {} {literal}",
        left(dialect, column, value),
        comparison.sql()
    ))
}

fn left(dialect: &impl Dialect, column: &str, value: &Value) -> String {
    match value {
        Value::Text(_) => dialect.bytewise(column),
        _ => dialect.quote(column),
    }
}

fn joined(dialect: &impl Dialect, parts: &[Predicate], with: &str) -> Option<String> {
    let parts: Option<Vec<String>> = parts.iter().map(|part| predicate(dialect, part)).collect();
    Some(format!("({})", parts?.join(with)))
}
