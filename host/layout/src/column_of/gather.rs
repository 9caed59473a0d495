//! Picking values out of an array, where the layout has no way to point at them.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, UInt64Array, make_array};
use arrow_data::transform::MutableArrayData;
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;

use crate::error::Error;

/// The values in these ranges, one after another. The ranges lie within the array.
pub(super) fn gather(values: &ArrayRef, ranges: impl Iterator<Item = Range<usize>>) -> Result<ArrayRef, Error> {
    let data_type = values.data_type();
    let is_simple = data_type.is_primitive() || data_type.is_string() || data_type.is_binary();
    let gathered = if is_simple && !matches!(data_type, DataType::FixedSizeBinary(0)) {
        pick(values, ranges)
    } else {
        copy(values, ranges)
    };
    gathered.map_err(|error| Error::data("values that can be gathered", error.to_string()))
}

/// Fast for short ranges of simple values.
fn pick(values: &ArrayRef, ranges: impl Iterator<Item = Range<usize>>) -> Result<ArrayRef, ArrowError> {
    let indices: Vec<u64> = ranges.flat_map(|range| range.start as u64..range.end as u64).collect();
    take(values, &UInt64Array::from(indices), None)
}

/// Knows every type; `take` loses the length of lists of size 0 and bytes of width 0, wherever they are.
fn copy(values: &ArrayRef, ranges: impl Iterator<Item = Range<usize>>) -> Result<ArrayRef, ArrowError> {
    let values = values.to_data();
    let mut copy = MutableArrayData::new(vec![&values], false, 0);
    for range in ranges {
        copy.try_extend(0, range.start, range.end)?;
    }
    Ok(make_array(copy.freeze()))
}
