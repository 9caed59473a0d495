//! How well a database can filter.

use arrow::datatypes::{DataType, Field, Schema};

use crate::sql;
use crate::{Comparison, Predicate, Pushdown, Value};

use super::Dbms;

/// How well a database of this kind can filter columns of these types.
pub(crate) fn pushdown(dbms: Dbms, predicate: &Predicate, schema: &Schema) -> Pushdown {
    if sql::predicate(&dbms, predicate).is_none() {
        return Pushdown::No;
    }
    judge(dbms, predicate, schema)
}

fn judge(dbms: Dbms, predicate: &Predicate, schema: &Schema) -> Pushdown {
    let field = |column: &str| schema.field_with_name(column).ok();
    match predicate {
        Predicate::IsNull(_) => Pushdown::Exact,
        Predicate::Compare {
            column,
            comparison,
            value,
        } => field(column).map_or(Pushdown::No, |field| {
            compare(dbms, field.data_type(), *comparison, value)
        }),
        Predicate::In { column, values } => field(column).map_or(Pushdown::No, |field| {
            worst(
                values
                    .iter()
                    .map(|value| compare(dbms, field.data_type(), Comparison::Equal, value)),
            )
        }),
        Predicate::StartsWith { column, .. } => match field(column).map(Field::data_type) {
            Some(DataType::Utf8) if matches!(dbms, Dbms::Postgres | Dbms::Duckdb) => Pushdown::Exact,
            // Elsewhere upper and lower case may be the same.
            Some(DataType::Utf8) => Pushdown::Inexact,
            _ => Pushdown::No,
        },
        Predicate::All(parts) | Predicate::Any(parts) => worst(parts.iter().map(|part| judge(dbms, part, schema))),
        // What leaves out too little, negated leaves out too much.
        Predicate::Not(part) => match judge(dbms, part, schema) {
            Pushdown::Exact => Pushdown::Exact,
            _ => Pushdown::No,
        },
    }
}

fn worst(parts: impl Iterator<Item = Pushdown>) -> Pushdown {
    parts.min().unwrap_or(Pushdown::Exact)
}

fn compare(dbms: Dbms, data_type: &DataType, comparison: Comparison, value: &Value) -> Pushdown {
    let fits = match value {
        Value::Boolean(_) => *data_type == DataType::Boolean,
        Value::Integer(_) | Value::Unsigned(_) => data_type.is_integer() || data_type.is_decimal(),
        Value::Decimal(_) => data_type.is_decimal() && dbms != Dbms::Sqlite,
        Value::Binary(_) => *data_type == DataType::Binary && comparison == Comparison::Equal,
        Value::Date(_) => *data_type == DataType::Date32,
        Value::Time(_) => matches!(data_type, DataType::Time64(_)),
        Value::Timestamp(_) => matches!(data_type, DataType::Timestamp(_, None)),
        Value::Instant(_) => matches!(data_type, DataType::Timestamp(_, Some(_))),
        Value::Text(_) if *data_type == DataType::Utf8 => return compare_text(dbms, comparison),
        // A float that is not a number is larger than all in one database, and none in another.
        Value::Text(_) | Value::Float(_) => false,
    };
    if fits { Pushdown::Exact } else { Pushdown::No }
}

fn compare_text(dbms: Dbms, comparison: Comparison) -> Pushdown {
    match dbms {
        // Others' blanks at the end of a text may count for nothing, and SQL Server compares UTF-16.
        Dbms::Postgres | Dbms::Sqlite | Dbms::Duckdb => Pushdown::Exact,
        _ if comparison == Comparison::Equal => Pushdown::Inexact,
        _ => Pushdown::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_agree_on_is_exact() {
        let schema = Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("t", DataType::Utf8, true),
        ]);
        let compare = |column: &str, comparison, value| Predicate::Compare {
            column: column.to_owned(),
            comparison,
            value,
        };
        let number = compare("n", Comparison::Less, Value::Integer(1));
        let text = compare("t", Comparison::Equal, Value::Text("x".to_owned()));
        let order = compare("t", Comparison::Less, Value::Text("x".to_owned()));
        assert_eq!(pushdown(Dbms::Standard, &number, &schema), Pushdown::Exact);
        assert_eq!(pushdown(Dbms::Standard, &text, &schema), Pushdown::Inexact);
        assert_eq!(pushdown(Dbms::Standard, &order, &schema), Pushdown::No);
        assert_eq!(pushdown(Dbms::Postgres, &order, &schema), Pushdown::Exact);
        let not = Predicate::Not(Box::new(text.clone()));
        assert_eq!(pushdown(Dbms::Mysql, &not, &schema), Pushdown::No);
        let any = Predicate::Any(vec![number, text]);
        assert_eq!(pushdown(Dbms::Mysql, &any, &schema), Pushdown::Inexact);
        let unknown = compare("x", Comparison::Equal, Value::Integer(1));
        assert_eq!(pushdown(Dbms::Postgres, &unknown, &schema), Pushdown::No);
    }
}
