//! Run-end encoded arrays.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{ArrayRef, PrimitiveArray, RunArray};
use arrow_buffer::{ArrowNativeType, RunEndBuffer};
use arrow_schema::{DataType, FieldRef};

use super::{Head, Reader, unknown_type};
use crate::error::Error;

impl Reader {
    pub(super) fn run_end_encoded(
        &mut self,
        head: &Head<'_>,
        data_type: &DataType,
        ends: &FieldRef,
        values: &FieldRef,
    ) -> Result<ArrayRef, Error> {
        self.check_weightless(head)?;
        if head.nulls > 0 {
            let got = format!("{}", head.nulls);
            return Err(Error::data(
                "no nulls, as a run-end encoded array has none of its own",
                got,
            ));
        }
        let run_ends = self.child(ends, None, None)?;
        let values = self.child(values, Some(run_ends.len()), None)?;
        match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(head.length, data_type, run_ends.as_primitive(), values),
            DataType::Int32 => runs::<Int32Type>(head.length, data_type, run_ends.as_primitive(), values),
            DataType::Int64 => runs::<Int64Type>(head.length, data_type, run_ends.as_primitive(), values),
            other => Err(unknown_type(other)),
        }
    }
}

fn runs<R: RunEndIndexType>(
    length: usize,
    data_type: &DataType,
    ends: &PrimitiveArray<R>,
    values: ArrayRef,
) -> Result<ArrayRef, Error> {
    let ends = ends.values().clone();
    let zero = R::Native::usize_as(0);
    let is_rising = ends.first().is_none_or(|first| *first > zero) && ends.windows(2).all(|pair| pair[0] < pair[1]);
    if !is_rising {
        let before = ends
            .iter()
            .scan(zero, |before, end| Some(std::mem::replace(before, *end)));
        let run = ends
            .iter()
            .zip(before)
            .position(|(end, before)| *end <= before)
            .unwrap_or_default();
        return Err(Error::data(
            "run ends that rise from above 0",
            format!("{:?} at run {run}", ends[run]),
        ));
    }
    let last = ends.last().copied().unwrap_or(zero);
    if last.to_usize() != Some(length) {
        let expected = format!("run ends up to {length}, the number of rows");
        return Err(Error::data(expected, format!("{last:?}")));
    }
    // SAFETY: the run ends rise from above 0 and the last one is the length.
    let ends = unsafe { RunEndBuffer::new_unchecked(ends, 0, length) };
    // SAFETY: the data type says run-end encoding with ends of type `R`, which have no nulls, and there is one value of
    // its values' type for each.
    Ok(Arc::new(unsafe {
        RunArray::<R>::new_unchecked(data_type.clone(), ends, values)
    }))
}
