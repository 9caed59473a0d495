//! How much memory the values of an array take once each row has its own copy.
//!
//! Dictionaries, views, run ends and list views let rows share values, so a small array can stand for much more than
//! its buffers. Kernels that copy values give every row its own: these functions tell how much that will be. They stop
//! counting as soon as the result is past what is allowed.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryViewArray, GenericListArray, GenericListViewArray, OffsetSizeTrait,
        StringViewArray,
    },
    datatypes::{ArrowNativeType, DataType, Int16Type, Int32Type, Int64Type, RunEndIndexType, UnionMode},
};
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;

/// More than was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// Counts down from what is allowed.
struct Meter {
    left: u64,
    /// Whether rows that share a value go on sharing it.
    sharing: bool,
}

impl Meter {
    fn add(&mut self, bytes: u64) -> Result<(), TooMuch> {
        self.left = self.left.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }

    fn add_rows(&mut self, rows: usize, bytes_per_row: u64) -> Result<(), TooMuch> {
        self.add((rows as u64).saturating_mul(bytes_per_row))
    }
}

/// Bytes of a type per row apart from the values that rows may share: the values of fixed width, offsets and views.
pub(crate) fn bytes_per_row(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Null => 0,
        DataType::Boolean => 1,
        DataType::Utf8 | DataType::Binary | DataType::List(_) | DataType::Map(..) => 4,
        DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) | DataType::ListView(_) => 8,
        DataType::Utf8View | DataType::BinaryView | DataType::LargeListView(_) => 16,
        DataType::FixedSizeBinary(width) => u64::try_from(*width).unwrap_or(0),
        DataType::FixedSizeList(field, length) => u64::try_from(*length)
            .unwrap_or(0)
            .saturating_mul(bytes_per_row(field.data_type()).max(1)),
        DataType::Struct(fields) => fields
            .iter()
            .fold(0_u64, |sum, field| sum.saturating_add(bytes_per_row(field.data_type()))),
        DataType::Union(fields, _) => fields.iter().fold(5_u64, |sum, (_, field)| {
            sum.saturating_add(bytes_per_row(field.data_type()))
        }),
        DataType::Dictionary(key, _) => bytes_per_row(key),
        DataType::RunEndEncoded(ends, values) => bytes_per_row(ends.data_type()) + bytes_per_row(values.data_type()),
        other => other.primitive_width().unwrap_or(16) as u64,
    }
}

/// Whether each row of this type takes [`bytes_per_row`] and nothing more.
pub(crate) fn is_fixed(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Null | DataType::FixedSizeBinary(_) => true,
        DataType::FixedSizeList(field, _) => is_fixed(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_fixed(field.data_type())),
        other => other.is_primitive(),
    }
}

/// Bytes that all rows take.
pub(crate) fn array_bytes(array: &dyn Array, allowed: u64) -> Result<u64, TooMuch> {
    let mut meter = Meter {
        left: allowed,
        sharing: false,
    };
    range(array, 0, array.len(), &mut meter)?;
    Ok(allowed - meter.left)
}

/// Bytes that these rows take, counting a row as often as it is named. Indices must be in range.
pub(crate) fn taken_bytes(array: &dyn Array, rows: &[u32], allowed: u64) -> Result<u64, TooMuch> {
    let mut meter = Meter {
        left: allowed,
        sharing: true,
    };
    if is_fixed(array.data_type()) {
        meter.add_rows(rows.len(), bytes_per_row(array.data_type()))?;
    } else {
        for &row in rows {
            range(array, row as usize, row as usize + 1, &mut meter)?;
        }
    }
    Ok(allowed - meter.left)
}

/// Bytes that an array takes as a part of a longer one. Rows that share values go on sharing them, but the values come
/// along unless they are those of the `first` part.
pub(crate) fn joined_bytes(array: &dyn Array, first: &dyn Array, allowed: u64) -> Result<u64, TooMuch> {
    let mut meter = Meter {
        left: allowed,
        sharing: true,
    };
    range(array, 0, array.len(), &mut meter)?;
    let (values, first_values) = (shared_values(array), shared_values(first));
    for (index, values) in values.iter().enumerate() {
        let same =
            std::ptr::eq(array, first) || first_values.get(index).is_some_and(|first| Arc::ptr_eq(first, values));
        if !same {
            meter.add(values.get_array_memory_size() as u64)?;
        }
    }
    Ok(allowed - meter.left)
}

/// The values of dictionaries and list views anywhere in an array.
fn shared_values(array: &dyn Array) -> Vec<ArrayRef> {
    let children: Vec<ArrayRef> = match array.data_type() {
        DataType::Dictionary(..) => return vec![Arc::clone(array.as_any_dictionary().values())],
        DataType::ListView(_) => return vec![Arc::clone(array.as_list_view::<i32>().values())],
        DataType::LargeListView(_) => return vec![Arc::clone(array.as_list_view::<i64>().values())],
        DataType::List(_) => vec![Arc::clone(array.as_list::<i32>().values())],
        DataType::LargeList(_) => vec![Arc::clone(array.as_list::<i64>().values())],
        DataType::FixedSizeList(..) => vec![Arc::clone(array.as_fixed_size_list().values())],
        DataType::Struct(_) => array.as_struct().columns().to_vec(),
        DataType::Map(..) => array.as_map().entries().columns().to_vec(),
        DataType::Union(fields, _) => fields
            .iter()
            .map(|(id, _)| Arc::clone(array.as_union().child(id)))
            .collect(),
        _ => return Vec::new(),
    };
    children
        .iter()
        .flat_map(|child| shared_values(child.as_ref()))
        .collect()
}

/// Bytes of the longest row. Counts every row.
pub(crate) fn longest_row(value: &ColumnarValue, allowed: u64) -> Result<u64, TooMuch> {
    match value {
        ColumnarValue::Scalar(scalar) => scalar_bytes(scalar, allowed),
        ColumnarValue::Array(array) if is_fixed(array.data_type()) => Ok(bytes_per_row(array.data_type())),
        ColumnarValue::Array(array) => {
            let mut longest = 0;
            for row in 0..array.len() {
                let mut meter = Meter {
                    left: allowed,
                    sharing: false,
                };
                range(array.as_ref(), row, row + 1, &mut meter)?;
                longest = longest.max(allowed - meter.left);
            }
            Ok(longest)
        }
    }
}

/// Bytes of one value.
pub(crate) fn scalar_bytes(scalar: &ScalarValue, allowed: u64) -> Result<u64, TooMuch> {
    let bytes = match scalar {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len) as u64 + 16
        }
        ScalarValue::Binary(bytes) | ScalarValue::LargeBinary(bytes) | ScalarValue::BinaryView(bytes) => {
            bytes.as_ref().map_or(0, Vec::len) as u64 + 16
        }
        ScalarValue::List(array) => return array_bytes(array.as_ref(), allowed),
        ScalarValue::LargeList(array) => return array_bytes(array.as_ref(), allowed),
        ScalarValue::FixedSizeList(array) => return array_bytes(array.as_ref(), allowed),
        ScalarValue::Struct(array) => return array_bytes(array.as_ref(), allowed),
        ScalarValue::Map(array) => return array_bytes(array.as_ref(), allowed),
        ScalarValue::Dictionary(_, value) => return scalar_bytes(value, allowed),
        other => bytes_per_row(&other.data_type()).max(other.size() as u64),
    };
    if bytes > allowed { Err(TooMuch) } else { Ok(bytes) }
}

/// Elements in all lists of an array, at every level.
pub(crate) fn elements(array: &dyn Array) -> u64 {
    fn of<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> u64 {
        let offsets = list.value_offsets();
        let (start, end) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
        (end - start) as u64 + elements(list.values().slice(start, end - start).as_ref())
    }
    match array.data_type() {
        DataType::List(_) => of(array.as_list::<i32>()),
        DataType::LargeList(_) => of(array.as_list::<i64>()),
        DataType::FixedSizeList(..) => {
            let values = array.as_fixed_size_list().values();
            values.len() as u64 + elements(values.as_ref())
        }
        _ => 0,
    }
}

fn range(array: &dyn Array, start: usize, end: usize, meter: &mut Meter) -> Result<(), TooMuch> {
    let rows = end - start;
    meter.add_rows(rows, bytes_per_row(array.data_type()))?;
    match array.data_type() {
        DataType::Utf8 => span(array.as_string::<i32>().value_offsets(), start, end, meter),
        DataType::LargeUtf8 => span(array.as_string::<i64>().value_offsets(), start, end, meter),
        DataType::Binary => span(array.as_binary::<i32>().value_offsets(), start, end, meter),
        DataType::LargeBinary => span(array.as_binary::<i64>().value_offsets(), start, end, meter),
        DataType::Utf8View | DataType::BinaryView | DataType::ListView(_) | DataType::LargeListView(_)
            if meter.sharing =>
        {
            Ok(())
        }
        DataType::Dictionary(..) if meter.sharing => Ok(()),
        DataType::Utf8View => views(
            array
                .as_any()
                .downcast_ref::<StringViewArray>()
                .map(|a| &a.views()[start..end]),
            meter,
        ),
        DataType::BinaryView => views(
            array
                .as_any()
                .downcast_ref::<BinaryViewArray>()
                .map(|a| &a.views()[start..end]),
            meter,
        ),
        DataType::List(_) => list(array.as_list::<i32>(), start, end, meter),
        DataType::LargeList(_) => list(array.as_list::<i64>(), start, end, meter),
        DataType::Map(..) => {
            let map = array.as_map();
            let offsets = map.value_offsets();
            range(map.entries(), offsets[start].as_usize(), offsets[end].as_usize(), meter)
        }
        DataType::ListView(_) => list_view(array.as_list_view::<i32>(), start, end, meter),
        DataType::LargeListView(_) => list_view(array.as_list_view::<i64>(), start, end, meter),
        DataType::FixedSizeList(..) if !is_fixed(array.data_type()) => {
            let list = array.as_fixed_size_list();
            let length = list.value_length().as_usize();
            range(list.values().as_ref(), start * length, end * length, meter)
        }
        DataType::Struct(_) if !is_fixed(array.data_type()) => array
            .as_struct()
            .columns()
            .iter()
            .try_for_each(|column| range(column.as_ref(), start, end, meter)),
        DataType::Union(fields, mode) => {
            let union = array.as_union();
            match mode {
                UnionMode::Sparse => fields
                    .iter()
                    .try_for_each(|(id, _)| range(union.child(id).as_ref(), start, end, meter)),
                UnionMode::Dense => (start..end).try_for_each(|row| {
                    let value = union.value_offset(row);
                    range(union.child(union.type_id(row)).as_ref(), value, value + 1, meter)
                }),
            }
        }
        DataType::Dictionary(_, values) => {
            let dictionary = array.as_any_dictionary();
            if is_fixed(values) {
                return meter.add_rows(rows, bytes_per_row(values));
            }
            dictionary_rows(
                dictionary.keys().slice(start, rows).as_ref(),
                dictionary.values(),
                meter,
            )
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array, start, end, meter),
            DataType::Int32 => runs::<Int32Type>(array, start, end, meter),
            _ => runs::<Int64Type>(array, start, end, meter),
        },
        _ => Ok(()),
    }
}

fn span<O: OffsetSizeTrait>(offsets: &[O], start: usize, end: usize, meter: &mut Meter) -> Result<(), TooMuch> {
    meter.add((offsets[end] - offsets[start]).as_usize() as u64)
}

/// The length of a view's value is its lowest 32 bits.
fn views(views: Option<&[u128]>, meter: &mut Meter) -> Result<(), TooMuch> {
    meter.add(
        views
            .unwrap_or_default()
            .iter()
            .map(|view| u64::from(*view as u32))
            .sum(),
    )
}

fn list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    start: usize,
    end: usize,
    meter: &mut Meter,
) -> Result<(), TooMuch> {
    let offsets = list.value_offsets();
    range(
        list.values().as_ref(),
        offsets[start].as_usize(),
        offsets[end].as_usize(),
        meter,
    )
}

fn list_view<O: OffsetSizeTrait>(
    list: &GenericListViewArray<O>,
    start: usize,
    end: usize,
    meter: &mut Meter,
) -> Result<(), TooMuch> {
    (start..end).try_for_each(|row| {
        let first = list.value_offset(row).as_usize();
        range(
            list.values().as_ref(),
            first,
            first + list.value_size(row).as_usize(),
            meter,
        )
    })
}

fn dictionary_rows(keys: &dyn Array, values: &ArrayRef, meter: &mut Meter) -> Result<(), TooMuch> {
    if values.is_empty() {
        return Ok(());
    }
    let dictionary_keys = arrow::compute::cast(keys, &DataType::UInt64).map_err(|_| TooMuch)?;
    let dictionary_keys = dictionary_keys.as_primitive::<arrow::datatypes::UInt64Type>();
    dictionary_keys.iter().flatten().try_for_each(|key| {
        let key = usize::try_from(key).unwrap_or(usize::MAX).min(values.len() - 1);
        range(values.as_ref(), key, key + 1, meter)
    })
}

fn runs<R: RunEndIndexType>(array: &dyn Array, start: usize, end: usize, meter: &mut Meter) -> Result<(), TooMuch> {
    let Some(array) = array.as_run_opt::<R>() else {
        return Ok(());
    };
    let mut row = start;
    while row < end {
        let physical = array.get_physical_index(row);
        let run_end = array.run_ends().values()[physical]
            .as_usize()
            .saturating_sub(array.offset())
            .clamp(row + 1, end);
        let mut one = Meter {
            left: meter.left,
            sharing: meter.sharing,
        };
        range(array.values().as_ref(), physical, physical + 1, &mut one)?;
        meter.add_rows(run_end - row, meter.left - one.left)?;
        row = run_end;
    }
    Ok(())
}
