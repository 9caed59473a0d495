//! Arrays of the database, one dimension of them.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::super::wire::Wire;
use super::column::Column;
use super::flaw::Flaw;
use super::rows::{Place, Rows};

/// A column of lists that is being filled.
pub(super) struct List {
    items: Column,
    count: i32,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    /// Where the items of the rows at hand are.
    places: Vec<Place>,
}

impl List {
    pub fn new(item: &Wire, rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            items: Column::new(item, rows, 0),
            count: 0,
            offsets,
            nulls: NullBufferBuilder::new(rows),
            places: Vec::new(),
        }
    }

    pub fn fill(&mut self, rows: Rows<'_>) -> Result<(), Flaw> {
        self.places.clear();
        for value in rows.values() {
            if let Some(bytes) = value {
                // The value is a part of the buffer, so its items are too.
                let start = bytes.as_ptr().addr() - rows.buffer.as_ptr().addr();
                let items = items(bytes, start, &mut self.places)?;
                let count = self.count.checked_add(items);
                self.count = count.ok_or_else(|| Flaw::unfit("more items than a batch can have"))?;
            }
            self.nulls.append(value.is_some());
            self.offsets.push(self.count);
        }
        self.items.fill(Rows {
            buffer: rows.buffer,
            places: &self.places,
            columns: 1,
            column: 0,
        })
    }

    pub fn finish(mut self, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
        let DataType::List(item) = data_type else {
            return Err(ArrowError::SchemaError(format!("a list is no {data_type}")));
        };
        let items = self.items.finish(item.data_type())?;
        let offsets = OffsetBuffer::new(self.offsets.into());
        let array = ListArray::try_new(Arc::clone(item), offsets, items, self.nulls.finish())?;
        Ok(Arc::new(array))
    }

    pub fn bytes(&self) -> usize {
        self.items.bytes() + size_of_val(self.offsets.as_slice())
    }
}

/// Finds the items of a value that begins at `start` of the buffer, and counts them.
fn items(bytes: &[u8], start: usize, places: &mut Vec<Place>) -> Result<i32, Flaw> {
    let number = |at: usize| -> Result<i32, Flaw> {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let bytes = bytes.ok_or_else(|| Flaw::broken("an array that ends too early"))?;
        Ok(i32::from_be_bytes(*bytes))
    };
    // Dimensions, whether there are nulls, the item's type; then each dimension's length and first index.
    match number(0)? {
        0 => return Ok(0),
        1 => {}
        dimensions @ 2..=6 => return Err(Flaw::Unfit(format!("an array of {dimensions} dimensions"))),
        _ => return Err(Flaw::broken("an array of too many dimensions")),
    }
    let count = number(12)?;
    let mut at = 20;
    for _ in 0..count {
        let length = number(at)?;
        at += 4;
        places.push(Place {
            start: (start + at) as u32,
            length,
        });
        match length {
            -1 => {}
            0.. => at += length as usize,
            _ => return Err(Flaw::broken("an item of a negative length")),
        }
        if at > bytes.len() {
            return Err(Flaw::broken("an item that ends beyond its array"));
        }
    }
    if count < 0 || at != bytes.len() {
        return Err(Flaw::broken("an array of another length than its items have"));
    }
    Ok(count)
}
