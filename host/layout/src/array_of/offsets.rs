//! Offsets into text, bytes or the items of lists.

use arrow_array::OffsetSizeTrait;
use arrow_buffer::{Buffer, OffsetBuffer};

use super::Reader;
use crate::error::Error;

impl Reader {
    /// Offsets for `length` values: not negative and never falling. Whether the last one fits what they point into is
    /// the caller's to check. No offsets at all will do for no values.
    pub(super) fn offsets<O: OffsetSizeTrait>(&mut self, length: usize) -> Result<OffsetBuffer<O>, Error> {
        if length == 0 && self.buffers.as_slice().first().is_some_and(Buffer::is_empty) {
            self.buffer()?;
            return Ok(OffsetBuffer::new_empty());
        }
        let count = length
            .checked_add(1)
            .ok_or_else(|| Error::data("a length in memory", length.to_string()))?;
        let offsets = self.values::<O>(count)?;
        if offsets[0] < O::zero() {
            return Err(Error::data(
                "offsets from 0 upwards",
                format!("{:?} in row 0", offsets[0]),
            ));
        }
        // Without a way out of the loop the compiler uses vector instructions.
        let falls = offsets.windows(2).filter(|pair| pair[0] > pair[1]).count();
        if falls > 0 {
            let row = offsets
                .windows(2)
                .position(|pair| pair[0] > pair[1])
                .unwrap_or_default();
            let got = format!("{:?} after {:?} in row {row}", offsets[row + 1], offsets[row]);
            return Err(Error::data("offsets that never fall", got));
        }
        // SAFETY: there is at least one offset, the first is not negative and none is less than the one before.
        Ok(unsafe { OffsetBuffer::new_unchecked(offsets) })
    }
}

/// The last offset, checked against what the offsets point into.
pub(super) fn check_end<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    available: usize,
    unit: &str,
) -> Result<usize, Error> {
    let last = offsets.last().copied().unwrap_or_default();
    last.to_usize().filter(|end| *end <= available).ok_or_else(|| {
        let expected = format!("offsets up to {available}, the number of {unit}");
        Error::data(expected, format!("{last:?}"))
    })
}
