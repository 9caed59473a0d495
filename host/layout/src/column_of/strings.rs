//! Strings and bytes, with offsets or as views.

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{Array, GenericByteArray, GenericByteViewArray};
use arrow_buffer::Buffer;
use arrow_data::{ByteView, MAX_INLINE_VIEW_LEN};

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
        let is_valid = |row: usize| array.nulls().is_none_or(|nulls| nulls.is_valid(row));
        let views = || {
            array
                .views()
                .iter()
                .enumerate()
                .map(|(row, view)| if is_valid(row) { *view } else { 0 })
        };
        let total: usize = views().map(|view| ByteView::from(view).length as usize).sum();
        if i32::try_from(total).is_err() {
            return Err(Error::limit(
                "a size in bytes of a view column",
                total,
                i32::MAX as usize,
            ));
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(total + INLINE_BYTES);
        let mut offsets: Vec<i32> = Vec::with_capacity(array.len() + 1);
        offsets.push(0);
        for view in views() {
            push_bytes(view, array.data_buffers(), &mut bytes);
            offsets.push(bytes.len() as i32);
        }
        let offsets = Buffer::from_vec(offsets);
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.buffers.push(Buffer::from_vec(bytes));
        Ok(())
    }
}

/// Bytes that a view holds itself, if its value has no more.
const INLINE_BYTES: usize = MAX_INLINE_VIEW_LEN as usize;

fn push_bytes(view: u128, buffers: &[Buffer], bytes: &mut Vec<u8>) {
    let ByteView {
        length,
        buffer_index,
        offset,
        ..
    } = ByteView::from(view);
    let length = length as usize;
    if length <= INLINE_BYTES {
        // Always the same number of bytes, which is faster than calling memcpy for a few.
        let end = bytes.len() + length;
        bytes.extend_from_slice(&view.to_le_bytes()[4..]);
        bytes.truncate(end);
    } else {
        let start = offset as usize;
        bytes.extend_from_slice(&buffers[buffer_index as usize][start..start + length]);
    }
}
