//! Predicates as SQLite's SQL, so that they hold for exactly the rows that they would hold for in Arrow.

use std::collections::HashMap;

use arrow::datatypes::{DataType, TimeUnit};

use super::dialect::{self, Sql};
use super::function;
use super::types::Affinity;
use crate::sql::{self, Dialect};
use crate::{Description, Predicate, Pushdown, Value};

/// Conditions that are joined, at most: SQLite refuses expressions that are nested deeper than 1,000.
const CONDITIONS: usize = 400;

/// What SQLite does to the values of columns, by their names.
pub(super) type Affinities = HashMap<String, Affinity>;

/// How well a predicate can be checked.
pub(super) fn pushdown(predicate: &Predicate, description: &Description) -> Pushdown {
    if conditions(predicate) <= CONDITIONS && is_exact(predicate, description) {
        Pushdown::Exact
    } else {
        Pushdown::No
    }
}

/// A predicate as SQL; none where something in it can't be written.
pub(super) fn condition(predicate: &Predicate, affinities: &Affinities) -> Option<String> {
    sql::predicate(&Expressions, &with_expressions(predicate, affinities)?)
}

/// A column in the form in which it is compared with values like this one. It is the column itself, which an index may be
/// on, where SQLite surely holds its values in that form.
pub(super) fn comparable(column: &str, value: &Value, affinities: &Affinities) -> String {
    let affinity = affinities.get(column).copied();
    let kind = match (value, affinity) {
        (Value::Integer(_) | Value::Unsigned(_), Some(Affinity::Integer)) | (Value::Float(_), Some(Affinity::Real)) => {
            return Sql.quote(column);
        }
        (Value::Text(_), Some(Affinity::Text)) => return Sql.bytewise(column),
        (Value::Integer(_), _) => "integer",
        (Value::Unsigned(_), _) => "unsigned",
        (Value::Float(_), _) => "float",
        (Value::Boolean(_), _) => "boolean",
        (Value::Decimal(_), _) => "decimal",
        (Value::Text(_), _) => "text",
        (Value::Binary(_), _) => "binary",
        (Value::Date(_), _) => "date",
        (Value::Time(_), _) => "time",
        (Value::Timestamp(_) | Value::Instant(_), _) => "timestamp",
    };
    format!("{}({}, '{kind}')", function::NAME, Sql.quote(column))
}

/// A value of the kind that a column of this type is compared with; none for types that are not compared in SQL.
pub(super) fn sample(data_type: &DataType) -> Option<Value> {
    Some(match data_type {
        DataType::Boolean => Value::Boolean(false),
        DataType::Int64 => Value::Integer(0),
        DataType::UInt64 => Value::Unsigned(0),
        DataType::Float64 => Value::Float(0.0),
        DataType::Decimal128(..) => Value::Decimal("0".to_owned()),
        DataType::Utf8 => Value::Text(String::new()),
        DataType::Binary => Value::Binary(Vec::new()),
        DataType::Date32 => Value::Date(0),
        DataType::Time64(TimeUnit::Microsecond) => Value::Time(0),
        DataType::Timestamp(TimeUnit::Microsecond, None) => Value::Timestamp(0),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Value::Instant(0),
        _ => return None,
    })
}

fn conditions(predicate: &Predicate) -> usize {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => 1 + parts.iter().map(conditions).sum::<usize>(),
        Predicate::Not(part) => 1 + conditions(part),
        _ => 1,
    }
}

fn is_exact(predicate: &Predicate, description: &Description) -> bool {
    let fits = |column: &str, value: &Value| {
        let field = description.schema.field_with_name(column);
        let kind = field.ok().and_then(|field| sample(field.data_type()));
        kind.is_some_and(|kind| is_alike(&kind, value)) && Sql.literal(value).is_some()
    };
    match predicate {
        Predicate::Compare { column, value, .. } => fits(column, value),
        Predicate::In { column, values } => !values.is_empty() && values.iter().all(|value| fits(column, value)),
        Predicate::IsNull(column) => description.schema.field_with_name(column).is_ok(),
        Predicate::StartsWith { column, prefix } => fits(column, &Value::Text(prefix.clone())),
        Predicate::All(parts) | Predicate::Any(parts) => {
            !parts.is_empty() && parts.iter().all(|part| is_exact(part, description))
        }
        Predicate::Not(part) => is_exact(part, description),
    }
}

fn is_alike(one: &Value, two: &Value) -> bool {
    use std::mem::discriminant;
    let whole = |value: &Value| matches!(value, Value::Integer(_) | Value::Unsigned(_));
    discriminant(one) == discriminant(two) || whole(one) && whole(two)
}

/// The same predicate with the SQL to compare in the place of each column.
fn with_expressions(predicate: &Predicate, affinities: &Affinities) -> Option<Predicate> {
    let each = |parts: &[Predicate]| -> Option<Vec<Predicate>> {
        parts.iter().map(|part| with_expressions(part, affinities)).collect()
    };
    Some(match predicate {
        Predicate::Compare {
            column,
            comparison,
            value,
        } => Predicate::Compare {
            column: comparable(column, value, affinities),
            comparison: *comparison,
            value: value.clone(),
        },
        Predicate::In { column, values } => Predicate::In {
            column: comparable(column, values.first()?, affinities),
            values: values.clone(),
        },
        Predicate::IsNull(column) => Predicate::IsNull(Sql.quote(column)),
        Predicate::StartsWith { column, prefix } => Predicate::StartsWith {
            column: comparable(column, &Value::Text(String::new()), affinities),
            prefix: prefix.clone(),
        },
        Predicate::All(parts) => Predicate::All(each(parts)?),
        Predicate::Any(parts) => Predicate::Any(each(parts)?),
        Predicate::Not(part) => Predicate::Not(Box::new(with_expressions(part, affinities)?)),
    })
}

/// Writes predicates whose columns are SQL already: [`comparable`] has quoted the names in it.
struct Expressions;

impl Dialect for Expressions {
    fn quote(&self, expression: &str) -> String {
        expression.to_owned()
    }

    fn literal(&self, value: &Value) -> Option<String> {
        Sql.literal(value)
    }

    fn bytewise(&self, expression: &str) -> String {
        expression.to_owned()
    }

    fn starts_with(&self, expression: &str, prefix: &str) -> Option<String> {
        dialect::starts_with(expression, prefix)
    }
}
