//! Parts of a relation by ranges of a column.

use arrow::datatypes::Schema;
use rusqlite::Connection;
use rusqlite::types::Value as Held;

use super::columns;
use super::connection::Opener;
use super::dialect::Sql;
use super::predicate::{Affinities, comparable, sample};
use crate::sql::Dialect;
use crate::{Error, Relation, Value};

/// Row numbers in a part at least: fewer are not worth a connection.
const ROWIDS: i128 = 20_000;

/// Parts by row numbers. The first and the last are open at their ends, for rows that come until they are read.
pub(super) fn of_rowids(rowid: &str, (least, most): (i64, i64), parts: usize) -> Vec<Option<String>> {
    let span = i128::from(most) - i128::from(least) + 1;
    let parts = (span / ROWIDS).clamp(1, parts as i128);
    let starts = (1..parts).map(|part| (i128::from(least) + span * part / parts).to_string());
    ranges(rowid, &starts.collect::<Vec<String>>(), None)
}

/// Parts by the values of a column. Rows in which it is null are in the first.
pub(super) fn of_column(
    opener: &Opener,
    connection: &Connection,
    relation: &Relation,
    column: &str,
    schema: &Schema,
    affinities: &Affinities,
    parts: usize,
) -> Result<Vec<Option<String>>, Error> {
    let refused = |reason: String| Error::Config {
        subject: format!("`split_by` of {relation}"),
        reason,
    };
    if !affinities.contains_key(column) {
        return Err(refused(format!("there is no column `{column}`")));
    }
    let kind = match schema.field_with_name(column) {
        Ok(field) => sample(field.data_type()),
        // A column that is not read is split by the numbers it holds.
        Err(_) => Some(Value::Integer(0)),
    };
    let is_ordered = |kind: &Value| {
        !matches!(
            kind,
            Value::Boolean(_) | Value::Decimal(_) | Value::Text(_) | Value::Binary(_)
        )
    };
    let Some(kind) = kind.filter(is_ordered) else {
        return Err(refused(format!(
            "the column `{column}` does not hold whole numbers, floating point numbers, dates or timestamps"
        )));
    };
    let expression = comparable(column, &kind, affinities);
    let ends = format!(
        "select min({expression}), max({expression}) from {}",
        columns::from(relation)
    );
    let ends = connection.query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let starts = match ends.map_err(|error| columns::reading(opener, relation, &error))? {
        (Held::Integer(least), Held::Integer(most)) => whole_starts(least, most, parts),
        (Held::Real(least), Held::Real(most)) => float_starts(least, most, parts),
        _ => Vec::new(),
    };
    Ok(ranges(&expression, &starts, Some(&Sql.quote(column))))
}

fn whole_starts(least: i64, most: i64, parts: usize) -> Vec<String> {
    let span = i128::from(most) - i128::from(least) + 1;
    let parts = span.clamp(1, parts as i128);
    (1..parts)
        .map(|part| (i128::from(least) + span * part / parts).to_string())
        .collect()
}

fn float_starts(least: f64, most: f64, parts: usize) -> Vec<String> {
    let step = (most - least) / parts as f64;
    if !step.is_normal() {
        return Vec::new();
    }
    let starts = (1..parts).filter_map(|part| Sql.literal(&Value::Float(least + step * part as f64)));
    starts.collect()
}

/// One range more than there are starts.
fn ranges(expression: &str, starts: &[String], nullable: Option<&str>) -> Vec<Option<String>> {
    let Some((first, last)) = starts.first().zip(starts.last()) else {
        return vec![None];
    };
    let nulls = nullable
        .map(|column| format!(" or {column} is null"))
        .unwrap_or_default();
    let mut ranges = vec![Some(format!("({expression} < {first}{nulls})"))];
    let between = starts
        .windows(2)
        .map(|pair| Some(format!("{expression} >= {} and {expression} < {}", pair[0], pair[1])));
    ranges.extend(between);
    ranges.push(Some(format!("{expression} >= {last}")));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_numbers_are_split_without_gaps() {
        let parts = of_rowids("rowid", (1, 100_000), 2);
        assert_eq!(
            parts,
            [Some("(rowid < 50001)".to_owned()), Some("rowid >= 50001".to_owned())]
        );
        assert_eq!(of_rowids("rowid", (i64::MIN, i64::MAX), 8).len(), 8);
        assert_eq!(of_rowids("rowid", (1, 10), 8), [None]);
    }
}
