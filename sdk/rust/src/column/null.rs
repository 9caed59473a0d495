//! Columns that hold nothing but nulls.

use crate::data_type::DataType;
use crate::error::Result;

use super::{ColumnType, RawColumn, mismatch};

/// A column of nothing but nulls, which has no type: how many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NullColumn(pub usize);

impl NullColumn {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.0
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

impl ColumnType for NullColumn {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        if column.field.data_type == DataType::Null {
            Ok(Self(column.len()))
        } else {
            Err(mismatch(&column, "null"))
        }
    }
}

impl From<NullColumn> for RawColumn {
    fn from(column: NullColumn) -> Self {
        Self::leaf(DataType::Null, column.0, column.0, Vec::new())
    }
}
