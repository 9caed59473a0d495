//! The last row in the order of some keys.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Field, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Schema, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt32Type,
};

use super::describe::{no_column, prepare};
use super::filter::bytewise;
use super::statement::{cast_of, column, read_column, source};
use super::{Postgres, part};
use crate::{Description, Driver, Error, Key, Order, Relation, Value};

/// The keys of the last row.
pub(super) async fn last(
    database: &Postgres,
    relation: &Relation,
    keys: &[Key],
    description: &Description,
) -> Result<Option<Vec<Value>>, Error> {
    if keys.is_empty() {
        return Err(Error::Config {
            subject: format!("the last row of {relation}"),
            reason: "no key says which one that is".to_owned(),
        });
    }
    let mut connection = database.session().await?;
    let mut fields: Vec<Arc<Field>> = Vec::with_capacity(keys.len());
    for key in keys {
        let found = description
            .schema
            .fields()
            .iter()
            .find(|field| *field.name() == key.column);
        let names = description.schema.fields().iter().map(|field| field.name().as_str());
        fields.push(Arc::clone(
            found.ok_or_else(|| no_column(relation, &key.column, names))?,
        ));
    }
    let columns: Vec<String> = fields.iter().map(|field| column(field)).collect();
    let statement = format!("select {} from {}", columns.join(", "), source(relation));
    let prepared = prepare(&connection, relation, &statement).await?;
    let mut read = Vec::with_capacity(fields.len());
    let mut order = Vec::with_capacity(fields.len());
    let mut conditions = Vec::with_capacity(fields.len());
    let mut wires = Vec::with_capacity(fields.len());
    for ((field, key), found) in fields.iter().zip(keys).zip(prepared.columns()) {
        let reading = database.reading(found.type_(), found.type_modifier());
        let sorted = match (field.data_type(), cast_of(field)) {
            // It knows no other order.
            _ if database.driver() == Driver::Redshift => column(field),
            (DataType::Utf8, None) => bytewise(field.name(), found.type_()),
            (DataType::Utf8, Some(_)) => format!("({})::text collate \"C\"", column(field)),
            _ => column(field),
        };
        // The last row is the first of the other direction.
        let direction = match key.order {
            Order::Ascending => "desc",
            Order::Descending => "asc",
        };
        order.push(format!("{sorted} {direction}"));
        conditions.push(format!("{} is not null", column(field)));
        read.push(read_column(field, &reading));
        wires.push(reading.wire);
    }
    let statement = format!(
        "select {} from {} where {} order by {} limit 1",
        read.join(", "),
        source(relation),
        conditions.join(" and "),
        order.join(", ")
    );
    let schema = Schema::new(
        wires
            .iter()
            .zip(&fields)
            .map(|(wire, field)| Field::new(field.name(), wire.arrow(), true))
            .collect::<Vec<_>>(),
    );
    let schema = Arc::new(schema);
    let batch = part::few(
        database,
        &mut connection,
        relation.to_string(),
        &statement,
        schema,
        wires,
    )
    .await?;
    let Some(batch) = batch.filter(|batch| batch.num_rows() > 0) else {
        return Ok(None);
    };
    let values = batch.columns().iter().zip(keys).map(|(array, key)| {
        value(array).ok_or_else(|| Error::Value {
            relation: relation.to_string(),
            column: key.column.clone(),
            reason: format!("a value of the type {} cannot be a bookmark", array.data_type()),
        })
    });
    values.collect::<Result<_, _>>().map(Some)
}

/// The first value of an array; none where it is of a kind that nothing is compared with.
fn value(array: &dyn Array) -> Option<Value> {
    Some(match array.data_type() {
        DataType::Boolean => Value::Boolean(array.as_boolean().value(0)),
        DataType::Int16 => Value::Integer(array.as_primitive::<Int16Type>().value(0).into()),
        DataType::Int32 => Value::Integer(array.as_primitive::<Int32Type>().value(0).into()),
        DataType::Int64 => Value::Integer(array.as_primitive::<Int64Type>().value(0)),
        DataType::UInt32 => Value::Integer(array.as_primitive::<UInt32Type>().value(0).into()),
        DataType::Float32 => finite(array.as_primitive::<Float32Type>().value(0).into())?,
        DataType::Float64 => finite(array.as_primitive::<Float64Type>().value(0))?,
        DataType::Decimal128(..) => Value::Decimal(array.as_primitive::<Decimal128Type>().value_as_string(0)),
        DataType::Decimal256(..) => Value::Decimal(array.as_primitive::<Decimal256Type>().value_as_string(0)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(0).to_owned()),
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(0).to_owned()),
        DataType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(0)),
        DataType::Time64(_) => Value::Time(array.as_primitive::<Time64MicrosecondType>().value(0) * 1000),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let time = i128::from(array.as_primitive::<TimestampMicrosecondType>().value(0)) * 1000;
            if zone.is_some() {
                Value::Instant(time)
            } else {
                Value::Timestamp(time)
            }
        }
        _ => return None,
    })
}

fn finite(number: f64) -> Option<Value> {
    number.is_finite().then_some(Value::Float(number))
}
