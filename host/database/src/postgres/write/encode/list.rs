//! Lists as arrays of one dimension.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use bytes::BufMut;

use super::{Column, Put, Wire, measured};

const DIMENSIONS: i32 = 1;
const FIRST_INDEX: i32 = 1;

/// None where a type is no list.
pub(super) fn put<'a>(array: &'a ArrayRef, oid: u32, item: &Wire) -> Result<Option<Put<'a>>, String> {
    Ok(Some(match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            items(list.values(), oid, item, move |row| {
                offsets[row] as usize..offsets[row + 1] as usize
            })?
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            items(list.values(), oid, item, move |row| {
                offsets[row] as usize..offsets[row + 1] as usize
            })?
        }
        DataType::FixedSizeList(_, width) => {
            let width = *width as usize;
            items(array.as_fixed_size_list().values(), oid, item, move |row| {
                row * width..(row + 1) * width
            })?
        }
        DataType::ListView(_) => {
            let list = array.as_list_view::<i32>();
            let (offsets, sizes) = (list.value_offsets(), list.value_sizes());
            items(list.values(), oid, item, move |row| {
                offsets[row] as usize..(offsets[row] + sizes[row]) as usize
            })?
        }
        DataType::LargeListView(_) => {
            let list = array.as_list_view::<i64>();
            let (offsets, sizes) = (list.value_offsets(), list.value_sizes());
            items(list.values(), oid, item, move |row| {
                offsets[row] as usize..(offsets[row] + sizes[row]) as usize
            })?
        }
        _ => return Ok(None),
    }))
}

fn items<'a>(
    values: &'a ArrayRef,
    oid: u32,
    item: &Wire,
    range: impl Fn(usize) -> Range<usize> + Send + 'a,
) -> Result<Put<'a>, String> {
    let column = Column::new(values, item)?;
    Ok(Box::new(move |row, out| {
        let range = range(row);
        measured(out, |out| {
            let has_nulls = column
                .nulls
                .as_ref()
                .is_some_and(|nulls| range.clone().any(|at| nulls.is_null(at)));
            out.put_i32(if range.is_empty() { 0 } else { DIMENSIONS });
            out.put_i32(has_nulls.into());
            out.put_u32(oid);
            if !range.is_empty() {
                let length = i32::try_from(range.len()).map_err(|_| "the list is too long".to_owned())?;
                out.put_i32(length);
                out.put_i32(FIRST_INDEX);
            }
            range.clone().try_for_each(|at| column.put(at, out))
        })
    }))
}
