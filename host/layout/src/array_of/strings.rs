//! Strings and bytes, and the views that are restored from them.

use std::sync::Arc;

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{ArrayRef, GenericByteArray, GenericByteViewArray};

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
        let array = self.bytes::<T>(head)?;
        Ok(Arc::new(GenericByteViewArray::<V>::from(&array)))
    }
}
