//! The last row by some keys.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType, UInt64Type,
};
use rusqlite::Connection;

use super::columns;
use super::connection::Opener;
use super::decode::Builder;
use super::dialect::Sql;
use super::predicate::{comparable, sample};
use crate::sql::Dialect;
use crate::{Description, Error, Key, Order, Relation, Value};

/// The keys of the last row.
pub(super) fn last(
    opener: &Opener,
    connection: &Connection,
    relation: &Relation,
    keys: &[Key],
    description: &Description,
) -> Result<Option<Vec<Value>>, Error> {
    let affinities = columns::affinities(&columns::of(opener, connection, relation)?);
    let (mut names, mut present, mut order, mut types) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        let data_type = key_type(relation, key, description)?;
        let sample = sample(data_type).ok_or_else(|| unordered(relation, key, data_type))?;
        let backwards = match key.order {
            Order::Ascending => "desc",
            Order::Descending => "asc",
        };
        names.push(Sql.quote(&key.column));
        present.push(format!("{} is not null", Sql.quote(&key.column)));
        order.push(format!("{} {backwards}", comparable(&key.column, &sample, &affinities)));
        types.push(data_type);
    }
    let query = format!(
        "select {} from {} where {} order by {} limit 1",
        names.join(", "),
        columns::from(relation),
        present.join(" and "),
        order.join(", ")
    );
    let failed = |error: rusqlite::Error| columns::reading(opener, relation, &error);
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else {
        return Ok(None);
    };
    let mut last = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().enumerate() {
        let value = row.get_ref(index).map_err(failed)?;
        let mut builder = Builder::new(types[index], 1).ok_or_else(|| unordered(relation, key, types[index]))?;
        builder.append(value).map_err(|reason| Error::Value {
            relation: relation.to_string(),
            column: key.column.clone(),
            reason: format!("the last row {reason}"),
        })?;
        last.push(value_of(&builder.finish(), 0).ok_or_else(|| unordered(relation, key, types[index]))?);
    }
    Ok(Some(last))
}

fn key_type<'a>(relation: &Relation, key: &Key, description: &'a Description) -> Result<&'a DataType, Error> {
    let field = description.schema.field_with_name(&key.column);
    field.map(Field::data_type).map_err(|_| {
        let names: Vec<&str> = description
            .columns
            .iter()
            .take(20)
            .map(|column| column.name.as_str())
            .collect();
        Error::NoColumn {
            relation: relation.to_string(),
            column: key.column.clone(),
            columns: names.join(", "),
        }
    })
}

fn unordered(relation: &Relation, key: &Key, data_type: &DataType) -> Error {
    Error::Config {
        subject: format!("{relation}, column `{}`", key.column),
        reason: format!("a column of type {data_type} does not order rows"),
    }
}

/// A value of an array; none for null and for types that no key has.
pub(super) fn value_of(array: &ArrayRef, row: usize) -> Option<Value> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Int64 => Value::Integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => Value::Unsigned(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => Value::Decimal(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(row).to_vec()),
        DataType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => Value::Time(array.as_primitive::<Time64MicrosecondType>().value(row) * 1_000),
        DataType::Timestamp(_, zone) => {
            let nanoseconds = i128::from(array.as_primitive::<TimestampMicrosecondType>().value(row)) * 1_000;
            match zone {
                None => Value::Timestamp(nanoseconds),
                Some(_) => Value::Instant(nanoseconds),
            }
        }
        _ => return None,
    })
}
