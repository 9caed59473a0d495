//! Dictionaries: indices and values, compacted to the values in use when these are few.

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{Array, ArrayRef, PrimitiveArray, downcast_integer};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};
use arrow_schema::DataType;

use super::gather::gather;
use super::{Writer, length, unknown_type};
use crate::error::Error;

impl Writer {
    pub(super) fn dictionary(&mut self, array: &dyn Array, indices: &DataType) -> Result<(), Error> {
        macro_rules! dictionary_of {
            ($t:ty, $self:ident, $array:ident) => {
                $self.dictionary_of::<$t>($array)
            };
        }
        downcast_integer! {
            indices => (dictionary_of, self, array),
            _ => Err(unknown_type(array.data_type()))
        }
    }

    fn dictionary_of<K: ArrowDictionaryKeyType>(&mut self, array: &dyn Array) -> Result<(), Error> {
        let array = array.as_dictionary::<K>();
        let values = if array.values().len() > array.len() {
            let (keys, values) = compacted(array.keys(), array.values())?;
            self.primitive::<K>(&keys)?;
            values
        } else {
            self.primitive::<K>(array.keys())?;
            array.values().clone()
        };
        self.array(&values).map_err(|error| error.within("values"))
    }
}

/// The values that the keys use, in their old order, and keys for these.
fn compacted<K: ArrowDictionaryKeyType>(
    keys: &PrimitiveArray<K>,
    values: &ArrayRef,
) -> Result<(PrimitiveArray<K>, ArrayRef), Error> {
    const UNUSED: u32 = 0;
    const USED: u32 = 1;
    length(values.len())?;
    // Zeroed memory that is never touched costs nothing: only the pages of used values do.
    let mut new_keys = vec![UNUSED; values.len()];
    let mut used: Vec<u32> = Vec::new();
    for key in keys.iter().flatten() {
        let key = key.as_usize();
        let slot = new_keys.get_mut(key).ok_or_else(|| out_of_range(key, values.len()))?;
        if *slot == UNUSED {
            *slot = USED;
            used.push(key as u32);
        }
    }
    used.sort_unstable();
    for (new, old) in used.iter().enumerate() {
        new_keys[*old as usize] = new as u32;
    }
    let renumbered: ScalarBuffer<K::Native> = keys
        .iter()
        .map(|key| K::Native::usize_as(key.map_or(0, |key| new_keys[key.as_usize()] as usize)))
        .collect();
    let values = gather(values, used.iter().map(|&old| old as usize..old as usize + 1))?;
    Ok((PrimitiveArray::new(renumbered, keys.nulls().cloned()), values))
}

fn out_of_range(key: usize, values: usize) -> Error {
    Error::data(format!("dictionary indices below {values}"), format!("{key}"))
}
