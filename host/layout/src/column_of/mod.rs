//! An Arrow array, flattened and trimmed to its slice.

mod dictionary;
mod gather;
mod nested;
mod runs;
mod strings;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, OffsetSizeTrait, downcast_primitive};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, OffsetBuffer};
use arrow_schema::{DataType, Field};

use crate::column::{Column, Node};
use crate::error::{Error, shown};
use crate::format;
use crate::shape::Shape;

/// Flattens an array for a guest.
///
/// Buffers start at offset 0 of the slice and end with it. They share the array's memory, except where the layout
/// makes that impossible: offsets that don't start at 0 are rebased, bits that don't start at a byte are shifted, views
/// and scattered list views are gathered, and a dictionary with more values than the slice has rows is compacted to the
/// values in use.
///
/// # Errors
/// [`Error::Data`] when the array is not of the field's type, or holds nulls and the field is not nullable;
/// [`Error::Limit`] when a length or an offset doesn't fit 32 bits.
pub fn column_of(field: &Field, array: &ArrayRef) -> Result<Column, Error> {
    let wanted = field.data_type();
    let fits = wanted == array.data_type() || wanted.equals_datatype(array.data_type());
    if !fits {
        let got = shown(&array.data_type().to_string());
        return Err(Error::data(format!("data of format `{}`", format::print(wanted)), got).within(field.name()));
    }
    if !field.is_nullable() && array.null_count() > 0 {
        let got = format!("{} nulls", array.null_count());
        return Err(Error::data("no nulls, as the field is not nullable", got).within(field.name()));
    }
    let shape = Shape::of(wanted);
    let mut writer = Writer {
        nodes: Vec::with_capacity(shape.nodes),
        buffers: Vec::with_capacity(shape.buffers),
    };
    writer.array(array).map_err(|error| error.within(field.name()))?;
    Ok(Column {
        nodes: writer.nodes,
        buffers: writer.buffers,
    })
}

/// Collects nodes and buffers in pre-order.
struct Writer {
    nodes: Vec<Node>,
    buffers: Vec<Buffer>,
}

impl Writer {
    fn array(&mut self, array: &dyn Array) -> Result<(), Error> {
        macro_rules! primitive {
            ($t:ty, $self:ident, $array:ident) => {
                $self.primitive::<$t>($array)
            };
        }
        let data_type = array.data_type();
        match data_type {
            DataType::Null => self.node(array, array.len()),
            DataType::Boolean => self.boolean(array),
            DataType::Utf8 => self.bytes(array.as_string::<i32>()),
            DataType::LargeUtf8 => self.bytes(array.as_string::<i64>()),
            DataType::Binary => self.bytes(array.as_binary::<i32>()),
            DataType::LargeBinary => self.bytes(array.as_binary::<i64>()),
            DataType::Utf8View => self.views(array.as_string_view()),
            DataType::BinaryView => self.views(array.as_binary_view()),
            DataType::FixedSizeBinary(width) => self.fixed_size_binary(array, *width),
            DataType::List(item) => self.list(array.as_list::<i32>(), item),
            DataType::LargeList(item) => self.list(array.as_list::<i64>(), item),
            DataType::ListView(item) => self.list_view(array.as_list_view::<i32>(), item),
            DataType::LargeListView(item) => self.list_view(array.as_list_view::<i64>(), item),
            DataType::FixedSizeList(item, size) => self.fixed_size_list(array.as_fixed_size_list(), item, *size),
            DataType::Map(entries, _) => self.map(array.as_map(), entries),
            DataType::Struct(_) => self.structure(array.as_struct()),
            DataType::Union(..) => self.union(array.as_union()),
            DataType::Dictionary(indices, _) => self.dictionary(array, indices),
            DataType::RunEndEncoded(ends, values) => self.run_end_encoded(array, ends, values),
            _ => downcast_primitive! {
                data_type => (primitive, self, array),
                _ => Err(unknown_type(data_type))
            },
        }
    }

    /// An array that is the child `field` of another.
    fn child(&mut self, field: &Field, array: &dyn Array) -> Result<(), Error> {
        self.array(array).map_err(|error| error.within(field.name()))
    }

    fn node(&mut self, array: &dyn Array, nulls: usize) -> Result<(), Error> {
        let length = length(array.len())?;
        self.nodes.push(Node {
            length,
            nulls: nulls as u32,
        });
        Ok(())
    }

    /// The node and the validity buffer, empty where nothing is null. `other` is a buffer of the same array: an empty
    /// slice of it costs less than a new buffer.
    fn head(&mut self, array: &dyn Array, other: &Buffer) -> Result<(), Error> {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        self.node(array, nulls.map_or(0, arrow_buffer::NullBuffer::null_count))?;
        self.buffers
            .push(nulls.map_or_else(|| other.slice_with_length(0, 0), |nulls| bits(nulls.inner())));
        Ok(())
    }

    /// The node and the validity buffer of an array without buffers of its own.
    fn bare_head(&mut self, array: &dyn Array) -> Result<(), Error> {
        match array.nulls() {
            Some(nulls) => self.head(array, nulls.buffer()),
            None => self.head(array, &Buffer::default()),
        }
    }

    fn primitive<T: ArrowPrimitiveType>(&mut self, array: &dyn Array) -> Result<(), Error> {
        let values = array.as_primitive::<T>().values().inner();
        self.head(array, values)?;
        self.buffers
            .push(values.slice_with_length(0, array.len() * size_of::<T::Native>()));
        Ok(())
    }

    fn boolean(&mut self, array: &dyn Array) -> Result<(), Error> {
        let values = array.as_boolean().values();
        self.head(array, values.inner())?;
        self.buffers.push(bits(values));
        Ok(())
    }

    fn fixed_size_binary(&mut self, array: &dyn Array, width: i32) -> Result<(), Error> {
        let values = array.as_fixed_size_binary().values();
        self.head(array, values)?;
        self.buffers
            .push(values.slice_with_length(0, array.len() * width.as_usize()));
        Ok(())
    }
}

/// A number of rows, as far as the layout can say it.
fn length(rows: usize) -> Result<u32, Error> {
    u32::try_from(rows).map_err(|_| Error::limit("a number of rows", rows, u32::MAX as usize))
}

/// Bits from the start of a byte; shares memory if they do already.
fn bits(bits: &BooleanBuffer) -> Buffer {
    bits.inner().bit_slice(bits.offset(), bits.len())
}

/// Offsets from 0, and the range of the child that they cover. Shares memory if they start at 0 already.
fn rebased<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (Buffer, usize, usize) {
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return (Buffer::from_vec(vec![O::zero()]), 0, 0);
    };
    let buffer = if first == O::zero() {
        offsets.inner().inner().slice_with_length(0, size_of_val(&**offsets))
    } else {
        Buffer::from_vec(offsets.iter().map(|&offset| offset - first).collect::<Vec<O>>())
    };
    (buffer, first.as_usize(), last.as_usize())
}

fn unknown_type(data_type: &DataType) -> Error {
    Error::data("a type of the Arrow format", shown(&data_type.to_string()))
}
