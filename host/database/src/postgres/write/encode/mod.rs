//! Arrow rows in the binary format of `COPY ... FROM STDIN`.

mod json;
mod list;
mod numeric;
mod scalar;
mod temporal;
mod wire;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use bytes::{BufMut, BytesMut};

use crate::{Error, TableName};

pub(super) use self::wire::Wire;

/// What every copy begins with: a signature, no flags, no extension of the header.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What stands for the count of a row's values after the last row.
const TRAILER: i16 = -1;

/// The length of a value that is null.
const NULL: i32 = -1;

/// Appends the value of a row that is not null, its length before it. Answers with the reason if the column's type cannot
/// hold it.
type Put<'a> = Box<dyn Fn(usize, &mut BytesMut) -> Result<(), String> + Send + 'a>;

/// A column that is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// Which of the batch's columns it is.
    pub index: usize,
    /// The column's name in the table.
    pub name: String,
    /// How its values are written.
    pub wire: Wire,
}

/// Begins a copy.
pub(super) fn begin(out: &mut BytesMut) {
    out.put_slice(HEADER);
}

/// Ends a copy.
pub(super) fn end(out: &mut BytesMut) {
    out.put_i16(TRAILER);
}

/// A batch that is being written row by row.
pub(super) struct Rows<'a> {
    table: &'a TableName,
    sent: &'a [Sent],
    columns: Vec<Column<'a>>,
}

impl<'a> Rows<'a> {
    /// Looks at the types of a batch once, for all of its rows.
    pub fn new(table: &'a TableName, sent: &'a [Sent], batch: &'a RecordBatch) -> Result<Self, Error> {
        let column = |sent: &Sent| {
            Column::new(batch.column(sent.index), &sent.wire).map_err(|reason| Error::Value {
                relation: table.to_string(),
                column: sent.name.clone(),
                reason,
            })
        };
        Ok(Self {
            table,
            sent,
            columns: sent.iter().map(column).collect::<Result<_, _>>()?,
        })
    }

    /// Appends a row. `number` is what it is called in errors: its place among the rows of its writer, from 1.
    pub fn put(&self, row: usize, number: u64, out: &mut BytesMut) -> Result<(), Error> {
        // Postgres takes 1,600 columns at most, which the table's being there has shown.
        out.put_i16(self.columns.len() as i16);
        for (column, sent) in self.columns.iter().zip(self.sent) {
            column.put(row, out).map_err(|reason| Error::Value {
                relation: self.table.to_string(),
                column: sent.name.clone(),
                reason: format!("row {number} of its partition: {reason}"),
            })?;
        }
        Ok(())
    }
}

/// Nested values as JSON texts.
#[cfg(feature = "redshift")]
pub(in super::super) fn json_text(array: &ArrayRef) -> Result<arrow::array::StringArray, String> {
    let column = Column::new(array, &Wire::Json)?;
    let mut texts = arrow::array::StringBuilder::with_capacity(array.len(), 0);
    let mut buffer = BytesMut::new();
    for row in 0..array.len() {
        buffer.clear();
        column.put(row, &mut buffer)?;
        let (length, text) = buffer.split_at(size_of::<i32>());
        if length == NULL.to_be_bytes() {
            texts.append_null();
        } else {
            texts.append_value(std::str::from_utf8(text).map_err(|error| error.to_string())?);
        }
    }
    Ok(texts.finish())
}

/// A column of a batch, or the items of a list.
struct Column<'a> {
    nulls: Option<NullBuffer>,
    put: Put<'a>,
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, wire: &Wire) -> Result<Self, String> {
        Ok(Self {
            nulls: array.logical_nulls(),
            put: put(array, wire)?,
        })
    }

    fn put(&self, row: usize, out: &mut BytesMut) -> Result<(), String> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.put_i32(NULL);
            return Ok(());
        }
        (self.put)(row, out)
    }
}

fn put<'a>(array: &'a ArrayRef, wire: &Wire) -> Result<Put<'a>, String> {
    if let DataType::Dictionary(..) = array.data_type() {
        let dictionary = array.as_any_dictionary();
        let values = put(dictionary.values(), wire)?;
        let keys = dictionary.normalized_keys();
        return Ok(Box::new(move |row, out| values(keys[row], out)));
    }
    let put = match wire {
        Wire::Null => Some(null()),
        Wire::Json => json::put(array, None),
        Wire::Jsonb => json::put(array, Some(JSONB_VERSION)),
        Wire::Array { oid, item } => list::put(array, *oid, item)?,
        Wire::Numeric { scale } => numeric::put(array, *scale),
        Wire::Date | Wire::Time | Wire::Timestamp | Wire::Interval => temporal::put(array, wire),
        _ => scalar::put(array, wire),
    };
    put.ok_or_else(|| format!("{} cannot be sent as {wire:?}", array.data_type()))
}

/// The first byte of every jsonb value.
const JSONB_VERSION: u8 = 1;

fn null<'a>() -> Put<'a> {
    Box::new(|_, out| {
        out.put_i32(NULL);
        Ok(())
    })
}

/// Values of always the same width.
fn fixed<'a, const WIDTH: usize>(value: impl Fn(usize) -> Result<[u8; WIDTH], String> + Send + 'a) -> Put<'a> {
    Box::new(move |row, out| {
        let value = value(row)?;
        out.put_i32(WIDTH as i32);
        out.put_slice(&value);
        Ok(())
    })
}

/// Writes a value of a width that is known once it is written.
fn measured(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut) -> Result<(), String>) -> Result<(), String> {
    let start = out.len();
    out.put_i32(0);
    write(out)?;
    let width = out.len() - start - size_of::<i32>();
    let width = i32::try_from(width).map_err(|_| "it is longer than 2 GiB, which Postgres cannot hold".to_owned())?;
    out[start..start + size_of::<i32>()].copy_from_slice(&width.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests;
