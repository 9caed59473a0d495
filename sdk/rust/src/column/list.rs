//! Columns of lists.

use crate::bitmap::Nulls;
use crate::buffer::Values;
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::children::{Parts, nulls_of};
use super::offsets::Offsets;
use super::ranges::ranges;
use super::{AnyColumn, ColumnType, RawColumn, broken, mismatch};

/// A column of lists, some of which may be null: the items of all rows are one column, and each row has a range of it.
/// Reads every layout: 32-bit and 64-bit offsets, views, and lists of one length. `T` says how the items are read.
///
/// ```
/// use tenon::{Batch, List};
///
/// let tags = List::new([2, 0, 1], vec!["red", "round", "green"])?.with_nulls([true, false, true])?;
/// let batch = Batch::new([("tags", tags.into())])?;
///
/// let tags = batch.column::<List<str>>("tags")?;
/// let first = tags.iter().map(|row| tags.items().get(row?.start));
/// assert_eq!(first.collect::<Vec<_>>(), [Some("red"), None, Some("green")]);
/// # Ok::<(), tenon::Error>(())
/// ```
pub struct List<T: ColumnType + ?Sized = RawColumn> {
    data_type: DataType,
    offsets: Offsets,
    items: T::Column,
    nulls: Nulls,
}

impl List {
    /// Rows with so many items each, of items that are those of all rows, one after the other.
    ///
    /// # Errors
    /// `bad-data` if there are more or fewer items than that, or more than 2,147,483,647.
    pub fn new(lengths: impl IntoIterator<Item = usize>, items: impl Into<AnyColumn>) -> Result<Self> {
        let items = items.into().into_values()?.without_name();
        Ok(Self {
            data_type: DataType::Nested("+l".to_owned()),
            offsets: Offsets::of_lengths(lengths, items.len())?,
            items,
            nulls: Nulls::default(),
        })
    }

    /// Rows with `length` items each, which have items also where they are made null.
    ///
    /// # Errors
    /// `bad-data` if the items are no whole number of rows.
    pub fn fixed_size(length: u32, items: impl Into<AnyColumn>) -> Result<Self> {
        let items = items.into().into_values()?.without_name();
        let width = length as usize;
        if width == 0 || !items.len().is_multiple_of(width) {
            let count = items.len();
            return Err(Error::bad_data(format!(
                "{count} items don't make lists of {width} each"
            )));
        }
        Ok(Self {
            data_type: DataType::Nested(format!("+w:{length}")),
            offsets: Offsets::Fixed {
                width,
                length: items.len() / width,
            },
            items,
            nulls: Nulls::default(),
        })
    }
}

impl<T: ColumnType + ?Sized> List<T> {
    ranges!("items");

    /// The same lists with 64-bit offsets.
    #[must_use]
    pub fn into_large(mut self) -> Self {
        let ends = (0..self.len()).map(|row| self.range(row).end as i64);
        self.offsets = Offsets::Large(Values::Typed(std::iter::once(0).chain(ends).collect()));
        self.data_type = DataType::Nested("+L".to_owned());
        self
    }

    /// The items of all rows.
    pub fn items(&self) -> &T::Column {
        &self.items
    }

    /// The items of all rows, to keep.
    pub fn into_items(self) -> T::Column {
        self.items
    }
}

impl<T: ColumnType + ?Sized> ColumnType for List<T> {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        let Some(layout) = Layout::of(&column.field.data_type) else {
            return Err(mismatch(&column, "a list"));
        };
        let name = column.field.name.clone();
        let (data_type, node, validity, offsets, children) = match layout {
            Layout::Fixed(width) => {
                let Parts {
                    field,
                    node,
                    buffers: [validity],
                    children,
                } = column.into_parts()?;
                let length = node.length as usize;
                (
                    field.data_type,
                    node,
                    validity,
                    Some(Offsets::Fixed { width, length }),
                    children,
                )
            }
            Layout::Offsets { large } => {
                let Parts {
                    field,
                    node,
                    buffers: [validity, offsets],
                    children,
                } = column.into_parts()?;
                let offsets = Offsets::from_bytes(offsets, node.length as usize, large);
                (field.data_type, node, validity, offsets, children)
            }
        };
        let [items] = <[RawColumn; 1]>::try_from(children).map_err(|_| broken(&name))?;
        Ok(Self {
            data_type,
            offsets: offsets.ok_or_else(|| broken(&name))?,
            items: T::read(items).map_err(|error| error.within(format!("the items of column `{name}`")))?,
            nulls: nulls_of(validity, node, &name)?,
        })
    }
}

/// How the items of each row are found.
enum Layout {
    Offsets { large: bool },
    Fixed(usize),
}

impl Layout {
    fn of(data_type: &DataType) -> Option<Self> {
        let DataType::Nested(format) = data_type else {
            return None;
        };
        Some(match format.as_str() {
            "+l" | "+vl" => Self::Offsets { large: false },
            "+L" | "+vL" => Self::Offsets { large: true },
            other => Self::Fixed(other.strip_prefix("+w:")?.parse().ok()?),
        })
    }
}

impl<T: ColumnType + ?Sized> From<List<T>> for RawColumn
where
    RawColumn: From<T::Column>,
{
    fn from(column: List<T>) -> Self {
        let (length, nulls) = (column.len(), column.null_count());
        let mut buffers = vec![column.nulls.into_buffer()];
        if matches!(Layout::of(&column.data_type), Some(Layout::Offsets { .. })) {
            buffers.push(column.offsets.into_buffer());
        }
        let items = <RawColumn as From<T::Column>>::from(column.items).named_child("item");
        Self::leaf(column.data_type, length, nulls, buffers).with_children([items])
    }
}

impl<T: ColumnType + ?Sized> From<List<T>> for AnyColumn
where
    RawColumn: From<T::Column>,
{
    fn from(column: List<T>) -> Self {
        Self::from(<RawColumn as From<List<T>>>::from(column))
    }
}
