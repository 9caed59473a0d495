//! From buffers to Arrow.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::types::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryBuilder, BooleanArray, Date32Array, PrimitiveArray, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use chrono::NaiveDate;
use odbc_api::buffers::{AnyColumnBufferSlice, ColumnarDynBuffer, NullableSlice};
use odbc_api::sys::{Date, Timestamp};
use odbc_api::{Bit, Pod};

use crate::Error;
use crate::generic::Fault;

use super::columns::Column;

/// The rows in a buffer.
pub(crate) fn batch(buffer: &ColumnarDynBuffer, columns: &[Column], schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    let arrays = columns.iter().enumerate().map(|(index, column)| {
        let wanted = column.field.data_type();
        array(buffer.column(index), wanted).map_err(|reason| {
            Fault::from(Error::Value {
                relation: "the result".to_owned(),
                column: column.field.name().clone(),
                reason: format!(
                    "{reason}; read it as text: `schema = {{ {} = \"text\" }}`",
                    column.field.name()
                ),
            })
        })
    });
    let arrays = arrays.collect::<Result<Vec<_>, Fault>>()?;
    RecordBatch::try_new(SchemaRef::clone(schema), arrays).map_err(|error| Fault::new(error.to_string(), None))
}

fn array(slice: AnyColumnBufferSlice<'_>, wanted: &DataType) -> Result<ArrayRef, String> {
    match wanted {
        DataType::Int8 => numbers::<Int8Type>(slice, wanted),
        DataType::UInt8 => numbers::<UInt8Type>(slice, wanted),
        DataType::Int16 => numbers::<Int16Type>(slice, wanted),
        DataType::Int32 | DataType::UInt16 => numbers::<Int32Type>(slice, wanted),
        DataType::Int64 | DataType::UInt32 => numbers::<Int64Type>(slice, wanted),
        DataType::Float32 => numbers::<Float32Type>(slice, wanted),
        DataType::Float64 => numbers::<Float64Type>(slice, wanted),
        DataType::Boolean => {
            let bits = nullable::<Bit>(slice)?;
            Ok(Arc::new(
                bits.map(|bit| bit.map(|bit| bit.as_bool())).collect::<BooleanArray>(),
            ))
        }
        DataType::Date32 => {
            let dates = nullable::<Date>(slice)?;
            let days = dates.map(|date| date.copied().map(days).transpose());
            Ok(Arc::new(days.collect::<Result<Date32Array, String>>()?))
        }
        DataType::Timestamp(unit, _) => moments(nullable::<Timestamp>(slice)?, *unit),
        DataType::Binary => bytes(slice),
        DataType::Utf8 => texts(slice).map(|texts| Arc::new(texts) as ArrayRef),
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => decimals(&texts(slice)?, wanted, *scale),
        _ => cast(&(Arc::new(texts(slice)?) as ArrayRef), wanted),
    }
}

fn nullable<T: Pod>(slice: AnyColumnBufferSlice<'_>) -> Result<NullableSlice<'_, T>, String> {
    slice
        .as_nullable_slice::<T>()
        .ok_or_else(|| "the driver has it in another type than it said".to_owned())
}

fn numbers<T>(slice: AnyColumnBufferSlice<'_>, wanted: &DataType) -> Result<ArrayRef, String>
where
    T: ArrowPrimitiveType,
    T::Native: Pod,
{
    let numbers: PrimitiveArray<T> = nullable::<T::Native>(slice)?
        .map(Option::<&T::Native>::copied)
        .collect();
    if numbers.data_type() == wanted {
        return Ok(Arc::new(numbers));
    }
    cast(&(Arc::new(numbers) as ArrayRef), wanted)
}

fn day(year: i16, month: u16, day: u16) -> Result<NaiveDate, String> {
    NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())
        .ok_or_else(|| format!("{year:04}-{month:02}-{day:02} is not a date"))
}

fn days(date: Date) -> Result<i32, String> {
    let since = day(date.year, date.month, date.day)?.signed_duration_since(NaiveDate::default());
    i32::try_from(since.num_days()).map_err(|error| error.to_string())
}

fn moments(moments: NullableSlice<'_, Timestamp>, unit: TimeUnit) -> Result<ArrayRef, String> {
    let one = |moment: &Timestamp| -> Result<i64, String> {
        let date = day(moment.year, moment.month, moment.day)?;
        let time = date.and_hms_nano_opt(
            moment.hour.into(),
            moment.minute.into(),
            moment.second.into(),
            moment.fraction,
        );
        let time = time.ok_or_else(|| format!("{}:{}:{} is not a time", moment.hour, moment.minute, moment.second))?;
        match unit {
            TimeUnit::Nanosecond => time
                .and_utc()
                .timestamp_nanos_opt()
                .ok_or_else(|| format!("the year {} is too far away for nanoseconds", moment.year)),
            _ if !moment.fraction.is_multiple_of(1_000) => Err("it has nanoseconds, and its type has none".to_owned()),
            _ => Ok(time.and_utc().timestamp_micros()),
        }
    };
    let values = moments.map(|moment| moment.map(one).transpose());
    Ok(match unit {
        TimeUnit::Nanosecond => Arc::new(values.collect::<Result<TimestampNanosecondArray, String>>()?),
        _ => Arc::new(values.collect::<Result<TimestampMicrosecondArray, String>>()?),
    })
}

fn bytes(slice: AnyColumnBufferSlice<'_>) -> Result<ArrayRef, String> {
    let values = slice
        .as_binary()
        .ok_or_else(|| "the driver has it in another type than it said".to_owned())?;
    let mut builder = BinaryBuilder::with_capacity(values.len(), values.len() * 16);
    (0..values.len()).for_each(|row| builder.append_option(values.get(row)));
    Ok(Arc::new(builder.finish()))
}

fn texts(slice: AnyColumnBufferSlice<'_>) -> Result<StringArray, String> {
    let values = slice
        .as_wide_text()
        .ok_or_else(|| "the driver has it in another type than it said".to_owned())?;
    let mut builder = StringBuilder::with_capacity(values.len(), values.len() * 16);
    for row in 0..values.len() {
        let Some(units) = values.get(row) else {
            builder.append_null();
            continue;
        };
        for character in char::decode_utf16(units.iter().copied()) {
            let character = character.map_err(|_| "it is not Unicode".to_owned())?;
            builder.write_char(character).map_err(|error| error.to_string())?;
        }
        builder.append_value("");
    }
    Ok(builder.finish())
}

/// Numbers from texts, none of which may have more digits after the point than the type has.
fn decimals(texts: &StringArray, wanted: &DataType, scale: i8) -> Result<ArrayRef, String> {
    let most = usize::try_from(scale).unwrap_or_default();
    for text in texts.iter().flatten() {
        let fraction = text.split_once(['.', ',']).map_or("", |(_, fraction)| fraction);
        if fraction.trim_end_matches('0').len() > most {
            return Err(format!(
                "{text} has more than {most} digits after the point, which is what the driver said"
            ));
        }
    }
    cast(&(Arc::new(texts.clone()) as ArrayRef), wanted)
}

fn cast(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, String> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, wanted, &options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_not_lost() {
        let texts = StringArray::from(vec!["1.50", "-2.250"]);
        assert!(decimals(&texts, &DataType::Decimal128(9, 1), 1).is_err());
        assert!(decimals(&texts, &DataType::Decimal128(9, 2), 2).is_ok());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let nothing = Date {
            year: 0,
            month: 0,
            day: 0,
        };
        assert!(days(nothing).is_err());
        let second = Date {
            year: 1970,
            month: 1,
            day: 2,
        };
        assert_eq!(days(second), Ok(1));
    }
}
