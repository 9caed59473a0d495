//! Columns of maps.

use crate::bitmap::Nulls;
use crate::buffer::Buffer;
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::children::{Parts, nulls_of};
use super::offsets::Offsets;
use super::ranges::ranges;
use super::{AnyColumn, ColumnType, RawColumn, broken, mismatch};

/// A column of maps, some of which may be null: the entries of all rows are two columns, keys and values, and each row has a
/// range of them. `K` and `V` say how they are read.
///
/// ```
/// use tenon::{Batch, Map};
///
/// let prices = Map::new([2, 1], vec!["eur", "usd", "eur"], vec![10_i64, 11, 20])?;
/// let batch = Batch::new([("prices", prices.into())])?;
///
/// let prices = batch.column::<Map<str, i64>>("prices")?;
/// let euros = prices.iter().map(|row| {
///     let entry = row?.find(|entry| prices.keys().get(*entry) == Some("eur"))?;
///     prices.values().get(entry)
/// });
/// assert_eq!(euros.collect::<Vec<_>>(), [Some(10), Some(20)]);
/// # Ok::<(), tenon::Error>(())
/// ```
pub struct Map<K: ColumnType + ?Sized = RawColumn, V: ColumnType + ?Sized = RawColumn> {
    offsets: Offsets,
    keys: K::Column,
    values: V::Column,
    nulls: Nulls,
}

impl Map {
    /// Rows with so many entries each, of keys and values that are those of all rows, one after the other. A key can't be
    /// null.
    ///
    /// # Errors
    /// `bad-data` if there are more or fewer keys or values than that, or more than 2,147,483,647.
    pub fn new(
        lengths: impl IntoIterator<Item = usize>,
        keys: impl Into<AnyColumn>,
        values: impl Into<AnyColumn>,
    ) -> Result<Self> {
        let keys = keys.into().into_values()?.without_name();
        let values = values.into().into_values()?.without_name();
        if keys.len() != values.len() {
            let (keys, values) = (keys.len(), values.len());
            return Err(Error::bad_data(format!("a map has {keys} keys, but {values} values")));
        }
        Ok(Self {
            offsets: Offsets::of_lengths(lengths, keys.len())?,
            keys,
            values,
            nulls: Nulls::default(),
        })
    }
}

impl<K: ColumnType + ?Sized, V: ColumnType + ?Sized> Map<K, V> {
    ranges!("entries");

    /// The keys of all rows.
    pub fn keys(&self) -> &K::Column {
        &self.keys
    }

    /// The values of all rows.
    pub fn values(&self) -> &V::Column {
        &self.values
    }

    /// Keys and values of all rows, to keep.
    pub fn into_entries(self) -> (K::Column, V::Column) {
        (self.keys, self.values)
    }
}

impl<K: ColumnType + ?Sized, V: ColumnType + ?Sized> ColumnType for Map<K, V> {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        if column.field.data_type != DataType::Nested("+m".to_owned()) {
            return Err(mismatch(&column, "a map"));
        }
        let name = column.field.name.clone();
        let Parts {
            node,
            buffers: [validity, offsets],
            children,
            ..
        } = column.into_parts()?;
        let [entries] = <[RawColumn; 1]>::try_from(children).map_err(|_| broken(&name))?;
        let entries: Parts<1> = entries.into_parts()?;
        let [keys, values] = <[RawColumn; 2]>::try_from(entries.children).map_err(|_| broken(&name))?;
        let offsets = Offsets::from_bytes(offsets, node.length as usize, false);
        Ok(Self {
            offsets: offsets.ok_or_else(|| broken(&name))?,
            keys: K::read(keys).map_err(|error| error.within(format!("the keys of column `{name}`")))?,
            values: V::read(values).map_err(|error| error.within(format!("the values of column `{name}`")))?,
            nulls: nulls_of(validity, node, &name)?,
        })
    }
}

impl<K: ColumnType + ?Sized, V: ColumnType + ?Sized> From<Map<K, V>> for RawColumn
where
    RawColumn: From<K::Column> + From<V::Column>,
{
    fn from(column: Map<K, V>) -> Self {
        let (length, nulls) = (column.len(), column.null_count());
        let mut keys = <RawColumn as From<K::Column>>::from(column.keys).named_child("key");
        keys.field.nullable = false;
        let values = <RawColumn as From<V::Column>>::from(column.values).named_child("value");
        let entries = DataType::Nested("+s".to_owned());
        let mut entries = Self::leaf(entries, keys.len(), 0, vec![Buffer::empty()]).with_children([keys, values]);
        "entries".clone_into(&mut entries.field.name);
        entries.field.nullable = false;
        let buffers = vec![column.nulls.into_buffer(), column.offsets.into_buffer()];
        Self::leaf(DataType::Nested("+m".to_owned()), length, nulls, buffers).with_children([entries])
    }
}

impl<K: ColumnType + ?Sized, V: ColumnType + ?Sized> From<Map<K, V>> for AnyColumn
where
    RawColumn: From<K::Column> + From<V::Column>,
{
    fn from(column: Map<K, V>) -> Self {
        Self::from(<RawColumn as From<Map<K, V>>>::from(column))
    }
}
