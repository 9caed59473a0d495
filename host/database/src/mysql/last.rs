//! The last row by some keys.

use arrow::datatypes::DataType;
use mysql_async::Value as Wire;
use mysql_async::prelude::Queryable;

use crate::mysql::decode::{boolean, date, integer, time, timestamp};
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::failure::during;
use crate::mysql::session::Session;
use crate::mysql::statement;
use crate::sql::Dialect;
use crate::{Description, Error, Key, Order, Relation, Value};

/// The keys of the last row.
pub(crate) async fn last(
    session: &mut Session,
    relation: &Relation,
    keys: &[Key],
    description: &Description,
) -> Result<Option<Vec<Value>>, Error> {
    let (mut expressions, mut conditions, mut order, mut types) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        let Some((_, field)) = description.schema.column_with_name(&key.column) else {
            let names: Vec<&str> = description.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(Error::NoColumn {
                relation: relation.to_string(),
                column: key.column.clone(),
                columns: names.join(", "),
            });
        };
        let name = MySqlDialect.quote(&key.column);
        let by = match field.data_type() {
            DataType::Utf8 => MySqlDialect.bytewise(&key.column),
            _ => name.clone(),
        };
        let direction = match key.order {
            Order::Ascending => "desc",
            Order::Descending => "asc",
        };
        expressions.push(statement::expression(field));
        conditions.push(format!("{name} is not null"));
        order.push(format!("{by} {direction}"));
        types.push((&key.column, field.data_type()));
    }
    let sql = format!(
        "{} where {} order by {} limit 1",
        statement::select(relation, &expressions.join(", ")),
        conditions.join(" and "),
        order.join(", ")
    );
    let row: Result<Option<mysql_async::Row>, _> = session.connection.exec_first(sql, ()).await;
    let row =
        row.map_err(|failure| during(&session.target, &format!("to find the last row of {relation}"), failure))?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut values = Vec::with_capacity(types.len());
    for (index, (column, data_type)) in types.into_iter().enumerate() {
        let wire = row.as_ref(index).unwrap_or(&Wire::NULL);
        let value = value(wire, data_type).map_err(|reason| Error::Value {
            relation: relation.to_string(),
            column: column.clone(),
            reason,
        })?;
        values.push(value);
    }
    Ok(Some(values))
}

fn value(wire: &Wire, data_type: &DataType) -> Result<Value, String> {
    Ok(match (data_type, wire) {
        (DataType::Boolean, wire) => Value::Boolean(boolean(wire)?),
        (DataType::UInt64, wire) => Value::Unsigned(integer(wire)?),
        (data_type, wire) if data_type.is_integer() => Value::Integer(integer(wire)?),
        (DataType::Decimal128(..) | DataType::Decimal256(..), Wire::Bytes(text)) => Value::Decimal(utf8(text)?),
        (DataType::Utf8, Wire::Bytes(text)) => Value::Text(utf8(text)?),
        (DataType::Binary, Wire::Bytes(bytes)) => Value::Binary(bytes.clone()),
        (DataType::Date32, wire) => {
            Value::Date(i32::try_from(date(wire)?).map_err(|_| "the date is out of range".to_owned())?)
        }
        (DataType::Time64(_), wire) => Value::Time(time(wire)? * 1000),
        (DataType::Timestamp(_, None), wire) => Value::Timestamp(i128::from(timestamp(wire)?) * 1000),
        (DataType::Timestamp(_, Some(_)), wire) => Value::Instant(i128::from(timestamp(wire)?) * 1000),
        (DataType::Float64, Wire::Double(number)) => Value::Float(*number),
        (DataType::Float32 | DataType::Float64, Wire::Float(number)) => Value::Float(f64::from(*number)),
        (other, _) => return Err(format!("{other} is no type of keys")),
    })
}

fn utf8(text: &[u8]) -> Result<String, String> {
    String::from_utf8(text.to_vec()).map_err(|_| "the text is not UTF-8".to_owned())
}
