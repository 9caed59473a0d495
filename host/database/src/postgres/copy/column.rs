//! The values of a column on their way to an Arrow array.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, BooleanBufferBuilder, NullBufferBuilder, PrimitiveArray, StringArray,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type, i256,
};
use arrow::error::ArrowError;

use super::super::wire::Wire;
use super::flaw::Flaw;
use super::list::List;
use super::numeric::{decimal128, decimal256};
use super::rows::Rows;
use super::scalar;

/// A column that is being filled.
pub(super) enum Column {
    Boolean(Booleans),
    Int16(Numbers<Int16Type>),
    Int32(Numbers<Int32Type>),
    Int64(Numbers<Int64Type>),
    UInt32(Numbers<UInt32Type>),
    Float32(Numbers<Float32Type>),
    Float64(Numbers<Float64Type>),
    Date(Numbers<Date32Type>),
    Time(Numbers<Time64MicrosecondType>),
    Timestamp(Numbers<TimestampMicrosecondType>),
    Interval(Numbers<IntervalMonthDayNanoType>),
    Decimal128(Numbers<Decimal128Type>, Limits<i128>),
    Decimal256(Numbers<Decimal256Type>, Limits<i256>),
    Text(Bytes),
    Uuid(Bytes),
    Jsonb(Bytes),
    Binary(Bytes),
    List(Box<List>),
}

/// What a decimal's type allows.
pub(super) struct Limits<T> {
    scale: u8,
    greatest: T,
}

impl Column {
    /// An empty one, with space for so many rows, and for so many bytes where values are of any length.
    pub fn new(wire: &Wire, rows: usize, bytes: usize) -> Self {
        match wire {
            Wire::Boolean => Self::Boolean(Booleans::new(rows)),
            Wire::Int16 => Self::Int16(Numbers::new(rows)),
            Wire::Int32 => Self::Int32(Numbers::new(rows)),
            Wire::Int64 => Self::Int64(Numbers::new(rows)),
            Wire::Oid => Self::UInt32(Numbers::new(rows)),
            Wire::Float32 => Self::Float32(Numbers::new(rows)),
            Wire::Float64 => Self::Float64(Numbers::new(rows)),
            Wire::Date => Self::Date(Numbers::new(rows)),
            Wire::Time => Self::Time(Numbers::new(rows)),
            Wire::Timestamp | Wire::Instant => Self::Timestamp(Numbers::new(rows)),
            Wire::Interval => Self::Interval(Numbers::new(rows)),
            Wire::Decimal { precision, scale } if *precision <= 38 => {
                let greatest = 10_i128.pow(u32::from(*precision)) - 1;
                Self::Decimal128(
                    Numbers::new(rows),
                    Limits {
                        scale: *scale,
                        greatest,
                    },
                )
            }
            Wire::Decimal { precision, scale } => {
                let greatest = i256::from_i128(10)
                    .wrapping_pow(u32::from(*precision))
                    .wrapping_sub(i256::ONE);
                Self::Decimal256(
                    Numbers::new(rows),
                    Limits {
                        scale: *scale,
                        greatest,
                    },
                )
            }
            Wire::Text => Self::Text(Bytes::new(rows, bytes)),
            Wire::Uuid => Self::Uuid(Bytes::new(rows, bytes)),
            Wire::Jsonb => Self::Jsonb(Bytes::new(rows, bytes)),
            Wire::Binary => Self::Binary(Bytes::new(rows, bytes)),
            Wire::List(item) => Self::List(Box::new(List::new(item, rows))),
        }
    }

    /// Appends the column's values in some rows.
    pub fn fill(&mut self, rows: Rows<'_>) -> Result<(), Flaw> {
        match self {
            Self::Boolean(booleans) => booleans.fill(rows),
            Self::Int16(numbers) => numbers.fill(rows, scalar::int16),
            Self::Int32(numbers) => numbers.fill(rows, scalar::int32),
            Self::Int64(numbers) => numbers.fill(rows, scalar::int64),
            Self::UInt32(numbers) => numbers.fill(rows, scalar::uint32),
            Self::Float32(numbers) => numbers.fill(rows, scalar::float32),
            Self::Float64(numbers) => numbers.fill(rows, scalar::float64),
            Self::Date(numbers) => numbers.fill(rows, scalar::date),
            Self::Time(numbers) => numbers.fill(rows, scalar::time),
            Self::Timestamp(numbers) => numbers.fill(rows, scalar::timestamp),
            Self::Interval(numbers) => numbers.fill(rows, scalar::interval),
            Self::Decimal128(numbers, limits) => {
                let (scale, greatest) = (limits.scale, limits.greatest);
                numbers.fill(rows, |bytes| decimal128(bytes, scale, greatest))
            }
            Self::Decimal256(numbers, limits) => {
                let (scale, greatest) = (limits.scale, limits.greatest);
                numbers.fill(rows, |bytes| decimal256(bytes, scale, greatest))
            }
            Self::Text(text) | Self::Binary(text) => text.fill(rows, |bytes, text| {
                text.extend_from_slice(bytes);
                Ok(())
            }),
            Self::Uuid(text) => text.fill(rows, scalar::uuid),
            Self::Jsonb(text) => text.fill(rows, scalar::jsonb),
            Self::List(list) => list.fill(rows),
        }
    }

    /// The array, of that type.
    pub fn finish(self, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(booleans) => booleans.finish(),
            Self::Int16(numbers) => numbers.finish(data_type),
            Self::Int32(numbers) => numbers.finish(data_type),
            Self::Int64(numbers) => numbers.finish(data_type),
            Self::UInt32(numbers) => numbers.finish(data_type),
            Self::Float32(numbers) => numbers.finish(data_type),
            Self::Float64(numbers) => numbers.finish(data_type),
            Self::Date(numbers) => numbers.finish(data_type),
            Self::Time(numbers) => numbers.finish(data_type),
            Self::Timestamp(numbers) => numbers.finish(data_type),
            Self::Interval(numbers) => numbers.finish(data_type),
            Self::Decimal128(numbers, _) => numbers.finish(data_type),
            Self::Decimal256(numbers, _) => numbers.finish(data_type),
            Self::Text(text) | Self::Uuid(text) | Self::Jsonb(text) => text.finish_text()?,
            Self::Binary(bytes) => bytes.finish_binary()?,
            Self::List(list) => list.finish(data_type)?,
        })
    }

    /// Bytes of the values so far, of those columns that may have many in a single one.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Uuid(bytes) | Self::Jsonb(bytes) | Self::Binary(bytes) => bytes.values.len(),
            Self::List(list) => list.bytes(),
            Self::Boolean(booleans) => booleans.values.len() / 8,
            Self::Int16(numbers) => numbers.bytes(),
            Self::Int32(numbers) => numbers.bytes(),
            Self::Int64(numbers) => numbers.bytes(),
            Self::UInt32(numbers) => numbers.bytes(),
            Self::Float32(numbers) => numbers.bytes(),
            Self::Float64(numbers) => numbers.bytes(),
            Self::Date(numbers) => numbers.bytes(),
            Self::Time(numbers) => numbers.bytes(),
            Self::Timestamp(numbers) => numbers.bytes(),
            Self::Interval(numbers) => numbers.bytes(),
            Self::Decimal128(numbers, _) => numbers.bytes(),
            Self::Decimal256(numbers, _) => numbers.bytes(),
        }
    }
}

/// Values of fixed length.
pub(super) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn new(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    fn fill(&mut self, rows: Rows<'_>, decode: impl Fn(&[u8]) -> Result<T::Native, Flaw>) -> Result<(), Flaw> {
        self.values.reserve(rows.count());
        for value in rows.values() {
            if let Some(bytes) = value {
                self.values.push(decode(bytes)?);
                self.nulls.append_non_null();
            } else {
                self.values.push(T::default_value());
                self.nulls.append_null();
            }
        }
        Ok(())
    }

    fn finish(mut self, data_type: &DataType) -> ArrayRef {
        let values = ScalarBuffer::from(self.values);
        let array = PrimitiveArray::<T>::new(values, self.nulls.finish());
        Arc::new(array.with_data_type(data_type.clone()))
    }

    fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

/// Truths.
pub(super) struct Booleans {
    values: BooleanBufferBuilder,
    nulls: NullBufferBuilder,
}

impl Booleans {
    fn new(rows: usize) -> Self {
        Self {
            values: BooleanBufferBuilder::new(rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    fn fill(&mut self, rows: Rows<'_>) -> Result<(), Flaw> {
        for value in rows.values() {
            self.values.append(value.map_or(Ok(false), scalar::boolean)?);
            self.nulls.append(value.is_some());
        }
        Ok(())
    }

    fn finish(mut self) -> ArrayRef {
        Arc::new(BooleanArray::new(self.values.finish(), self.nulls.finish()))
    }
}

/// Values of any length, one after the other.
pub(super) struct Bytes {
    values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Bytes {
    fn new(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            values: Vec::with_capacity(bytes),
            offsets,
            nulls: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    fn fill(&mut self, rows: Rows<'_>, append: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Flaw>) -> Result<(), Flaw> {
        self.offsets.reserve(rows.count());
        for value in rows.values() {
            if let Some(bytes) = value {
                append(bytes, &mut self.values)?;
            }
            self.nulls.append(value.is_some());
            let end = i32::try_from(self.values.len());
            self.offsets
                .push(end.map_err(|_| Flaw::unfit("more than 2 GiB in a batch"))?);
        }
        Ok(())
    }

    fn finish_text(mut self) -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::new(self.offsets.into());
        let array = StringArray::try_new(offsets, Buffer::from_vec(self.values), self.nulls.finish())?;
        Ok(Arc::new(array))
    }

    fn finish_binary(mut self) -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::new(self.offsets.into());
        let array = BinaryArray::try_new(offsets, Buffer::from_vec(self.values), self.nulls.finish())?;
        Ok(Arc::new(array))
    }
}
