//! Nested values as JSON, for databases without nested types.

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

/// Each value of an array as a JSON text.
pub(crate) fn json(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let text = |row| -> Result<Option<String>, ArrowError> {
        if array.is_null(row) {
            return Ok(None);
        }
        Ok(Some(value(array, row)?.to_string()))
    };
    (0..array.len()).map(text).collect()
}

fn value(array: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::List(_) => items(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => items(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => items(&array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields
                .iter()
                .zip(columns)
                .map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            Value::Object(members.collect::<Result<Map<_, _>, ArrowError>>()?)
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let member = |entry| Ok((array_value_to_string(keys, entry)?, value(values, entry)?));
            Value::Object(
                (0..entries.len())
                    .map(member)
                    .collect::<Result<Map<_, _>, ArrowError>>()?,
            )
        }
        kind if kind.is_numeric() => {
            let text = array_value_to_string(array, row)?;
            // What JSON has no number for, such as infinity, is a text.
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        _ => Value::String(array_value_to_string(array, row)?),
    })
}

fn items(array: &ArrayRef) -> Result<Value, ArrowError> {
    let items = (0..array.len()).map(|row| value(array, row));
    Ok(Value::Array(items.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ListArray;
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn lists_become_json() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None]);
        let lists: ArrayRef = Arc::new(lists);
        let texts = json(&lists).expect("they are lists");
        assert_eq!((texts.value(0), texts.is_null(1)), ("[1,null]", true));
    }
}
