//! Strings and bytes, with offsets or as views.

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{Array, GenericByteArray, GenericByteViewArray};
use arrow_buffer::Buffer;

use super::{Writer, rebased};
use crate::error::Error;

impl Writer {
    pub(super) fn bytes<T: ByteArrayType>(&mut self, array: &GenericByteArray<T>) -> Result<(), Error> {
        let (offsets, start, end) = rebased(array.offsets());
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.buffers.push(array.values().slice_with_length(start, end - start));
        Ok(())
    }

    /// Views leave as offsets and bytes; what nulls point at stays behind.
    pub(super) fn views<T: ByteViewType + ?Sized>(&mut self, array: &GenericByteViewArray<T>) -> Result<(), Error> {
        let total: usize = match array.nulls() {
            None => array.lengths().map(|length| length as usize).sum(),
            Some(nulls) => {
                let lengths = array.lengths().zip(nulls);
                lengths
                    .map(|(length, valid)| if valid { length as usize } else { 0 })
                    .sum()
            }
        };
        if i32::try_from(total).is_err() {
            return Err(Error::limit(
                "a size in bytes of a view column",
                total,
                i32::MAX as usize,
            ));
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(total);
        let mut offsets: Vec<i32> = Vec::with_capacity(array.len() + 1);
        offsets.push(0);
        for value in array {
            bytes.extend_from_slice(value.map_or(&[], AsRef::as_ref));
            offsets.push(bytes.len() as i32);
        }
        let offsets = Buffer::from_vec(offsets);
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.buffers.push(Buffer::from_vec(bytes));
        Ok(())
    }
}
