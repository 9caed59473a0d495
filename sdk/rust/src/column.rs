//! Columns, typed: what [`Batch::column`](crate::Batch::column) reads and what [`Batch::with_column`](crate::Batch::with_column)
//! takes.

mod any;
mod binary;
mod boolean;
mod children;
mod decimal;
mod dictionary;
mod half;
mod list;
mod map;
mod null;
mod offsets;
mod primitive;
mod ranges;
mod raw;
mod structs;
mod temporal;
mod text;

pub use any::AnyColumn;
pub use binary::Binary;
pub use boolean::Booleans;
pub use decimal::{Decimal32, Decimal64, Decimal256};
pub use half::F16;
pub use list::List;
pub use map::Map;
pub use null::NullColumn;
pub use primitive::{Column, Primitive};
pub use raw::{Node, RawColumn};
pub use structs::Struct;
pub use temporal::{Date, DateMillis, DayMillis, Duration, MonthDayNanos, Months, Time32, Time64, Timestamp};
pub use text::Utf8;

pub(crate) use any::Source;

use crate::data_type::DataType;
use crate::error::{Error, Result};

/// A type of column that can be read from a batch: `i64`, `bool`, `str`, `Timestamp`, ...
pub trait ColumnType {
    /// What reading gives.
    type Column;

    /// Takes the column apart.
    ///
    /// # Errors
    /// `bad-config` if the column is of another type; the message names the column, its type and the accessor to use.
    fn read(column: RawColumn) -> Result<Self::Column>;
}

impl ColumnType for RawColumn {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        Ok(column)
    }
}

/// The error of an accessor that doesn't fit the column.
fn mismatch(column: &RawColumn, wanted: &str) -> Error {
    let field = &column.field;
    let found = match &field.data_type {
        DataType::Dictionary(_) => format!("dictionary of {}", field.value_type()),
        data_type => data_type.to_string(),
    };
    Error::bad_config(format!(
        "column `{}` is {found}, not {wanted}; read it with {}",
        field.name,
        field.data_type.accessor()
    ))
}

/// The error of a column whose buffers are not what its type needs.
fn broken(name: &str) -> Error {
    Error::internal(format!("the buffers of column `{name}` don't fit its type and length"))
}
