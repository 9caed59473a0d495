//! Small answers, such as those about tokens.

use arrow::array::RecordBatch;

use crate::Value;

use super::arrow_value::value_at;
use super::{Fault, Session};

/// Rows of an answer that is known to be small.
const SMALL: usize = 1_024;

/// The rows of a query.
pub(crate) fn rows(session: &mut impl Session, sql: &str) -> Result<Vec<Vec<Option<Value>>>, Fault> {
    let mut rows = Vec::new();
    let mut take = |batch: RecordBatch| {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| value_at(column, row)).collect());
        }
        Ok(true)
    };
    session.query(sql, SMALL, &mut take)?;
    Ok(rows)
}

/// The first column of the first row, if it is a number.
pub(crate) fn number(session: &mut impl Session, sql: &str) -> Result<Option<i64>, Fault> {
    let rows = rows(session, sql)?;
    Ok(rows.into_iter().next().and_then(|row| integer(row.into_iter().next()?)))
}

/// A whole number, whatever type the driver has it in.
pub(crate) fn integer(value: Option<Value>) -> Option<i64> {
    match value? {
        Value::Integer(value) => Some(value),
        Value::Unsigned(value) => i64::try_from(value).ok(),
        Value::Boolean(value) => Some(i64::from(value)),
        Value::Decimal(text) | Value::Text(text) => text.split('.').next()?.parse().ok(),
        Value::Float(value) => Some(value as i64),
        _ => None,
    }
}

/// A text.
pub(crate) fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::Text(text) => Some(text),
        Value::Binary(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}
