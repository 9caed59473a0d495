//! Run-end encoded arrays: run ends and values, trimmed to the slice.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, PrimitiveArray, RunArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, Field};

use super::{Writer, unknown_type};
use crate::error::Error;

impl Writer {
    pub(super) fn run_end_encoded(&mut self, array: &dyn Array, ends: &Field, values: &Field) -> Result<(), Error> {
        match ends.data_type() {
            DataType::Int16 => self.runs(array.as_run::<Int16Type>(), ends, values),
            DataType::Int32 => self.runs(array.as_run::<Int32Type>(), ends, values),
            DataType::Int64 => self.runs(array.as_run::<Int64Type>(), ends, values),
            _ => Err(unknown_type(array.data_type())),
        }
    }

    fn runs<R: RunEndIndexType>(&mut self, array: &RunArray<R>, ends: &Field, values: &Field) -> Result<(), Error> {
        self.node(array, 0)?;
        let run_ends = array.run_ends();
        let is_trimmed = run_ends.max_value() == array.len();
        let trimmed: ScalarBuffer<R::Native> = if is_trimmed {
            run_ends.inner().clone()
        } else {
            run_ends.sliced_values().collect()
        };
        self.child(ends, &PrimitiveArray::<R>::new(trimmed, None))?;
        self.child(
            values,
            &if is_trimmed {
                array.values().clone()
            } else {
                array.values_slice()
            },
        )
    }
}
