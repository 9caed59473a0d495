//! Validity and booleans: buffers of bits.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use super::{Head, Reader};
use crate::error::Error;

impl Reader {
    /// The validity of an array, recounted; nothing where no value is null.
    pub(super) fn validity(&mut self, head: &Head<'_>) -> Result<Option<NullBuffer>, Error> {
        let is_absent = self.buffers.as_slice().first().is_some_and(Buffer::is_empty);
        if is_absent && head.nulls == 0 {
            self.buffer()?;
            return Ok(None);
        }
        let nulls = NullBuffer::new(self.bits(head.length, "validity")?);
        if nulls.null_count() != head.nulls {
            let got = format!("{} in the validity buffer", nulls.null_count());
            return Err(Error::data(format!("{} nulls, as the node says", head.nulls), got));
        }
        if nulls.null_count() == 0 {
            return Ok(None);
        }
        let is_masked = || {
            head.mask
                .is_some_and(|mask| mask.len() == nulls.len() && mask.contains(&nulls))
        };
        if !head.nullable && !is_masked() {
            let got = format!("{}", nulls.null_count());
            return Err(Error::data("no nulls, as the field is not nullable", got));
        }
        Ok(Some(nulls))
    }

    pub(super) fn boolean(&mut self, head: &Head<'_>) -> Result<ArrayRef, Error> {
        let validity = self.validity(head)?;
        let values = self.bits(head.length, "boolean")?;
        Ok(Arc::new(BooleanArray::new(values, validity)))
    }

    fn bits(&mut self, length: usize, what: &str) -> Result<BooleanBuffer, Error> {
        let buffer = self.buffer()?;
        let bytes = length.div_ceil(8);
        if buffer.len() < bytes {
            let expected = format!("a {what} buffer of {bytes} bytes for {length} values");
            return Err(Error::data(expected, format!("{} bytes", buffer.len())));
        }
        Ok(BooleanBuffer::new(cut(buffer, bytes), 0, length))
    }
}

/// The first `bytes` bytes of a buffer that has at least so many.
pub(super) fn cut(buffer: Buffer, bytes: usize) -> Buffer {
    if buffer.len() == bytes {
        buffer
    } else {
        buffer.slice_with_length(0, bytes)
    }
}
