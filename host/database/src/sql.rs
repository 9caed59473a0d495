//! SQL text that all databases have in common but for names and literals.

use crate::{Comparison, Predicate, Value};

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
