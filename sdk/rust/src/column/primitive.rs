//! Columns of fixed-width values.

use std::fmt::{self, Debug, Formatter};

use crate::bitmap::{Nulls, NullsBuilder};
use crate::buffer::{Plain, Values};
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::{ColumnType, RawColumn, broken, mismatch};

/// A value of fixed width that a [`Column`] can hold.
pub trait Primitive: Plain {
    /// What it is called in errors.
    const NAME: &'static str;

    /// Whether a column of this type holds such values.
    fn accepts(data_type: &DataType) -> bool;

    /// The type of a column that is made without saying which.
    fn default_type() -> DataType;

    /// Takes a column apart.
    #[doc(hidden)]
    fn read_column(column: RawColumn) -> Result<Column<Self>> {
        if Self::accepts(&column.field.data_type) {
            read_exact(column)
        } else {
            Err(mismatch(&column, Self::NAME))
        }
    }
}

macro_rules! primitive {
    ($($type:ty => $variant:ident, $name:literal;)+) => {$(
        impl Primitive for $type {
            const NAME: &'static str = $name;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, DataType::$variant)
            }

            fn default_type() -> DataType {
                DataType::$variant
            }
        }
    )+};
}

primitive! {
    i8 => Int8, "int8";
    i16 => Int16, "int16";
    i32 => Int32, "int32";
    i64 => Int64, "int64";
    u8 => UInt8, "uint8";
    u16 => UInt16, "uint16";
    u32 => UInt32, "uint32";
    u64 => UInt64, "uint64";
    f32 => Float32, "float32";
    f64 => Float64, "float64";
}

/// Decimals as integers: `12.34` with scale 2 is 1234. Decimals of 32 and 64 bits are widened as they are read.
impl Primitive for i128 {
    const NAME: &'static str = "decimal";

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Decimal { bits: 128, .. })
    }

    fn default_type() -> DataType {
        DataType::Decimal {
            bits: 128,
            precision: 38,
            scale: 0,
        }
    }

    fn read_column(column: RawColumn) -> Result<Column<i128>> {
        let DataType::Decimal { bits, precision, scale } = column.field.data_type else {
            return Err(mismatch(&column, Self::NAME));
        };
        let data_type = DataType::Decimal {
            bits: 128,
            precision,
            scale,
        };
        match bits {
            128 => read_exact(column),
            64 => read_exact::<i64>(column)?.map(i128::from).with_type(data_type),
            32 => read_exact::<i32>(column)?.map(i128::from).with_type(data_type),
            _ => Err(mismatch(&column, Self::NAME)),
        }
    }
}

/// A column of fixed-width values, some of which may be null.
///
/// ```
/// use tenon::Column;
///
/// let delays: Column<i64> = [Some(11), None, Some(-3)].into_iter().collect();
/// assert_eq!(delays.iter().flatten().sum::<i64>(), 8);
/// assert!(delays.is_null(1));
/// let hours = delays.map(|minutes| minutes as f64 / 60.0);
/// assert_eq!(hours.get(2), Some(-0.05));
/// ```
#[derive(Clone)]
pub struct Column<T: Primitive> {
    data_type: DataType,
    values: Values<T>,
    nulls: Nulls,
}

impl<T: Primitive> Column<T> {
    /// Values without nulls.
    pub fn new(values: Vec<T>) -> Self {
        Self {
            data_type: T::default_type(),
            values: Values::Typed(values),
            nulls: Nulls::default(),
        }
    }

    /// The same values as another type that has the same form: another unit or time zone, another precision or scale.
    ///
    /// # Errors
    /// `bad-config` if columns of that type don't hold such values.
    pub fn with_type(mut self, data_type: DataType) -> Result<Self> {
        if !T::accepts(&data_type) {
            return Err(Error::bad_config(format!(
                "a column of {data_type} doesn't hold {} values",
                T::NAME
            )));
        }
        self.data_type = data_type;
        Ok(self)
    }

    /// The column's type.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of nulls.
    pub fn null_count(&self) -> usize {
        self.nulls.count()
    }

    /// Whether a row is null.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.is_null(row)
    }

    /// A row's value; `None` if it is null or past the end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T> {
        let value = *self.values().get(row)?;
        (!self.is_null(row)).then_some(value)
    }

    /// All values; where a row is null, anything.
    pub fn values(&self) -> &[T] {
        self.values.as_slice()
    }

    /// Each row's value, or `None` for null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T>> + DoubleEndedIterator + '_ {
        self.values()
            .iter()
            .enumerate()
            .map(|(row, value)| (!self.is_null(row)).then_some(*value))
    }

    /// A column of what a function makes of each value; null stays null. The function is also called for the values
    /// behind nulls, which makes the loop fast: it should be cheap and must not panic on any value.
    #[must_use]
    pub fn map<U: Primitive>(&self, mut function: impl FnMut(T) -> U) -> Column<U> {
        Column {
            data_type: U::default_type(),
            values: Values::Typed(mapped(self.values(), &mut function)),
            nulls: self.nulls.clone(),
        }
    }
}

/// Values per turn of the loop below, so that the check whether the call's time is up is not made for each.
const LANES: usize = 16;

/// A function of its own: where it is part of a larger one, the loop keeps its counters on the stack instead of in
/// registers, and takes several times as long.
#[inline(never)]
fn mapped<T: Primitive, U: Primitive>(values: &[T], function: &mut impl FnMut(T) -> U) -> Vec<U> {
    let mut mapped = Vec::with_capacity(values.len());
    let (chunks, rest) = values.as_chunks::<LANES>();
    let (places, last_places) = mapped.spare_capacity_mut()[..values.len()].as_chunks_mut::<LANES>();
    for (place, chunk) in places.iter_mut().zip(chunks) {
        for (place, value) in place.iter_mut().zip(chunk) {
            place.write(function(*value));
        }
    }
    for (place, value) in last_places.iter_mut().zip(rest) {
        place.write(function(*value));
    }
    // SAFETY: chunks and rest of both sides have the same lengths, so each of these places was written.
    unsafe { mapped.set_len(values.len()) };
    mapped
}

impl<T: Primitive> ColumnType for T {
    type Column = Column<T>;

    fn read(column: RawColumn) -> Result<Column<T>> {
        T::read_column(column)
    }
}

fn read_exact<T: Primitive>(column: RawColumn) -> Result<Column<T>> {
    let (field, node, [validity, values]) = column.into_leaf()?;
    let length = node.length as usize;
    let nulls = Nulls::from_bytes(validity, length, node.nulls).ok_or_else(|| broken(&field.name))?;
    let values = Values::from_bytes(values, length).ok_or_else(|| broken(&field.name))?;
    Ok(Column {
        data_type: field.data_type,
        values,
        nulls,
    })
}

impl<T: Primitive> From<Column<T>> for RawColumn {
    fn from(column: Column<T>) -> Self {
        let (length, nulls) = (column.len(), column.null_count());
        let buffers = vec![column.nulls.into_buffer(), column.values.into_buffer()];
        Self::leaf(column.data_type, length, nulls, buffers)
    }
}

impl<T: Primitive> FromIterator<Option<T>> for Column<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(rows: I) -> Self {
        let mut nulls = NullsBuilder::default();
        let values = rows
            .into_iter()
            .map(|value| {
                nulls.push(value.is_some());
                value.unwrap_or_default()
            })
            .collect();
        Self {
            data_type: T::default_type(),
            values: Values::Typed(values),
            nulls: nulls.finish(),
        }
    }
}

impl<T: Primitive> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self::new(rows.into_iter().collect())
    }
}

impl<T: Primitive> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        self.data_type == other.data_type && self.iter().eq(other.iter())
    }
}

impl<T: Primitive> Debug for Column<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Column<{}>", self.data_type)?;
        f.debug_list().entries(self.iter()).finish()
    }
}
