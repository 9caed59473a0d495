//! Single values out of Arrow arrays.

use arrow::array::cast::AsArray;
use arrow::array::types::{Date32Type, Float64Type, Int64Type, UInt64Type};
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::array_value_to_string;

use crate::Value;

/// A value of an array; none for null, and for types that are no single values.
pub(crate) fn value_at(array: &ArrayRef, row: usize) -> Option<Value> {
    if array.is_null(row) {
        return None;
    }
    let one = array.slice(row, 1);
    let converted = |to: &DataType| cast(&one, to).ok().filter(|array| !array.is_null(0));
    Some(match array.data_type() {
        DataType::Boolean => Value::Boolean(one.as_boolean().value(0)),
        DataType::UInt64 => Value::Unsigned(one.as_primitive::<UInt64Type>().value(0)),
        kind if kind.is_integer() => Value::Integer(converted(&DataType::Int64)?.as_primitive::<Int64Type>().value(0)),
        kind if kind.is_floating() => {
            Value::Float(converted(&DataType::Float64)?.as_primitive::<Float64Type>().value(0))
        }
        kind if kind.is_decimal() => Value::Decimal(array_value_to_string(&one, 0).ok()?),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Value::Text(converted(&DataType::Utf8)?.as_string::<i32>().value(0).to_owned())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Value::Binary(converted(&DataType::Binary)?.as_binary::<i32>().value(0).to_vec())
        }
        DataType::Date32 | DataType::Date64 => {
            Value::Date(converted(&DataType::Date32)?.as_primitive::<Date32Type>().value(0))
        }
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let units = match unit {
                TimeUnit::Second | TimeUnit::Millisecond => {
                    let units = converted(&DataType::Int32)?;
                    i64::from(units.as_primitive::<arrow::datatypes::Int32Type>().value(0))
                }
                _ => converted(&DataType::Int64)?.as_primitive::<Int64Type>().value(0),
            };
            Value::Time(units.checked_mul(i64::try_from(nanoseconds(*unit)).ok()?)?)
        }
        DataType::Timestamp(unit, zone) => {
            let units = converted(&DataType::Int64)?.as_primitive::<Int64Type>().value(0);
            let moment = i128::from(units) * nanoseconds(*unit);
            if zone.is_some() {
                Value::Instant(moment)
            } else {
                Value::Timestamp(moment)
            }
        }
        _ => return None,
    })
}

/// How many there are in a unit.
fn nanoseconds(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, Int32Array, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn values_keep_their_meaning() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        assert_eq!(value_at(&numbers, 0), Some(Value::Integer(7)));
        assert_eq!(value_at(&numbers, 1), None);
        let moments: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![5]).with_timezone("UTC"));
        assert_eq!(value_at(&moments, 0), Some(Value::Instant(5_000)));
        let decimals = Decimal128Array::from(vec![-1250]).with_precision_and_scale(9, 2);
        let decimals: ArrayRef = Arc::new(decimals.expect("that is a precision"));
        assert_eq!(value_at(&decimals, 0), Some(Value::Decimal("-12.50".to_owned())));
    }
}
