//! Where each text or run of bytes begins and ends, behind offsets of either width and, for dictionaries, indices.

use std::ops::Range;

use crate::bitmap::Nulls;
use crate::buffer::{Buffer, Values};
use crate::data_type::DataType;
use crate::error::{Error, Result};
use crate::schema::Field;

use super::{RawColumn, broken};

/// Offsets into a column's data.
#[derive(Clone)]
pub(crate) enum Offsets {
    Small(Values<i32>),
    Large(Values<i64>),
    /// Values of equal width.
    Fixed {
        width: usize,
        length: usize,
    },
}

impl Offsets {
    pub(crate) fn from_bytes(bytes: Vec<u8>, length: usize, large: bool) -> Option<Self> {
        // No rows may come without the one offset that Arrow asks for.
        if length == 0 {
            return Some(Self::Fixed { width: 0, length: 0 });
        }
        if large {
            return Values::from_bytes(bytes, length + 1).map(Self::Large);
        }
        Values::from_bytes(bytes, length + 1).map(Self::Small)
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Small(offsets) => offsets.as_slice().len().saturating_sub(1),
            Self::Large(offsets) => offsets.as_slice().len().saturating_sub(1),
            Self::Fixed { length, .. } => *length,
        }
    }

    #[inline]
    pub(crate) fn range(&self, index: usize) -> Option<Range<usize>> {
        let (start, end) = match self {
            Self::Small(offsets) => {
                let offsets = offsets.as_slice();
                (*offsets.get(index)? as usize, *offsets.get(index + 1)? as usize)
            }
            Self::Large(offsets) => {
                let offsets = offsets.as_slice();
                (
                    usize::try_from(*offsets.get(index)?).ok()?,
                    usize::try_from(*offsets.get(index + 1)?).ok()?,
                )
            }
            Self::Fixed { width, length } if index < *length => (index * width, (index + 1) * width),
            Self::Fixed { .. } => return None,
        };
        Some(start..end)
    }

    /// Offsets of rows that have so many of the items each, and together all of them.
    pub(crate) fn of_lengths(lengths: impl IntoIterator<Item = usize>, items: usize) -> Result<Self> {
        if i32::try_from(items).is_err() {
            return Err(Error::bad_data(format!(
                "{items} items are more than the {} that one column of lists may have",
                i32::MAX
            )));
        }
        let mut end = 0_usize;
        let mut offsets = vec![0];
        for length in lengths {
            end = end.saturating_add(length);
            // Refused below where it is more.
            offsets.push(end.min(items) as i32);
        }
        if end != items {
            return Err(Error::bad_data(format!(
                "the rows' lengths say {end} items, but there are {items}"
            )));
        }
        Ok(Self::Small(Values::Typed(offsets)))
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        match self {
            Self::Small(offsets) => offsets.into_buffer(),
            Self::Large(offsets) => offsets.into_buffer(),
            Self::Fixed { .. } => Buffer::from(vec![0_i64]),
        }
    }
}

/// A column of text or bytes, before it is known which.
pub(crate) struct Spans {
    pub(crate) data_type: DataType,
    pub(crate) offsets: Offsets,
    pub(crate) data: Vec<u8>,
    /// For each row the position of its value, where the column is a dictionary.
    pub(crate) indices: Option<Vec<u32>>,
    pub(crate) nulls: Nulls,
}

impl Spans {
    /// Reads a column whose values have three buffers, plain or in a dictionary.
    pub(crate) fn read(column: RawColumn) -> Result<Self> {
        if matches!(column.field.data_type, DataType::Dictionary(_)) {
            return read_dictionary(column);
        }
        let (field, node, [validity, offsets, data]) = column.into_leaf()?;
        let length = node.length as usize;
        let large = matches!(field.data_type, DataType::LargeUtf8 | DataType::LargeBinary);
        let nulls = Nulls::from_bytes(validity, length, node.nulls).ok_or_else(|| broken(&field.name))?;
        let offsets = Offsets::from_bytes(offsets, length, large).ok_or_else(|| broken(&field.name))?;
        Ok(Self {
            data_type: field.data_type,
            offsets,
            data,
            indices: None,
            nulls,
        })
    }

    pub(crate) fn into_raw(self) -> RawColumn {
        let length = self.offsets.len();
        let count = self.nulls.count();
        let buffers = vec![
            self.nulls.into_buffer(),
            self.offsets.into_buffer(),
            Buffer::from(self.data),
        ];
        RawColumn::leaf(self.data_type, length, count, buffers)
    }
}

fn read_dictionary(mut column: RawColumn) -> Result<Spans> {
    let name = std::mem::take(&mut column.field.name);
    let wrong = || broken(&name);
    let values_field = column.field.children.pop().ok_or_else(wrong)?;
    if column.nodes.len() != 2 || column.buffers.len() < 2 {
        return Err(wrong());
    }
    let values = Spans::read(RawColumn {
        field: Field {
            name: name.clone(),
            ..values_field
        },
        nodes: column.nodes.split_off(1),
        buffers: column.buffers.split_off(2),
    })?;
    let index_type = match column.field.data_type {
        DataType::Dictionary(index_type) => *index_type,
        _ => return Err(wrong()),
    };
    column.field = Field::new("", index_type);
    let (field, node, [validity, indices]) = column.into_leaf()?;
    let length = node.length as usize;
    let nulls = Nulls::from_bytes(validity, length, node.nulls).ok_or_else(wrong)?;
    let indices = widen(&field.data_type, &indices, length).ok_or_else(wrong)?;

    // A value of the dictionary may itself be null.
    let nulls = match values.nulls.count() {
        0 => nulls,
        _ => Nulls::of(
            (0..length)
                .map(|row| !nulls.is_null(row) && !values.nulls.is_null(indices[row] as usize))
                .collect(),
        ),
    };
    Ok(Spans {
        data_type: values.data_type,
        offsets: values.offsets,
        data: values.data,
        indices: Some(indices),
        nulls,
    })
}

/// Dictionary indices of any integer type as `u32`. What is negative or too large lies behind a null, and becomes a
/// position past every dictionary's end.
fn widen(data_type: &DataType, bytes: &[u8], length: usize) -> Option<Vec<u32>> {
    let (width, signed) = index_layout(data_type)?;
    if bytes.len() / width < length {
        return None;
    }
    let limit = if signed {
        u64::MAX >> (64 - 8 * width + 1)
    } else {
        u64::MAX
    };
    let widened = bytes.chunks_exact(width).take(length).map(|index| {
        let mut eight = [0; 8];
        eight[..width].copy_from_slice(index);
        let index = u64::from_le_bytes(eight);
        if index <= limit {
            u32::try_from(index).unwrap_or(u32::MAX)
        } else {
            u32::MAX
        }
    });
    Some(widened.collect())
}

/// How many bytes an index of a dictionary has, and whether it is signed; `None` for what is no type of indices.
pub(crate) fn index_layout(data_type: &DataType) -> Option<(usize, bool)> {
    Some(match data_type {
        DataType::Int8 => (1, true),
        DataType::Int16 => (2, true),
        DataType::Int32 => (4, true),
        DataType::Int64 => (8, true),
        DataType::UInt8 => (1, false),
        DataType::UInt16 => (2, false),
        DataType::UInt32 => (4, false),
        DataType::UInt64 => (8, false),
        _ => return None,
    })
}
