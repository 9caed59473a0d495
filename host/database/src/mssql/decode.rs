//! From the protocol's values to Arrow.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, PrimitiveBuilder, RecordBatch, StringBuilder,
    UInt8Builder,
};
use arrow::datatypes::{
    ArrowTimestampType, DataType, SchemaRef, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use tiberius::{ColumnData, Row, time};

use crate::Error;
use crate::generic::Fault;

/// Days from the first of January of the year 1 to 1970, and from 1900 to 1970.
const SINCE_1: i64 = 719_162;
const SINCE_1900: i64 = 25_567;
const NANOSECONDS_OF_DAY: i128 = 86_400_000_000_000;

/// Rows that become a batch.
pub(crate) struct Batch {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

/// A column's values so far.
enum Column {
    Boolean(BooleanBuilder),
    UInt8(UInt8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8),
    Date(Date32Builder),
    TimeMicros(PrimitiveBuilder<Time64MicrosecondType>),
    TimeNanos(PrimitiveBuilder<Time64NanosecondType>),
    Micros(PrimitiveBuilder<TimestampMicrosecondType>),
    Nanos(PrimitiveBuilder<TimestampNanosecondType>),
    Binary(BinaryBuilder),
    Text(StringBuilder),
}

impl Batch {
    /// Without rows.
    pub(crate) fn new(schema: SchemaRef, rows: usize) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| Column::new(field.data_type(), rows))
            .collect();
        Self {
            schema,
            columns,
            rows: 0,
            bytes: 0,
        }
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of texts and bytes so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Row) -> Result<(), Fault> {
        for (index, value) in row.into_iter().enumerate() {
            let Some(column) = self.columns.get_mut(index) else {
                break;
            };
            self.bytes += column.push(value).map_err(|reason| {
                let name = self.schema.field(index).name().clone();
                Fault::from(Error::Value {
                    relation: "the result".to_owned(),
                    reason: format!("{reason}; read it as text: `schema = {{ {name} = \"text\" }}`"),
                    column: name,
                })
            })?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The batch.
    pub(crate) fn finish(self) -> Result<RecordBatch, Fault> {
        let arrays: Vec<ArrayRef> = self.columns.into_iter().map(Column::finish).collect();
        RecordBatch::try_new(self.schema, arrays).map_err(|error| Fault::new(error.to_string(), None))
    }
}

impl Column {
    fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::UInt8 => Self::UInt8(UInt8Builder::with_capacity(rows)),
            DataType::Int16 => Self::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            DataType::Float32 => Self::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(_, scale) => {
                let builder = Decimal128Builder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Decimal(builder, u8::try_from(*scale).unwrap_or_default())
            }
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(TimeUnit::Nanosecond) => Self::TimeNanos(PrimitiveBuilder::with_capacity(rows)),
            DataType::Time64(_) => Self::TimeMicros(PrimitiveBuilder::with_capacity(rows)),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Self::Nanos(moments(data_type, rows)),
            DataType::Timestamp(_, _) => Self::Micros(moments(data_type, rows)),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            _ => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
        }
    }

    /// Adds a value, and answers how many bytes it has where that differs from one to the next.
    fn push(&mut self, value: ColumnData<'_>) -> Result<usize, String> {
        match (self, value) {
            (Self::Boolean(builder), ColumnData::Bit(value)) => builder.append_option(value),
            (Self::UInt8(builder), ColumnData::U8(value)) => builder.append_option(value),
            (Self::Int16(builder), ColumnData::I16(value)) => builder.append_option(value),
            (Self::Int16(builder), ColumnData::U8(value)) => builder.append_option(value.map(i16::from)),
            (Self::Int32(builder), ColumnData::I32(value)) => builder.append_option(value),
            (Self::Int32(builder), ColumnData::I16(value)) => builder.append_option(value.map(i32::from)),
            (Self::Int64(builder), ColumnData::I64(value)) => builder.append_option(value),
            (Self::Int64(builder), ColumnData::I32(value)) => builder.append_option(value.map(i64::from)),
            (Self::Float32(builder), ColumnData::F32(value)) => builder.append_option(value),
            (Self::Float64(builder), ColumnData::F64(value)) => builder.append_option(value),
            (Self::Float64(builder), ColumnData::F32(value)) => builder.append_option(value.map(f64::from)),
            (Self::Decimal(builder, scale), ColumnData::Numeric(value)) => {
                builder.append_option(
                    value
                        .map(|value| scaled(value.value(), value.scale(), *scale))
                        .transpose()?,
                );
            }
            (Self::Date(builder), ColumnData::Date(value)) => {
                builder.append_option(value.map(|date| (i64::from(date.days()) - SINCE_1) as i32));
            }
            (Self::TimeMicros(builder), ColumnData::Time(value)) => {
                builder.append_option(value.map(|time| exact(of_time(time), 1_000)).transpose()?);
            }
            (Self::TimeNanos(builder), ColumnData::Time(value)) => {
                builder.append_option(value.map(|time| exact(of_time(time), 1)).transpose()?);
            }
            (Self::Micros(builder), value) => {
                builder.append_option(moment(&value)?.map(|at| exact(at, 1_000)).transpose()?);
            }
            (Self::Nanos(builder), value) => builder.append_option(moment(&value)?.map(|at| exact(at, 1)).transpose()?),
            (Self::Binary(builder), ColumnData::Binary(value)) => {
                builder.append_option(value.as_deref());
                return Ok(value.map_or(0, |value| value.len()));
            }
            (Self::Text(builder), value) => return text(builder, value),
            (_, value) => {
                return Err(format!(
                    "the server sends {value:?}, which is not of the type that it said"
                ));
            }
        }
        Ok(0)
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::UInt8(mut builder) => Arc::new(builder.finish()),
            Self::Int16(mut builder) => Arc::new(builder.finish()),
            Self::Int32(mut builder) => Arc::new(builder.finish()),
            Self::Int64(mut builder) => Arc::new(builder.finish()),
            Self::Float32(mut builder) => Arc::new(builder.finish()),
            Self::Float64(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut builder, _) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::TimeMicros(mut builder) => Arc::new(builder.finish()),
            Self::TimeNanos(mut builder) => Arc::new(builder.finish()),
            Self::Micros(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Nanos(mut builder) => ArrayBuilder::finish(&mut builder),
            Self::Binary(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

fn moments<T: ArrowTimestampType>(data_type: &DataType, rows: usize) -> PrimitiveBuilder<T> {
    PrimitiveBuilder::with_capacity(rows).with_data_type(data_type.clone())
}

fn text(builder: &mut StringBuilder, value: ColumnData<'_>) -> Result<usize, String> {
    let shown = match value {
        ColumnData::String(value) => {
            builder.append_option(value.as_deref());
            return Ok(value.map_or(0, |value| value.len()));
        }
        ColumnData::Guid(value) => value.map(|value| value.to_string()),
        ColumnData::Xml(value) => value.map(|value| value.to_string()),
        value => return Err(format!("the server sends {value:?}, which is no text")),
    };
    builder.append_option(shown.as_deref());
    Ok(shown.map_or(0, |shown| shown.len()))
}

fn scaled(value: i128, from: u8, to: u8) -> Result<i128, String> {
    let lost = || format!("a number has {from} digits after the point, and its type {to}");
    if let Some(more) = to.checked_sub(from) {
        let unit = 10_i128.checked_pow(more.into());
        return unit.and_then(|unit| value.checked_mul(unit)).ok_or_else(lost);
    }
    let unit = 10_i128.pow((from - to).into());
    if value % unit == 0 {
        Ok(value / unit)
    } else {
        Err(lost())
    }
}

/// Nanoseconds since midnight.
fn of_time(time: time::Time) -> i128 {
    i128::from(time.increments()) * 10_i128.pow(9 - u32::from(time.scale().min(9)))
}

/// Nanoseconds since the beginning of 1970.
fn moment(value: &ColumnData<'_>) -> Result<Option<i128>, String> {
    let at = |days: i64, nanoseconds: i128| i128::from(days) * NANOSECONDS_OF_DAY + nanoseconds;
    let of_datetime2 = |value: time::DateTime2| at(i64::from(value.date().days()) - SINCE_1, of_time(value.time()));
    Ok(match value {
        ColumnData::DateTime2(value) => value.map(of_datetime2),
        // The protocol has them in UTC, beside the offset.
        ColumnData::DateTimeOffset(value) => value.map(|value| of_datetime2(value.datetime2())),
        ColumnData::DateTime(value) => value.map(|value| {
            // Three hundredths of a second, shown in milliseconds.
            let milliseconds = (i128::from(value.seconds_fragments()) * 10 + 1) / 3;
            at(i64::from(value.days()) - SINCE_1900, milliseconds * 1_000_000)
        }),
        ColumnData::SmallDateTime(value) => value.map(|value| {
            at(
                i64::from(value.days()) - SINCE_1900,
                i128::from(value.seconds_fragments()) * 60_000_000_000,
            )
        }),
        other => return Err(format!("the server sends {other:?}, which is no moment")),
    })
}

/// So many units of nanoseconds, if nothing is lost.
fn exact(nanoseconds: i128, unit: i128) -> Result<i64, String> {
    if nanoseconds % unit != 0 {
        return Err("a value is finer than microseconds".to_owned());
    }
    i64::try_from(nanoseconds / unit).map_err(|_| "a moment is too far from 1970 for nanoseconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_1970() {
        let epoch = time::DateTime2::new(time::Date::new(719_162), time::Time::new(15, 7));
        assert_eq!(moment(&ColumnData::DateTime2(Some(epoch))), Ok(Some(1_500)));
        let old = time::DateTime::new(25_567, 1);
        assert_eq!(moment(&ColumnData::DateTime(Some(old))), Ok(Some(3_000_000)));
        let small = time::SmallDateTime::new(25_567, 2);
        assert_eq!(
            moment(&ColumnData::SmallDateTime(Some(small))),
            Ok(Some(120_000_000_000))
        );
        assert!(exact(1, 1_000).is_err() && exact(i128::MAX, 1).is_err());
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(scaled(125, 1, 3), Ok(12_500));
        assert_eq!(scaled(12_500, 3, 1), Ok(125));
        assert!(scaled(12_501, 3, 1).is_err());
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let mut column = Column::new(&DataType::Int32, 1);
        assert!(column.push(ColumnData::String(Some("x".into()))).is_err());
        assert_eq!(column.push(ColumnData::I32(None)), Ok(0));
        assert_eq!(column.finish().len(), 1);
    }
}
