//! Dividing a table into parts of about the same size.

use arrow::datatypes::{DataType, Schema};

use crate::mysql::catalog;
use crate::mysql::dialect::{MySqlDialect, days};
use crate::mysql::session::{Session, text};
use crate::mysql::statement::{self, CAST};
use crate::sql::{Dialect, predicate};
use crate::{Error, Relation, ScanRequest, Value};

/// A table below this size is read faster by one connection.
const MIN_ROWS: u64 = 20_000;

/// Conditions that divide the rows, each row in one of them; a single part needs none.
pub(crate) async fn ranges(session: &mut Session, request: &ScanRequest, parts: usize) -> Result<Vec<String>, Error> {
    if parts < 2 || request.limit.is_some() {
        return Ok(Vec::new());
    }
    let column = match (&request.split_by, &request.relation) {
        (Some(column), _) => Some(column.clone()),
        (None, Relation::Table(name)) => {
            let table = catalog::table(session, name).await?;
            let divides = table.is_some_and(|table| {
                let transactional = table.engine.is_some_and(|engine| engine.eq_ignore_ascii_case("innodb"));
                transactional && table.rows.unwrap_or(0) >= MIN_ROWS
            });
            if divides {
                catalog::primary_key(session, name).await?.into_iter().next()
            } else {
                None
            }
        }
        (None, Relation::Query(_)) => None,
    };
    let Some(column) = column else {
        return Ok(Vec::new());
    };
    let Some((low, high, kind)) = extremes(session, request, &column).await? else {
        return Ok(Vec::new());
    };
    Ok(divide(&column, low, high, kind, parts))
}

/// What a column is split as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Numbers,
    Days,
    Microseconds,
}

/// The least and the greatest value; none where the column is of no type that is split, or has no values.
async fn extremes(
    session: &mut Session,
    request: &ScanRequest,
    column: &str,
) -> Result<Option<(i128, i128, Scale)>, Error> {
    let name = MySqlDialect.quote(column);
    let condition = request
        .predicate
        .as_ref()
        .and_then(|condition| predicate(&MySqlDialect, condition));
    let filter = condition
        .map(|condition| format!(" where {condition}"))
        .unwrap_or_default();
    let sql = statement::select(&request.relation, &format!("min({name}), max({name})"));
    let doing = format!("to say between which values `{column}` of {} lies", request.relation);
    let rows = session.rows(&format!("{sql}{filter}"), &doing).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (Some(low), Some(high)) = (text(row, 0), text(row, 1)) else {
        return Ok(None);
    };
    let known = field_type(&request.schema, column);
    let parsed = |text: &str| -> Option<(i128, Scale)> {
        // What the server sends decides, as the column need not be among those that are read.
        let is_number = known.as_ref().is_none_or(DataType::is_numeric);
        if is_number && let Some(whole) = number(text) {
            return Some((whole, Scale::Numbers));
        }
        moment(text)
    };
    match (parsed(&low), parsed(&high)) {
        (Some((low, scale)), Some((high, other))) if scale == other => Ok(Some((low, high, scale))),
        _ if request.split_by.is_some() => Err(Error::Config {
            subject: "`split_by`".to_owned(),
            reason: format!(
                "`{column}` of {} is split by numbers, dates or timestamps, and holds others",
                request.relation
            ),
        }),
        _ => Ok(None),
    }
}

fn field_type(schema: &Schema, column: &str) -> Option<DataType> {
    let (_, field) = schema.column_with_name(column)?;
    (!field.metadata().contains_key(CAST)).then(|| field.data_type().clone())
}

fn number(text: &str) -> Option<i128> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok()
}

fn moment(text: &str) -> Option<(i128, Scale)> {
    let (date, time) = text
        .split_once(' ')
        .map_or((text, None), |(date, time)| (date, Some(time)));
    let mut fields = date.splitn(3, '-').map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    if month == 0 || day == 0 {
        return None;
    }
    let day = i128::from(days(year, month, day));
    let Some(time) = time else {
        return Some((day, Scale::Days));
    };
    let mut seconds = 0;
    for field in time.split_once('.').map_or(time, |(whole, _)| whole).split(':') {
        seconds = seconds * 60 + field.parse::<i128>().ok()?;
    }
    Some(((day * 86_400 + seconds) * 1_000_000, Scale::Microseconds))
}

/// Parts of equal width. The first and the last are open, as there may be more rows by the time that they are read, and
/// the first holds rows without a value.
fn divide(column: &str, low: i128, high: i128, scale: Scale, parts: usize) -> Vec<String> {
    let name = MySqlDialect.quote(column);
    let span = high - low;
    let mut bounds: Vec<i128> = (1..parts as i128)
        .map(|part| low + span * part / parts as i128)
        .collect();
    bounds.dedup();
    bounds.retain(|bound| *bound > low);
    let literals: Option<Vec<String>> = bounds.iter().map(|bound| literal(*bound, scale)).collect();
    let Some(literals) = literals.filter(|literals| !literals.is_empty()) else {
        return Vec::new();
    };
    let mut ranges = vec![format!("{name} < {} or {name} is null", literals[0])];
    for pair in literals.windows(2) {
        ranges.push(format!("{name} >= {} and {name} < {}", pair[0], pair[1]));
    }
    ranges.push(format!("{name} >= {}", literals[literals.len() - 1]));
    ranges
}

fn literal(bound: i128, scale: Scale) -> Option<String> {
    MySqlDialect.literal(&match scale {
        Scale::Numbers => Value::Decimal(bound.to_string()),
        Scale::Days => Value::Date(i32::try_from(bound).ok()?),
        Scale::Microseconds => Value::Timestamp(bound * 1000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_value_once() {
        let ranges = divide("id", 1, 101, Scale::Numbers, 4);
        assert_eq!(
            ranges,
            [
                "`id` < 26 or `id` is null",
                "`id` >= 26 and `id` < 51",
                "`id` >= 51 and `id` < 76",
                "`id` >= 76"
            ]
        );
        assert!(divide("id", 5, 5, Scale::Numbers, 4).is_empty());
        assert_eq!(divide("id", 1, 2, Scale::Numbers, 2), Vec::<String>::new());
        assert_eq!(
            moment("1970-01-02 00:00:01.5"),
            Some((86_401_000_000, Scale::Microseconds))
        );
    }
}
