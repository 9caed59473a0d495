//! Strings and bytes, and the views that are restored from them.

use std::sync::Arc;

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{ArrayRef, GenericByteArray, GenericByteViewArray};
use arrow_data::{ByteView, MAX_INLINE_VIEW_LEN};

use super::bits::cut;
use super::offsets::check_end;
use super::{Head, Reader, refused};
use crate::error::Error;

impl Reader {
    pub(super) fn bytes<T: ByteArrayType>(&mut self, head: &Head<'_>) -> Result<GenericByteArray<T>, Error> {
        let validity = self.validity(head)?;
        let offsets = self.offsets::<T::Offset>(head.length)?;
        let data = self.buffer()?;
        let end = check_end(&offsets, data.len(), "bytes")?;
        GenericByteArray::try_new(offsets, cut(data, end), validity).map_err(refused("text in UTF-8"))
    }

    /// Views of the same values; the bytes are shared.
    pub(super) fn views<T, V>(&mut self, head: &Head<'_>) -> Result<ArrayRef, Error>
    where
        T: ByteArrayType<Offset = i32>,
        V: ByteViewType<Native = T::Native>,
    {
        let (offsets, data, validity) = self.bytes::<T>(head)?.into_parts();
        let views = offsets
            .windows(2)
            .map(|ends| view(&data, ends[0] as usize, ends[1] as usize))
            .collect();
        // SAFETY: the values are valid for their type, and each view shows one of them: in the one buffer, or in itself
        // where it is short.
        Ok(Arc::new(unsafe {
            GenericByteViewArray::<V>::new_unchecked(views, vec![data], validity)
        }))
    }
}

/// A view of `data[start..end]`, where `data` is the first buffer.
fn view(data: &[u8], start: usize, end: usize) -> u128 {
    let value = &data[start..end];
    let length = value.len() as u32;
    if length > MAX_INLINE_VIEW_LEN {
        return ByteView::new(length, &value[..4]).with_offset(start as u32).as_u128();
    }
    let mut inline = [0; 16];
    // Always the same number of bytes where there are so many, which is faster than calling memcpy for a few.
    match data.get(start..start + 16) {
        Some(ahead) => inline.copy_from_slice(ahead),
        None => inline[..value.len()].copy_from_slice(value),
    }
    let of_value = (1_u128 << (8 * length)) - 1;
    u128::from(length) | (u128::from_le_bytes(inline) & of_value) << 32
}
