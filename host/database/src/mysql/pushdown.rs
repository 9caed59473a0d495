//! Which predicates MySQL checks as Arrow does.

use arrow::datatypes::{DataType, Field};

use crate::mysql::dialect::MySqlDialect;
use crate::mysql::kind::Kind;
use crate::mysql::statement::CAST;
use crate::sql::{self, Dialect};
use crate::{Comparison, Description, Predicate, Pushdown, Value};

/// How well a predicate can be checked by the server.
pub(crate) fn pushdown(predicate: &Predicate, description: &Description) -> Pushdown {
    if sql::predicate(&MySqlDialect, predicate).is_none() {
        return Pushdown::No;
    }
    of(predicate, description)
}

fn of(predicate: &Predicate, description: &Description) -> Pushdown {
    match predicate {
        Predicate::Compare {
            column,
            comparison,
            value,
        } => compare(column, *comparison, value, description),
        Predicate::In { column, values } => {
            let each = values
                .iter()
                .map(|value| compare(column, Comparison::Equal, value, description));
            each.min().unwrap_or(Pushdown::No)
        }
        Predicate::IsNull(column) => match find(column, description) {
            // A date of zeros is null to `is null`, if its column is not nullable.
            Some((field, _)) if field.is_nullable() && !field.metadata().contains_key(CAST) => Pushdown::Exact,
            _ => Pushdown::No,
        },
        Predicate::StartsWith { column, .. } => {
            compare(column, Comparison::Equal, &Value::Text(String::new()), description)
        }
        Predicate::All(parts) | Predicate::Any(parts) => {
            let each = parts.iter().map(|part| of(part, description));
            each.min().unwrap_or(Pushdown::No)
        }
        Predicate::Not(part) => match of(part, description) {
            Pushdown::Exact => Pushdown::Exact,
            _ => Pushdown::No,
        },
    }
}

fn compare(column: &str, comparison: Comparison, value: &Value, description: &Description) -> Pushdown {
    let Some((field, database_type)) = find(column, description) else {
        return Pushdown::No;
    };
    if field.metadata().contains_key(CAST) || MySqlDialect.literal(value).is_none() {
        return Pushdown::No;
    }
    let kind = Kind::of_type(database_type);
    let is_exact = match (field.data_type(), value) {
        // Text is compared byte by byte, after it has been converted to UTF-8.
        (DataType::Utf8, Value::Text(_)) => kind == Kind::Text,
        (DataType::Boolean, Value::Boolean(_)) => matches!(comparison, Comparison::Equal | Comparison::NotEqual),
        (data_type, Value::Integer(_) | Value::Unsigned(_)) if data_type.is_integer() => kind != Kind::Bits,
        // The two zeros are one to the database and two to Arrow.
        (DataType::Float64, Value::Float(number)) => *number != 0.0,
        (DataType::Binary, Value::Binary(_))
        | (DataType::Date32, Value::Date(_))
        | (
            DataType::Decimal128(..) | DataType::Decimal256(..),
            Value::Integer(_) | Value::Unsigned(_) | Value::Decimal(_),
        )
        | (DataType::Time64(_), Value::Time(_))
        | (DataType::Timestamp(_, None), Value::Timestamp(_))
        | (DataType::Timestamp(_, Some(_)), Value::Instant(_)) => true,
        _ => false,
    };
    if is_exact { Pushdown::Exact } else { Pushdown::No }
}

fn find<'a>(column: &str, description: &'a Description) -> Option<(&'a Field, &'a str)> {
    let (index, field) = description.schema.column_with_name(column)?;
    Some((field, description.columns.get(index)?.database_type.as_str()))
}
