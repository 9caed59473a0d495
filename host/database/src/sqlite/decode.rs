//! Rows of SQLite as Arrow.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float64Builder,
    Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, TimeUnit};
use rusqlite::types::ValueRef;

use super::values;

/// The values of one column.
pub(super) enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Unsigned(UInt64Builder),
    Float(Float64Builder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

macro_rules! each {
    ($builder:expr, $it:ident => $call:expr) => {
        match $builder {
            Builder::Boolean($it) => $call,
            Builder::Integer($it) => $call,
            Builder::Unsigned($it) => $call,
            Builder::Float($it) => $call,
            Builder::Decimal128($it, ..) => $call,
            Builder::Decimal256($it, ..) => $call,
            Builder::Text($it) => $call,
            Builder::Binary($it) => $call,
            Builder::Date($it) => $call,
            Builder::Time($it) => $call,
            Builder::Timestamp($it) => $call,
        }
    };
}

impl Builder {
    /// For values of this type; none where SQLite's values are not read as such.
    pub fn new(data_type: &DataType, rows: usize) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int64 => Self::Integer(Int64Builder::with_capacity(rows)),
            DataType::UInt64 => Self::Unsigned(UInt64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(precision, scale) => {
                let builder = Decimal128Builder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Decimal128(builder, *precision, *scale)
            }
            DataType::Decimal256(precision, scale) => {
                let builder = Decimal256Builder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Decimal256(builder, *precision, *scale)
            }
            DataType::Utf8 => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Timestamp(builder)
            }
            _ => return None,
        })
    }

    /// Adds a value, and says how many bytes it takes. The error is the end of a sentence that begins with the row.
    pub fn append(&mut self, value: ValueRef<'_>) -> Result<usize, String> {
        if value == ValueRef::Null {
            each!(self, builder => builder.append_null());
            return Ok(1);
        }
        match self {
            Self::Boolean(builder) => builder.append_value(values::boolean(value)?),
            Self::Integer(builder) => builder.append_value(values::integer(value)?),
            Self::Unsigned(builder) => builder.append_value(values::unsigned(value)?),
            Self::Float(builder) => builder.append_value(values::float(value)?),
            Self::Decimal128(builder, precision, scale) => {
                let digits = values::decimal(value, *precision, *scale)?;
                builder.append_value(digits.to_i128().ok_or("holds a number that is too large")?);
            }
            Self::Decimal256(builder, precision, scale) => {
                builder.append_value(values::decimal(value, *precision, *scale)?);
            }
            Self::Text(builder) => {
                let text = values::text(value)?;
                builder.append_value(&text);
                return Ok(text.len() + 4);
            }
            Self::Binary(builder) => {
                let bytes = values::binary(value)?;
                builder.append_value(bytes);
                return Ok(bytes.len() + 4);
            }
            Self::Date(builder) => builder.append_value(values::date(value)?),
            Self::Time(builder) => builder.append_value(values::time(value)?),
            Self::Timestamp(builder) => builder.append_value(values::timestamp(value)?),
        }
        Ok(8)
    }

    /// The values so far.
    pub fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()) as ArrayRef)
    }
}
