//! Lists, maps, structs and unions: their own buffers, then the part of their children that the slice uses.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray, OffsetSizeTrait,
    StructArray, UnionArray,
};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};
use arrow_schema::Field;

use super::gather::gather;
use super::{Writer, rebased};
use crate::error::Error;

impl Writer {
    pub(super) fn list<O: OffsetSizeTrait>(&mut self, array: &GenericListArray<O>, item: &Field) -> Result<(), Error> {
        let (offsets, start, end) = rebased(array.offsets());
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.child(item, &sliced(array.values(), start, end))
    }

    pub(super) fn map(&mut self, array: &MapArray, entries: &Field) -> Result<(), Error> {
        let (offsets, start, end) = rebased(array.offsets());
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.child(entries, &array.entries().slice(start, end - start))
    }

    /// List views leave as lists. Where they don't follow one another, the items are gathered into that order.
    pub(super) fn list_view<O: OffsetSizeTrait>(
        &mut self,
        array: &GenericListViewArray<O>,
        item: &Field,
    ) -> Result<(), Error> {
        let (offsets, items) = match contiguous(array) {
            Some((start, end)) => (
                running_sum(array.value_sizes().iter().copied())?,
                sliced(array.values(), start, end),
            ),
            None => gathered(array)?,
        };
        self.head(array, &offsets)?;
        self.buffers.push(offsets);
        self.child(item, &items)
    }

    pub(super) fn fixed_size_list(&mut self, array: &FixedSizeListArray, item: &Field, size: i32) -> Result<(), Error> {
        self.bare_head(array)?;
        self.child(item, &sliced(array.values(), 0, array.len() * size.as_usize()))
    }

    pub(super) fn structure(&mut self, array: &StructArray) -> Result<(), Error> {
        self.bare_head(array)?;
        for (field, column) in array.fields().iter().zip(array.columns()) {
            self.child(field, column)?;
        }
        Ok(())
    }

    pub(super) fn union(&mut self, array: &UnionArray) -> Result<(), Error> {
        self.node(array, 0)?;
        let ids = array.type_ids();
        self.buffers.push(ids.inner().slice_with_length(0, array.len()));
        let Some(offsets) = array.offsets() else {
            for (id, field) in array.fields().iter() {
                self.child(field, &sliced(array.child(id), 0, array.len()))?;
            }
            return Ok(());
        };
        let used = UsedRanges::of(ids, offsets);
        self.buffers.push(used.rebase(ids, offsets));
        for (id, field) in array.fields().iter() {
            let (start, end) = used.range(id);
            self.child(field, &sliced(array.child(id), start, end))?;
        }
        Ok(())
    }
}

/// Rows `start..end`, without a new array if these are all.
fn sliced(array: &ArrayRef, start: usize, end: usize) -> ArrayRef {
    if start == 0 && end == array.len() {
        Arc::clone(array)
    } else {
        array.slice(start, end - start)
    }
}

/// The range that list views cover, if each begins where the one before ends.
fn contiguous<O: OffsetSizeTrait>(array: &GenericListViewArray<O>) -> Option<(usize, usize)> {
    let mut range: Option<(usize, usize)> = None;
    for (offset, size) in array.value_offsets().iter().zip(array.value_sizes()) {
        let (offset, size) = (offset.as_usize(), size.as_usize());
        if size == 0 {
            continue;
        }
        let (start, end) = range.unwrap_or((offset, offset));
        if offset != end {
            return None;
        }
        range = Some((start, end + size));
    }
    Some(range.unwrap_or((0, 0)))
}

fn gathered<O: OffsetSizeTrait>(array: &GenericListViewArray<O>) -> Result<(Buffer, ArrayRef), Error> {
    let views = || {
        let all = array.value_offsets().iter().zip(array.value_sizes()).enumerate();
        all.map(|(row, (offset, size))| (offset.as_usize(), if array.is_null(row) { 0 } else { size.as_usize() }))
    };
    let offsets = running_sum(views().map(|(_, size)| O::usize_as(size)))?;
    let items = gather(array.values(), views().map(|(offset, size)| offset..offset + size))?;
    Ok((offsets, items))
}

/// Offsets from sizes.
fn running_sum<O: OffsetSizeTrait>(sizes: impl ExactSizeIterator<Item = O>) -> Result<Buffer, Error> {
    let mut offsets: Vec<O> = Vec::with_capacity(sizes.len() + 1);
    let mut end = O::zero();
    offsets.push(end);
    for size in sizes {
        let limit = if O::IS_LARGE {
            u32::MAX as usize
        } else {
            i32::MAX as usize
        };
        let total = end.as_usize().saturating_add(size.as_usize());
        if total > limit {
            return Err(Error::limit("a number of items of all lists", total, limit));
        }
        end = O::usize_as(total);
        offsets.push(end);
    }
    Ok(Buffer::from_vec(offsets))
}

/// For each type id of a dense union the part of its child that is in use.
struct UsedRanges {
    /// First and last offset per id.
    ranges: [Option<(i32, i32)>; 128],
}

impl UsedRanges {
    fn of(ids: &[i8], offsets: &[i32]) -> Self {
        let mut ranges = [None; 128];
        for (&id, &offset) in ids.iter().zip(offsets) {
            if let Some(range) = ranges.get_mut(id as usize) {
                let (first, last) = range.unwrap_or((offset, offset));
                *range = Some((offset.min(first), offset.max(last)));
            }
        }
        Self { ranges }
    }

    fn range(&self, id: i8) -> (usize, usize) {
        let range = self.ranges.get(id as usize).copied().flatten();
        range.map_or((0, 0), |(first, last)| (first.as_usize(), last.as_usize() + 1))
    }

    fn rebase(&self, ids: &[i8], offsets: &ScalarBuffer<i32>) -> Buffer {
        if self.ranges.iter().flatten().all(|(first, _)| *first == 0) {
            return offsets.inner().slice_with_length(0, size_of_val(&**offsets));
        }
        let rebased = ids
            .iter()
            .zip(offsets)
            .map(|(&id, offset)| offset - self.range(id).0 as i32);
        Buffer::from_vec(rebased.collect::<Vec<i32>>())
    }
}
