//! Columns of bytes.

use std::fmt::{self, Debug, Formatter};

use crate::bitmap::{Nulls, NullsBuilder};
use crate::buffer::{Buffer, Values};
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::offsets::{Offsets, Spans};
use super::{ColumnType, RawColumn, broken, mismatch};

/// A column of bytes, some of which may be null. Reads every layout of bytes: plain, large, views, fixed-size and
/// dictionaries.
#[derive(Clone)]
pub struct Binary {
    data_type: DataType,
    offsets: Offsets,
    data: Vec<u8>,
    indices: Option<Vec<u32>>,
    nulls: Nulls,
}

impl Binary {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.indices.as_ref().map_or_else(|| self.offsets.len(), Vec::len)
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
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.is_null(row)
    }

    /// A row's bytes; `None` if it is null or past the end.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        if self.nulls.is_null(row) {
            return None;
        }
        let position = match &self.indices {
            Some(indices) => *indices.get(row)? as usize,
            None => row,
        };
        self.data.get(self.offsets.range(position)?)
    }

    /// Each row's bytes, or `None` for null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> + DoubleEndedIterator {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The same bytes as a fixed-size column.
    ///
    /// # Errors
    /// `bad-data` if a row has another number of bytes.
    pub fn into_fixed_size(self, width: u32) -> Result<Self> {
        let mut data = Vec::with_capacity(self.len() * width as usize);
        for (row, bytes) in self.iter().enumerate() {
            match bytes {
                None => data.resize(data.len() + width as usize, 0),
                Some(bytes) if bytes.len() == width as usize => data.extend_from_slice(bytes),
                Some(bytes) => {
                    return Err(Error::bad_data(format!(
                        "row {row} has {} bytes, not {width}",
                        bytes.len()
                    )));
                }
            }
        }
        let offsets = Offsets::Fixed {
            width: width as usize,
            length: self.len(),
        };
        Ok(Self {
            data_type: DataType::FixedSizeBinary(width),
            offsets,
            data,
            indices: None,
            nulls: self.nulls,
        })
    }
}

impl ColumnType for Binary {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        if let DataType::FixedSizeBinary(width) = column.field.data_type {
            return read_fixed(column, width);
        }
        if !column.field.value_type().is_binary() {
            return Err(mismatch(&column, "binary"));
        }
        let Spans {
            data_type,
            offsets,
            data,
            indices,
            nulls,
        } = Spans::read(column)?;
        Ok(Self {
            data_type,
            offsets,
            data,
            indices,
            nulls,
        })
    }
}

impl ColumnType for [u8] {
    type Column = Binary;

    fn read(column: RawColumn) -> Result<Binary> {
        Binary::read(column)
    }
}

fn read_fixed(column: RawColumn, width: u32) -> Result<Binary> {
    let (field, node, [validity, data]) = column.into_leaf()?;
    let length = node.length as usize;
    let nulls = Nulls::from_bytes(validity, length, node.nulls).ok_or_else(|| broken(&field.name))?;
    let offsets = Offsets::Fixed {
        width: width as usize,
        length,
    };
    Ok(Binary {
        data_type: field.data_type,
        offsets,
        data,
        indices: None,
        nulls,
    })
}

impl From<Binary> for RawColumn {
    fn from(column: Binary) -> Self {
        if column.indices.is_some() {
            return column.iter().collect::<Binary>().into();
        }
        let Binary {
            data_type,
            offsets,
            data,
            nulls,
            ..
        } = column;
        if matches!(data_type, DataType::FixedSizeBinary(_)) {
            let (length, count) = (offsets.len(), nulls.count());
            return Self::leaf(data_type, length, count, vec![nulls.into_buffer(), Buffer::from(data)]);
        }
        Spans {
            data_type,
            offsets,
            data,
            indices: None,
            nulls,
        }
        .into_raw()
    }
}

impl<B: AsRef<[u8]>> FromIterator<Option<B>> for Binary {
    fn from_iter<I: IntoIterator<Item = Option<B>>>(rows: I) -> Self {
        let rows = rows.into_iter();
        let mut offsets = Vec::with_capacity(rows.size_hint().0 + 1);
        offsets.push(0);
        let mut data = Vec::new();
        let mut nulls = NullsBuilder::default();
        for row in rows {
            nulls.push(row.is_some());
            if let Some(bytes) = row {
                data.extend_from_slice(bytes.as_ref());
            }
            offsets.push(data.len() as i32);
        }
        let offsets = Offsets::Small(Values::Typed(offsets));
        Self {
            data_type: DataType::Binary,
            offsets,
            data,
            indices: None,
            nulls: nulls.finish(),
        }
    }
}

impl PartialEq for Binary {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Debug for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Binary")?;
        f.debug_list().entries(self.iter()).finish()
    }
}
