//! Values of a fixed width, and dictionaries, whose indices are such values.

use std::sync::Arc;

use arrow_array::types::{ArrowDictionaryKeyType, DecimalType};
use arrow_array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray,
    downcast_integer,
};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};
use arrow_schema::DataType;

use super::bits::cut;
use super::{Head, Reader, refused, unknown_type};
use crate::error::Error;

impl Reader {
    pub(super) fn primitive<T: ArrowPrimitiveType>(
        &mut self,
        head: &Head<'_>,
        data_type: &DataType,
    ) -> Result<ArrayRef, Error> {
        Ok(Arc::new(self.primitive_array::<T>(head, data_type)?))
    }

    fn primitive_array<T: ArrowPrimitiveType>(
        &mut self,
        head: &Head<'_>,
        data_type: &DataType,
    ) -> Result<PrimitiveArray<T>, Error> {
        let validity = self.validity(head)?;
        let values = self.values::<T::Native>(head.length)?;
        let array = PrimitiveArray::<T>::try_new(values, validity).map_err(refused("values of a fixed width"))?;
        Ok(if *data_type == T::DATA_TYPE {
            array
        } else {
            array.with_data_type(data_type.clone())
        })
    }

    pub(super) fn decimal<T: DecimalType + ArrowPrimitiveType>(
        &mut self,
        head: &Head<'_>,
        data_type: &DataType,
        precision: u8,
    ) -> Result<ArrayRef, Error> {
        let array = self.primitive_array::<T>(head, data_type)?;
        let fits = |value: &T::Native| T::is_valid_decimal_precision(*value, precision);
        let largest = T::MAX_FOR_EACH_PRECISION
            .get(usize::from(precision))
            .copied()
            .unwrap_or_default();
        let smallest = largest.neg_wrapping();
        // Without a way out of the loop the compiler can do several at once.
        let too_long = array
            .values()
            .iter()
            .filter(|value| **value > largest || **value < smallest)
            .count();
        if too_long > 0 {
            // What is stored under a null doesn't matter.
            let wrong = (0..array.len()).find(|row| array.is_valid(*row) && !fits(&array.value(*row)));
            if let Some(row) = wrong {
                let got = format!("{:?} in row {row}", array.value(row));
                return Err(Error::data(format!("decimals of at most {precision} digits"), got));
            }
        }
        Ok(Arc::new(array))
    }

    pub(super) fn fixed_size_binary(&mut self, head: &Head<'_>, width: i32) -> Result<ArrayRef, Error> {
        let validity = self.validity(head)?;
        let width_bytes = width
            .to_usize()
            .ok_or_else(|| Error::data("a width of 0 or more", width.to_string()))?;
        if width_bytes == 0 {
            self.check_weightless(head)?;
        }
        let values = self.fixed_width_bytes(head.length, width_bytes)?;
        let array = FixedSizeBinaryArray::try_new_with_len(width, values, validity, head.length);
        Ok(Arc::new(array.map_err(refused("bytes of a fixed width"))?))
    }

    pub(super) fn dictionary(
        &mut self,
        head: &Head<'_>,
        indices: &DataType,
        values: &DataType,
    ) -> Result<ArrayRef, Error> {
        macro_rules! dictionary_of {
            ($t:ty, $self:ident, $head:ident, $values:ident) => {
                $self.dictionary_of::<$t>($head, $values)
            };
        }
        downcast_integer! {
            indices => (dictionary_of, self, head, values),
            _ => Err(unknown_type(indices))
        }
    }

    fn dictionary_of<K: ArrowDictionaryKeyType>(
        &mut self,
        head: &Head<'_>,
        values: &DataType,
    ) -> Result<ArrayRef, Error> {
        let keys = self.primitive_array::<K>(head, &K::DATA_TYPE)?;
        let values = self
            .array(values, true, None, None)
            .map_err(|error| error.within("values"))?;
        check_keys(&keys, values.len())?;
        // SAFETY: every key that is not null is below the number of values.
        Ok(Arc::new(unsafe { DictionaryArray::<K>::new_unchecked(keys, values) }))
    }

    /// Native values, copied only if their buffer is not aligned.
    pub(super) fn values<N: ArrowNativeType>(&mut self, length: usize) -> Result<ScalarBuffer<N>, Error> {
        let bytes = self.fixed_width_bytes(length, size_of::<N>())?;
        let is_aligned = bytes.as_ptr().align_offset(align_of::<N>()) == 0;
        let bytes = if is_aligned {
            bytes
        } else {
            Buffer::from_slice_ref(bytes.as_slice())
        };
        Ok(ScalarBuffer::new(bytes, 0, length))
    }

    fn fixed_width_bytes(&mut self, length: usize, width: usize) -> Result<Buffer, Error> {
        let buffer = self.buffer()?;
        let bytes = length
            .checked_mul(width)
            .filter(|bytes| *bytes <= buffer.len())
            .ok_or_else(|| {
                let needed = length as u128 * width as u128;
                let expected = format!("a buffer of {needed} bytes for {length} values of {width} bytes");
                Error::data(expected, format!("{} bytes", buffer.len()))
            })?;
        Ok(cut(buffer, bytes))
    }
}

fn check_keys<K: ArrowDictionaryKeyType>(keys: &PrimitiveArray<K>, values: usize) -> Result<(), Error> {
    let in_range = |key: &K::Native| key.to_usize().is_some_and(|key| key < values);
    if keys.values().iter().all(in_range) {
        return Ok(());
    }
    match (0..keys.len()).find(|row| keys.is_valid(*row) && !in_range(&keys.value(*row))) {
        None => Ok(()),
        Some(row) => {
            let expected = format!("dictionary indices from 0 to below {values}, the number of values");
            Err(Error::data(expected, format!("{:?} in row {row}", keys.value(row))))
        }
    }
}
