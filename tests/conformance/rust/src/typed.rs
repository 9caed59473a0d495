//! Columns value by value.

use tenon::{
    AnyColumn, Batch, Binary, Column, ColumnType, DataType, Date, DateMillis, DayMillis, Duration, Error, F16,
    MonthDayNanos, Months, Primitive, RawColumn, Result, Time32, Time64, TimeUnit, Timestamp, Utf8,
};

/// Reads every column value by value, and builds it anew of those values.
#[tenon::transform]
fn rebuild(batch: Batch) -> Result<Batch> {
    let mut columns = Vec::new();
    for column in batch.raw_columns()? {
        columns.push((column.field.name.clone(), through(column)?));
    }
    batch.with_columns(columns)
}

fn through(column: RawColumn) -> Result<AnyColumn> {
    let data_type = column.field.data_type.clone();
    if data_type.is_text() {
        return Ok(Utf8::read(column)?.into());
    }
    if data_type.is_binary() && !matches!(data_type, DataType::FixedSizeBinary(_)) {
        return Ok(Binary::read(column)?.into());
    }
    Ok(match data_type {
        DataType::Boolean => bool::read(column)?.iter().collect::<tenon::Booleans>().into(),
        DataType::Int8 => primitive::<i8>(column)?,
        DataType::Int16 => primitive::<i16>(column)?,
        DataType::Int32 => primitive::<i32>(column)?,
        DataType::Int64 => primitive::<i64>(column)?,
        DataType::UInt8 => primitive::<u8>(column)?,
        DataType::UInt16 => primitive::<u16>(column)?,
        DataType::UInt32 => primitive::<u32>(column)?,
        DataType::UInt64 => primitive::<u64>(column)?,
        DataType::Float16 => primitive::<F16>(column)?,
        DataType::Float32 => primitive::<f32>(column)?,
        DataType::Float64 => primitive::<f64>(column)?,
        DataType::Decimal { bits: 128, .. } => primitive::<i128>(column)?,
        DataType::Date => primitive::<Date>(column)?,
        DataType::DateMillis => primitive::<DateMillis>(column)?,
        DataType::Time(TimeUnit::Second | TimeUnit::Millisecond) => primitive::<Time32>(column)?,
        DataType::Time(_) => primitive::<Time64>(column)?,
        DataType::Timestamp(..) => primitive::<Timestamp>(column)?,
        DataType::Duration(_) => primitive::<Duration>(column)?,
        DataType::IntervalMonths => primitive::<Months>(column)?,
        DataType::IntervalDays => primitive::<DayMillis>(column)?,
        DataType::IntervalMonthDayNanos => primitive::<MonthDayNanos>(column)?,
        DataType::FixedSizeBinary(width) => Binary::read(column)?
            .iter()
            .collect::<Binary>()
            .into_fixed_size(width)?
            .into(),
        other => {
            let message = format!(
                "the column `{}` is {other}, which has no typed access",
                column.field.name
            );
            return Err(Error::unsupported(message));
        }
    })
}

fn primitive<T: Primitive>(column: RawColumn) -> Result<AnyColumn> {
    let column = T::read_column(column)?;
    let data_type = column.data_type().clone();
    Ok(column.iter().collect::<Column<T>>().with_type(data_type)?.into())
}
