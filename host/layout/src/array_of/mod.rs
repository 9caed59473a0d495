//! An Arrow array, restored from a column that a hostile guest may have sent.

mod bits;
mod fixed;
mod nested;
mod offsets;
mod runs;
mod strings;
mod unions;

use std::sync::Arc;
use std::vec::IntoIter;

use arrow_array::types::{
    BinaryType, BinaryViewType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, LargeBinaryType,
    LargeUtf8Type, StringViewType, Utf8Type,
};
use arrow_array::{Array, ArrayRef, NullArray, downcast_primitive};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef};

use crate::bounds::Bounds;
use crate::column::{Column, Node};
use crate::error::{Error, clipped, shown};
use crate::shape::Shape;

/// Restores the array of `field` with `rows` rows. The column is taken apart, not copied: its buffers become the
/// array's, except that a buffer whose address is not aligned for its type is copied.
///
/// Checked are the numbers of nodes and buffers; every length, also of children; null counts against the validity bits,
/// and that nulls occur only where the field is nullable; offsets; UTF-8; dictionary indices; run ends; union type ids
/// and offsets; and that decimals fit their precision. Buffers may be longer than needed, with padding or with whatever
/// else: the excess is cut off. Arrays whose values take no bytes (nulls, run-end encoded arrays, structs without members,
/// lists and bytes of width 0) may hold 16,777,216 rows, or as many as the batch if it has more.
///
/// A flat column of fixed width without nulls costs the same whatever its size, except decimals, which are compared
/// with their precision. Strings cost one pass over the offsets and one over the text.
///
/// # Errors
/// [`Error::Data`] when anything is wrong, [`Error::Limit`] when an array without bytes has too many rows.
pub fn array_of(field: &FieldRef, rows: u32, column: Column) -> Result<ArrayRef, Error> {
    let wanted = Shape::of(field.data_type());
    let came = Shape {
        nodes: column.nodes.len(),
        buffers: column.buffers.len(),
    };
    if wanted != came {
        let expected = format!("{} nodes and {} buffers", wanted.nodes, wanted.buffers);
        let got = format!("{} nodes and {} buffers", came.nodes, came.buffers);
        return Err(Error::data(expected, got).within(field.name()));
    }
    let mut reader = Reader {
        nodes: column.nodes.into_iter(),
        buffers: column.buffers.into_iter(),
        max_weightless_rows: rows.max(Bounds::MAX_WEIGHTLESS_ROWS),
    };
    let array = reader.child(field, Some(rows as usize), None)?;
    check_no_null_values(field, &array)?;
    Ok(array)
}

/// Refuses a column that is not nullable and refers to nulls among the values of a dictionary. Within structs and lists
/// Arrow looks after that.
fn check_no_null_values(field: &Field, array: &dyn Array) -> Result<(), Error> {
    if field.is_nullable() || !matches!(field.data_type(), DataType::Dictionary(..)) {
        return Ok(());
    }
    match array.logical_null_count() {
        0 => Ok(()),
        nulls => {
            let got = format!("{nulls} indices of null values");
            Err(Error::data("no nulls, as the field is not nullable", got).within(field.name()))
        }
    }
}

/// Hands out nodes and buffers in pre-order.
struct Reader {
    nodes: IntoIter<Node>,
    buffers: IntoIter<Buffer>,
    max_weightless_rows: u32,
}

/// What is known of an array before its buffers are read.
struct Head<'a> {
    length: usize,
    nulls: usize,
    nullable: bool,
    /// Where this has nulls, the array may have them even if it is not nullable.
    mask: Option<&'a NullBuffer>,
}

impl Reader {
    /// The array of a field. `length` is what it must be, where the parent prescribes it. `mask` has nulls where a
    /// field that is not nullable may have them as well.
    fn child(&mut self, field: &Field, length: Option<usize>, mask: Option<&NullBuffer>) -> Result<ArrayRef, Error> {
        self.array(field.data_type(), field.is_nullable(), length, mask)
            .map_err(|error| error.within(field.name()))
    }

    fn array(
        &mut self,
        data_type: &DataType,
        nullable: bool,
        length: Option<usize>,
        mask: Option<&NullBuffer>,
    ) -> Result<ArrayRef, Error> {
        macro_rules! primitive {
            ($t:ty, $self:ident, $head:ident, $data_type:ident) => {
                $self.primitive::<$t>(&$head, $data_type)
            };
        }
        let head = self.head(nullable, length, mask)?;
        match data_type {
            DataType::Null => self.null(&head),
            DataType::Boolean => self.boolean(&head),
            DataType::Decimal32(precision, _) => self.decimal::<Decimal32Type>(&head, data_type, *precision),
            DataType::Decimal64(precision, _) => self.decimal::<Decimal64Type>(&head, data_type, *precision),
            DataType::Decimal128(precision, _) => self.decimal::<Decimal128Type>(&head, data_type, *precision),
            DataType::Decimal256(precision, _) => self.decimal::<Decimal256Type>(&head, data_type, *precision),
            DataType::Utf8 => Ok(Arc::new(self.bytes::<Utf8Type>(&head)?)),
            DataType::LargeUtf8 => Ok(Arc::new(self.bytes::<LargeUtf8Type>(&head)?)),
            DataType::Binary => Ok(Arc::new(self.bytes::<BinaryType>(&head)?)),
            DataType::LargeBinary => Ok(Arc::new(self.bytes::<LargeBinaryType>(&head)?)),
            DataType::Utf8View => self.views::<Utf8Type, StringViewType>(&head),
            DataType::BinaryView => self.views::<BinaryType, BinaryViewType>(&head),
            DataType::FixedSizeBinary(width) => self.fixed_size_binary(&head, *width),
            DataType::List(item) => self.list::<i32>(&head, item),
            DataType::LargeList(item) => self.list::<i64>(&head, item),
            DataType::ListView(item) => self.list_view::<i32>(&head, item),
            DataType::LargeListView(item) => self.list_view::<i64>(&head, item),
            DataType::FixedSizeList(item, size) => self.fixed_size_list(&head, item, *size),
            DataType::Map(entries, sorted) => self.map(&head, entries, *sorted),
            DataType::Struct(fields) => self.structure(&head, fields),
            DataType::Union(fields, mode) => self.union(&head, fields, *mode),
            DataType::Dictionary(indices, values) => self.dictionary(&head, indices, values),
            DataType::RunEndEncoded(ends, values) => self.run_end_encoded(&head, data_type, ends, values),
            _ => downcast_primitive! {
                data_type => (primitive, self, head, data_type),
                _ => Err(unknown_type(data_type))
            },
        }
    }

    fn head<'a>(
        &mut self,
        nullable: bool,
        wanted: Option<usize>,
        mask: Option<&'a NullBuffer>,
    ) -> Result<Head<'a>, Error> {
        let node = self.nodes.next().ok_or_else(|| Error::data("another node", "none"))?;
        let (length, nulls) = (node.length as usize, node.nulls as usize);
        if wanted.is_some_and(|wanted| wanted != length) {
            return Err(Error::data(
                format!("a length of {}", wanted.unwrap_or_default()),
                format!("{length}"),
            ));
        }
        if nulls > length {
            return Err(Error::data(
                format!("at most {length} nulls, as many as values"),
                format!("{nulls}"),
            ));
        }
        Ok(Head {
            length,
            nulls,
            nullable,
            mask,
        })
    }

    fn buffer(&mut self) -> Result<Buffer, Error> {
        self.buffers.next().ok_or_else(|| Error::data("another buffer", "none"))
    }

    /// The node that comes next, without taking it.
    fn peek(&self) -> Option<Node> {
        self.nodes.as_slice().first().copied()
    }

    /// Refuses a length that no bytes stand behind.
    fn check_weightless(&self, head: &Head<'_>) -> Result<(), Error> {
        let limit = self.max_weightless_rows as usize;
        if head.length > limit {
            return Err(Error::limit("a number of rows without bytes", head.length, limit));
        }
        Ok(())
    }

    fn null(&self, head: &Head<'_>) -> Result<ArrayRef, Error> {
        self.check_weightless(head)?;
        if head.nulls != head.length {
            let expected = format!("{} nulls, as all values of type null are", head.length);
            return Err(Error::data(expected, format!("{}", head.nulls)));
        }
        Ok(Arc::new(NullArray::new(head.length)))
    }
}

/// Longest reason of Arrow's that a message shows, in characters. Such a reason may print a whole nested type.
const MAX_REASON: usize = 256;

/// What Arrow itself refuses.
fn refused(expected: &str) -> impl FnOnce(ArrowError) -> Error {
    move |error| match error {
        ArrowError::InvalidArgumentError(message) => Error::data(expected, clipped(&message, MAX_REASON)),
        other => Error::data(expected, clipped(&other.to_string(), MAX_REASON)),
    }
}

fn unknown_type(data_type: &DataType) -> Error {
    Error::data("a type of the Arrow format", shown(&data_type.to_string()))
}
