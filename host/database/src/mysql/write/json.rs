//! Nested values as JSON.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Number, Value};

/// A value as JSON; an error says why it can't be.
pub(crate) fn json(array: &dyn Array, row: usize) -> Result<Value, String> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::List(_) => list(array.as_list::<i32>().value(row).as_ref())?,
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row).as_ref())?,
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row).as_ref())?,
        DataType::Struct(fields) => {
            let columns = array.as_struct();
            let mut object = Map::new();
            for (field, column) in fields.iter().zip(columns.columns()) {
                object.insert(field.name().clone(), json(column.as_ref(), row)?);
            }
            Value::Object(object)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let mut object = Map::new();
            for entry in 0..entries.len() {
                object.insert(text(entries.column(0), entry)?, json(entries.column(1), entry)?);
            }
            Value::Object(object)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Value::String(text(array, row)?)
        }
        data_type if data_type.is_integer() => {
            let digits = text(array, row)?;
            digits.parse::<Number>().map_or(Value::String(digits), Value::Number)
        }
        data_type if data_type.is_floating() => {
            let digits = text(array, row)?;
            let number = digits.parse::<f64>().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(|| format!("JSON has no number {digits}"))?)
        }
        // Decimals would lose digits as numbers; dates and times have none.
        _ => Value::String(text(array, row)?),
    })
}

fn list(items: &dyn Array) -> Result<Value, String> {
    (0..items.len()).map(|item| json(items, item)).collect()
}

/// A value as Arrow shows it.
pub(crate) fn text(array: &dyn Array, row: usize) -> Result<String, String> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| error.to_string())?;
    formatter.value(row).try_to_string().map_err(|error| error.to_string())
}
