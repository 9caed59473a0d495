//! From Arrow to the protocol's values.

use arrow::array::cast::AsArray;
use arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow::datatypes::DataType;
use tiberius::numeric::Numeric;
use tiberius::{ColumnData, time};

use crate::generic::Fault;

const SINCE_1: i64 = 719_162;
const LAST_DAY: i64 = 3_652_058;
const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;

/// A value of a column, in the types that staging tables have.
pub(crate) fn value(column: &ArrayRef, row: usize) -> Result<ColumnData<'static>, Fault> {
    let valid = column.is_valid(row);
    Ok(match column.data_type() {
        DataType::Boolean => ColumnData::Bit(valid.then(|| column.as_boolean().value(row))),
        DataType::Int16 => ColumnData::I16(number::<Int16Type>(column, row)),
        DataType::Int32 => ColumnData::I32(number::<Int32Type>(column, row)),
        DataType::Int64 => ColumnData::I64(number::<Int64Type>(column, row)),
        DataType::Float32 => ColumnData::F32(number::<Float32Type>(column, row)),
        DataType::Float64 => ColumnData::F64(number::<Float64Type>(column, row)),
        DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).unwrap_or_default();
            let value = number::<Decimal128Type>(column, row);
            ColumnData::Numeric(value.map(|value| Numeric::new_with_scale(value, scale)))
        }
        DataType::Date32 => {
            let value = number::<Date32Type>(column, row);
            ColumnData::Date(value.map(|days| date(days.into())).transpose()?)
        }
        DataType::Time64(_) => {
            let value = number::<Time64MicrosecondType>(column, row);
            ColumnData::Time(value.map(time_of_day))
        }
        DataType::Timestamp(_, None) => {
            let value = number::<TimestampMicrosecondType>(column, row);
            ColumnData::DateTime2(value.map(datetime2).transpose()?)
        }
        DataType::Timestamp(_, Some(_)) => {
            let value = number::<TimestampMicrosecondType>(column, row)
                .map(datetime2)
                .transpose()?;
            ColumnData::DateTimeOffset(value.map(|value| time::DateTimeOffset::new(value, 0)))
        }
        DataType::Binary => ColumnData::Binary(valid.then(|| column.as_binary::<i32>().value(row).to_vec().into())),
        _ => ColumnData::String(valid.then(|| column.as_string::<i32>().value(row).to_owned().into())),
    })
}

fn number<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.as_primitive::<T>().value(row))
}

fn date(days: i64) -> Result<time::Date, Fault> {
    let since = days + SINCE_1;
    if !(0..=LAST_DAY).contains(&since) {
        return Err(Fault::new(
            "a date is not between the years 1 and 9999, which is all that the server has",
            None,
        ));
    }
    Ok(time::Date::new(since as u32))
}

fn time_of_day(microseconds: i64) -> time::Time {
    time::Time::new(microseconds as u64, 6)
}

fn datetime2(microseconds: i64) -> Result<time::DateTime2, Fault> {
    let day = date(microseconds.div_euclid(MICROSECONDS_OF_DAY))?;
    Ok(time::DateTime2::new(
        day,
        time_of_day(microseconds.rem_euclid(MICROSECONDS_OF_DAY)),
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn values_have_the_types_of_staging_tables() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        assert_eq!(value(&numbers, 0), Ok(ColumnData::I64(Some(1))));
        assert_eq!(value(&numbers, 1), Ok(ColumnData::I64(None)));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["'; --"]));
        assert_eq!(value(&texts, 0), Ok(ColumnData::String(Some("'; --".into()))));
        let moments: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1]));
        let before = time::DateTime2::new(time::Date::new(719_161), time::Time::new(86_399_999_999, 6));
        assert_eq!(value(&moments, 0), Ok(ColumnData::DateTime2(Some(before))));
        assert!(date(-800_000).is_err() && date(2_932_897).is_err() && date(2_932_896).is_ok());
    }
}
