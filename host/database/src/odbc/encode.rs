//! From Arrow to arrays of parameters.

use arrow::array::cast::AsArray;
use arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike};
use odbc_api::buffers::BoxColumBufferRefMut;
use odbc_api::sys::{Date, Timestamp};
use odbc_api::{BindParamDesc, Bit, Pod};

use crate::Error;
use crate::generic::Fault;

/// What a parameter is bound as, wide enough for all values of a column.
pub(crate) fn parameter(column: &ArrayRef) -> BindParamDesc {
    let nullable = true;
    match column.data_type() {
        DataType::Boolean => BindParamDesc::bit(nullable),
        DataType::Int16 => BindParamDesc::i16(nullable),
        DataType::Int32 => BindParamDesc::i32(nullable),
        DataType::Int64 => BindParamDesc::i64(nullable),
        DataType::Float32 => BindParamDesc::f32(nullable),
        DataType::Float64 => BindParamDesc::f64(nullable),
        DataType::Date32 => BindParamDesc::date(nullable),
        DataType::Timestamp(_, _) => BindParamDesc::timestamp(nullable, 6),
        DataType::Time64(_) => BindParamDesc::time_as_text(6),
        DataType::Decimal128(precision, scale) => BindParamDesc::decimal_as_text(*precision, *scale),
        DataType::Binary => {
            let longest = column.as_binary::<i32>().iter().flatten().map(<[u8]>::len).max();
            BindParamDesc::binary(longest.unwrap_or_default().max(1))
        }
        _ => {
            // A text has at most as many units in UTF-16 as it has bytes in UTF-8.
            let longest = column.as_string::<i32>().iter().flatten().map(str::len).max();
            BindParamDesc::wide_text(longest.unwrap_or_default().max(1))
        }
    }
}

/// Puts the values of a column into its buffer.
pub(crate) fn fill(slice: BoxColumBufferRefMut<'_>, column: &ArrayRef) -> Result<(), Fault> {
    match column.data_type() {
        DataType::Boolean => {
            let bits = column.as_boolean().iter().map(|value| value.map(Bit::from_bool));
            write(slice, bits)
        }
        DataType::Int16 => numbers::<Int16Type>(slice, column),
        DataType::Int32 => numbers::<Int32Type>(slice, column),
        DataType::Int64 => numbers::<Int64Type>(slice, column),
        DataType::Float32 => numbers::<Float32Type>(slice, column),
        DataType::Float64 => numbers::<Float64Type>(slice, column),
        DataType::Date32 => {
            let dates = column
                .as_primitive::<Date32Type>()
                .iter()
                .map(|days| days.map(date).transpose());
            write(slice, dates.collect::<Result<Vec<_>, Fault>>()?.into_iter())
        }
        DataType::Timestamp(_, _) => {
            let moments = column.as_primitive::<TimestampMicrosecondType>().iter();
            let moments = moments.map(|micros| micros.map(timestamp).transpose());
            write(slice, moments.collect::<Result<Vec<_>, Fault>>()?.into_iter())
        }
        DataType::Time64(_) => {
            let times = column.as_primitive::<Time64MicrosecondType>();
            narrow(slice, column.len(), |row| {
                times.is_valid(row).then(|| time(times.value(row)))
            })
        }
        DataType::Decimal128(_, _) => {
            let numbers = column.as_primitive::<Decimal128Type>();
            narrow(slice, column.len(), |row| {
                numbers.is_valid(row).then(|| numbers.value_as_string(row))
            })
        }
        DataType::Binary => {
            let values = column.as_binary::<i32>();
            let mut slice = slice.as_binary().ok_or_else(unfit)?;
            for (row, value) in values.iter().enumerate() {
                slice.set_cell(row, value);
            }
            Ok(())
        }
        _ => {
            let texts = column.as_string::<i32>();
            let mut slice = slice.as_wide_text().ok_or_else(unfit)?;
            let mut units = Vec::new();
            for (row, text) in texts.iter().enumerate() {
                units.clear();
                units.extend(text.unwrap_or_default().encode_utf16());
                slice.set_cell(row, text.map(|_| units.as_slice()));
            }
            Ok(())
        }
    }
}

fn numbers<T>(slice: BoxColumBufferRefMut<'_>, column: &ArrayRef) -> Result<(), Fault>
where
    T: ArrowPrimitiveType,
    T::Native: Pod,
{
    write(slice, column.as_primitive::<T>().iter())
}

fn write<T: Pod>(slice: BoxColumBufferRefMut<'_>, values: impl Iterator<Item = Option<T>>) -> Result<(), Fault> {
    let mut slice = slice.as_nullable_slice::<T>().ok_or_else(unfit)?;
    slice.write(values);
    Ok(())
}

fn narrow(slice: BoxColumBufferRefMut<'_>, rows: usize, text: impl Fn(usize) -> Option<String>) -> Result<(), Fault> {
    let mut slice = slice.as_text().ok_or_else(unfit)?;
    for row in 0..rows {
        slice.set_cell(row, text(row).as_deref().map(str::as_bytes));
    }
    Ok(())
}

fn date(days: i32) -> Result<Date, Fault> {
    let date = TimeDelta::try_days(days.into()).and_then(|since| NaiveDate::default().checked_add_signed(since));
    let date = date.ok_or_else(|| too_far(days))?;
    Ok(Date {
        year: i16::try_from(date.year()).map_err(|_| too_far(days))?,
        month: date.month() as u16,
        day: date.day() as u16,
    })
}

fn timestamp(micros: i64) -> Result<Timestamp, Fault> {
    let moment = DateTime::from_timestamp_micros(micros).ok_or_else(|| too_far(micros))?;
    Ok(Timestamp {
        year: i16::try_from(moment.year()).map_err(|_| too_far(micros))?,
        month: moment.month() as u16,
        day: moment.day() as u16,
        hour: moment.hour() as u16,
        minute: moment.minute() as u16,
        second: moment.second() as u16,
        fraction: moment.nanosecond(),
    })
}

fn time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    format!(
        "{:02}:{:02}:{:02}.{:06}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        micros % 1_000_000
    )
}

fn too_far(value: impl std::fmt::Display) -> Fault {
    Fault::new(
        format!("the date or time {value} (since 1970) is too far away for a database"),
        None,
    )
}

fn unfit() -> Fault {
    Fault::new("a parameter's buffer has another type than its values", None)
}

/// Refuses bytes of several lengths, for a driver that fills all up to the longest with zeros.
pub(crate) fn refuse_padding(batch: &RecordBatch) -> Result<(), Fault> {
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(values) = column.as_binary_opt::<i32>() else {
            continue;
        };
        let lengths = || values.iter().flatten().map(<[u8]>::len);
        let longest = lengths().max().unwrap_or(1);
        if longest == 0 || lengths().any(|length| length != longest) {
            return Err(Error::Value {
                relation: "the rows".to_owned(),
                column: field.name().clone(),
                reason: "the ODBC driver of SQLite appends zeros to bytes that are shorter than others; the connector `sqlite` \
                         writes them as they are"
                    .to_owned(),
            }
            .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_are_times() {
        let moment = timestamp(-1).expect("it is near");
        assert_eq!((moment.year, moment.hour, moment.fraction), (1969, 23, 999_999_000));
        assert_eq!(time(86_399_000_001), "23:59:59.000001");
        assert!(date(i32::MAX).is_err());
    }
}
