//! Columns of booleans.

use std::fmt::{self, Debug, Formatter};

use crate::bitmap::{Bitmap, Nulls, NullsBuilder};
use crate::data_type::DataType;
use crate::error::Result;

use super::{ColumnType, RawColumn, broken, mismatch};

/// A column of booleans, some of which may be null.
#[derive(Clone)]
pub struct Booleans {
    values: Bitmap,
    nulls: Nulls,
}

impl Booleans {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
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

    /// A row's value; `None` if it is null or past the end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<bool> {
        (row < self.len() && !self.is_null(row)).then(|| self.values.get(row))
    }

    /// Each row's value, or `None` for null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<bool>> + DoubleEndedIterator + '_ {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl ColumnType for bool {
    type Column = Booleans;

    fn read(column: RawColumn) -> Result<Booleans> {
        if column.field.data_type != DataType::Boolean {
            return Err(mismatch(&column, "boolean"));
        }
        let (field, node, [validity, values]) = column.into_leaf()?;
        let length = node.length as usize;
        let nulls = Nulls::from_bytes(validity, length, node.nulls).ok_or_else(|| broken(&field.name))?;
        let values = Bitmap::from_bytes(values, length).ok_or_else(|| broken(&field.name))?;
        Ok(Booleans { values, nulls })
    }
}

impl From<Booleans> for RawColumn {
    fn from(column: Booleans) -> Self {
        let (length, nulls) = (column.len(), column.null_count());
        let buffers = vec![column.nulls.into_buffer(), column.values.into_buffer()];
        Self::leaf(DataType::Boolean, length, nulls, buffers)
    }
}

impl FromIterator<Option<bool>> for Booleans {
    fn from_iter<I: IntoIterator<Item = Option<bool>>>(rows: I) -> Self {
        let mut nulls = NullsBuilder::default();
        let values = rows
            .into_iter()
            .map(|value| {
                nulls.push(value.is_some());
                value.unwrap_or_default()
            })
            .collect();
        Self {
            values,
            nulls: nulls.finish(),
        }
    }
}

impl FromIterator<bool> for Booleans {
    fn from_iter<I: IntoIterator<Item = bool>>(rows: I) -> Self {
        Self {
            values: rows.into_iter().collect(),
            nulls: Nulls::default(),
        }
    }
}

impl PartialEq for Booleans {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Debug for Booleans {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Booleans")?;
        f.debug_list().entries(self.iter()).finish()
    }
}
