//! Lists, maps and structs.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    ArrayRef, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray, OffsetSizeTrait, StructArray,
};
use arrow_buffer::{ArrowNativeType, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{FieldRef, Fields};

use super::offsets::check_end;
use super::{Head, Reader, refused};
use crate::error::Error;

/// What all list types share.
struct ListParts<O: OffsetSizeTrait> {
    validity: Option<NullBuffer>,
    offsets: OffsetBuffer<O>,
    items: ArrayRef,
}

impl Reader {
    pub(super) fn list<O: OffsetSizeTrait>(&mut self, head: &Head<'_>, item: &FieldRef) -> Result<ArrayRef, Error> {
        let parts = self.list_parts::<O>(head, item)?;
        let list = GenericListArray::try_new(Arc::clone(item), parts.offsets, parts.items, parts.validity);
        Ok(Arc::new(list.map_err(refused("a list"))?))
    }

    pub(super) fn list_view<O: OffsetSizeTrait>(
        &mut self,
        head: &Head<'_>,
        item: &FieldRef,
    ) -> Result<ArrayRef, Error> {
        let parts = self.list_parts::<O>(head, item)?;
        let sizes: ScalarBuffer<O> = parts.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let offsets = parts.offsets.inner().slice(0, head.length);
        let views = GenericListViewArray::try_new(Arc::clone(item), offsets, sizes, parts.items, parts.validity);
        Ok(Arc::new(views.map_err(refused("list views"))?))
    }

    pub(super) fn map(&mut self, head: &Head<'_>, entries: &FieldRef, sorted: bool) -> Result<ArrayRef, Error> {
        let parts = self.list_parts::<i32>(head, entries)?;
        let Some(members) = parts.items.as_struct_opt() else {
            return Err(Error::data("map entries that are a struct", "another type"));
        };
        let map = MapArray::try_new(
            Arc::clone(entries),
            parts.offsets,
            members.clone(),
            parts.validity,
            sorted,
        );
        Ok(Arc::new(map.map_err(refused("a map"))?))
    }

    fn list_parts<O: OffsetSizeTrait>(&mut self, head: &Head<'_>, item: &FieldRef) -> Result<ListParts<O>, Error> {
        let validity = self.validity(head)?;
        let offsets = self.offsets::<O>(head.length)?;
        let items = self.child(item, None, None)?;
        check_end(&offsets, items.len(), "items")?;
        Ok(ListParts {
            validity,
            offsets,
            items,
        })
    }

    pub(super) fn fixed_size_list(&mut self, head: &Head<'_>, item: &FieldRef, size: i32) -> Result<ArrayRef, Error> {
        let validity = self.validity(head)?;
        let wrong_size = || {
            Error::data(
                "a list size from 0 upwards, and items that can be counted",
                format!("{size}"),
            )
        };
        let items = size
            .to_usize()
            .and_then(|size| head.length.checked_mul(size))
            .ok_or_else(wrong_size)?;
        if size == 0 {
            self.check_weightless(head)?;
        }
        let mask = self.items_mask(item, validity.as_ref(), items, size.as_usize());
        let items = self.child(item, Some(items), mask.as_ref())?;
        let list = FixedSizeListArray::try_new_with_length(Arc::clone(item), size, items, validity, head.length);
        Ok(Arc::new(list.map_err(refused("a fixed-size list"))?))
    }

    /// Where items that are not nullable may be null all the same: in null lists. Built only if there are such items,
    /// and bytes enough behind them to pay for the mask.
    fn items_mask(&self, item: &FieldRef, lists: Option<&NullBuffer>, items: usize, size: usize) -> Option<NullBuffer> {
        let lists = lists.filter(|_| !item.is_nullable())?;
        let node = self
            .peek()
            .filter(|node| node.nulls > 0 && node.length as usize == items)?;
        let validity = self.buffers.as_slice().first()?;
        (validity.len() >= (node.length as usize).div_ceil(8)).then(|| lists.expand(size))
    }

    pub(super) fn structure(&mut self, head: &Head<'_>, fields: &Fields) -> Result<ArrayRef, Error> {
        let validity = self.validity(head)?;
        if fields.is_empty() {
            self.check_weightless(head)?;
        }
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            columns.push(self.child(field, Some(head.length), validity.as_ref())?);
        }
        let array = StructArray::try_new_with_length(fields.clone(), columns, validity, head.length);
        Ok(Arc::new(array.map_err(refused("a struct"))?))
    }
}
