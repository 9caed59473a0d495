//! Conditions that the server filters rows by, so that it leaves out those that Arrow's own comparisons would.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};
use tokio_postgres::types::Type;

use super::PostgresDialect;
use super::dialect::{beginning, quoted};
use super::statement::{cast_of, is_converted, is_padded};
use crate::sql::Dialect;
use crate::{Comparison, Description, Predicate, Pushdown, Value};

/// How well the server can filter by a predicate.
pub(super) fn pushdown(predicate: &Predicate, description: &Description) -> Pushdown {
    let field = |column: &str| description.schema.field_with_name(column).ok();
    match predicate {
        Predicate::Compare {
            column,
            comparison,
            value,
        } => field(column).map_or(Pushdown::No, |field| compared(field, *comparison, value)),
        Predicate::In { column, values } => field(column).map_or(Pushdown::No, |field| {
            let each = values.iter().map(|value| compared(field, Comparison::Equal, value));
            each.min().unwrap_or(Pushdown::No)
        }),
        Predicate::IsNull(column) => field(column).map_or(Pushdown::No, |field| known(field, Pushdown::Exact)),
        Predicate::StartsWith { column, prefix } => field(column).map_or(Pushdown::No, |field| {
            let fits = *field.data_type() == DataType::Utf8 && !is_padded(field) && quoted(prefix).is_some();
            known(field, if fits { Pushdown::Exact } else { Pushdown::No })
        }),
        Predicate::All(parts) | Predicate::Any(parts) => parts
            .iter()
            .map(|part| pushdown(part, description))
            .min()
            .unwrap_or(Pushdown::No),
        // What is more than belongs there would be less.
        Predicate::Not(part) => match pushdown(part, description) {
            Pushdown::Exact => Pushdown::Exact,
            Pushdown::Inexact | Pushdown::No => Pushdown::No,
        },
    }
}

/// A scan need not read the columns that it filters by, and then it does not know of casts.
fn known(field: &Field, pushdown: Pushdown) -> Pushdown {
    if cast_of(field).is_some() || is_converted(field) {
        Pushdown::No
    } else {
        pushdown
    }
}

fn compared(field: &Field, comparison: Comparison, value: &Value) -> Pushdown {
    if PostgresDialect.literal(value).is_none() {
        return Pushdown::No;
    }
    let pushdown = match (field.data_type(), value) {
        (DataType::Float32 | DataType::Float64, Value::Float(number)) => float(comparison, *number),
        (DataType::Utf8, Value::Text(_)) if is_padded(field) => match comparison {
            Comparison::Equal => Pushdown::Inexact,
            _ => Pushdown::No,
        },
        (data_type, value) if fits(data_type, value) => Pushdown::Exact,
        _ => Pushdown::No,
    };
    known(field, pushdown)
}

/// Whether a column's values and this one are compared alike here and there.
fn fits(data_type: &DataType, value: &Value) -> bool {
    match (data_type, value) {
        (DataType::Boolean, Value::Boolean(_))
        | (
            DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Decimal128(..) | DataType::Decimal256(..),
            Value::Integer(_) | Value::Unsigned(_),
        )
        | (DataType::Utf8, Value::Text(_))
        | (DataType::Binary, Value::Binary(_))
        | (DataType::Date32, Value::Date(_))
        | (DataType::Time64(_), Value::Time(_))
        | (DataType::Timestamp(_, None), Value::Timestamp(_))
        | (DataType::Timestamp(_, Some(_)), Value::Instant(_)) => true,
        (DataType::Decimal128(..) | DataType::Decimal256(..), Value::Decimal(text)) => is_number(text),
        // Others are no number that the server could compare it with.
        (DataType::UInt32, Value::Integer(number)) => u32::try_from(*number).is_ok(),
        _ => false,
    }
}

/// For Postgres the two zeros are the same, for Arrow the negative one is less. They agree on NaN.
fn float(comparison: Comparison, number: f64) -> Pushdown {
    if number != 0.0 {
        return Pushdown::Exact;
    }
    match comparison {
        Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual => Pushdown::Inexact,
        Comparison::NotEqual | Comparison::Less | Comparison::Greater => Pushdown::No,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

/// A predicate as SQL. `types` are those of its columns. None where something of it cannot be said.
pub(super) fn condition(predicate: &Predicate, types: &HashMap<String, Type>) -> Option<String> {
    let joined = |parts: &[Predicate], with: &str| {
        let parts: Option<Vec<String>> = parts.iter().map(|part| condition(part, types)).collect();
        parts
            .filter(|parts| !parts.is_empty())
            .map(|parts| format!("({})", parts.join(with)))
    };
    match predicate {
        Predicate::Compare {
            column,
            comparison,
            value,
        } => compare(column, types.get(column)?, *comparison, std::slice::from_ref(value)),
        Predicate::In { column, values } => compare(column, types.get(column)?, Comparison::Equal, values),
        Predicate::IsNull(column) => Some(format!("{} is null", PostgresDialect.quote(column))),
        Predicate::StartsWith { column, prefix } => Some(format!(
            "{} like {}",
            bytewise(column, types.get(column)?),
            beginning(prefix)?
        )),
        Predicate::All(parts) => joined(parts, " and "),
        Predicate::Any(parts) => joined(parts, " or "),
        Predicate::Not(part) => Some(format!("not ({})", condition(part, types)?)),
    }
}

fn compare(column: &str, data_type: &Type, comparison: Comparison, values: &[Value]) -> Option<String> {
    let literals: Option<Vec<String>> = values.iter().map(|value| PostgresDialect.literal(value)).collect();
    let literals = literals.filter(|literals| !literals.is_empty())?;
    let name = PostgresDialect.quote(column);
    let with = |left: &str, literals: &[String]| match literals {
        [literal] => format!("{left} {} {literal}", comparison.sql()),
        _ => format!("{left} in ({})", literals.join(", ")),
    };
    let is_text = matches!(values.first(), Some(Value::Text(_)));
    Some(match text_of(data_type) {
        _ if !is_text => with(&name, &literals),
        Text::Padded => with(&name, &literals),
        // An index has the column's own collation. What is equal by its bytes is equal by any.
        Text::Own if comparison == Comparison::Equal => {
            format!(
                "({} and {})",
                with(&name, &literals),
                with(&bytewise(column, data_type), &literals)
            )
        }
        Text::Uuid if values.iter().all(is_uuid) => {
            let literals: Vec<String> = literals.iter().map(|literal| format!("{literal}::uuid")).collect();
            with(&name, &literals)
        }
        Text::Own | Text::Uuid | Text::Other => with(&bytewise(column, data_type), &literals),
    })
}

/// What a column that is text in Arrow is in the database.
enum Text {
    /// Text.
    Own,
    /// Text that is filled up with spaces.
    Padded,
    /// Compared as its text is.
    Uuid,
    /// Something that is read as text.
    Other,
}

fn text_of(data_type: &Type) -> Text {
    match *data_type {
        Type::TEXT | Type::VARCHAR => Text::Own,
        Type::BPCHAR => Text::Padded,
        Type::UUID => Text::Uuid,
        _ => Text::Other,
    }
}

/// A column as something that is compared, and sorted, as Arrow does it.
pub(super) fn bytewise(column: &str, data_type: &Type) -> String {
    match text_of(data_type) {
        Text::Own | Text::Padded => PostgresDialect.bytewise(column),
        Text::Uuid | Text::Other => format!("{}::text collate \"C\"", PostgresDialect.quote(column)),
    }
}

/// Whether a text is a UUID as it is read: `00000000-0000-0000-0000-000000000000`, in lower case.
fn is_uuid(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    let has_place = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(has_place)
}
