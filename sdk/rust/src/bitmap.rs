//! Bits, one per row, least significant first.

use crate::buffer::Buffer;

/// A run of bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bitmap {
    bytes: Vec<u8>,
    length: usize,
}

impl Bitmap {
    pub(crate) fn with_capacity(bits: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bits.div_ceil(8)),
            length: 0,
        }
    }

    /// The first `length` bits of a buffer; `None` if it has fewer.
    pub(crate) fn from_bytes(bytes: Vec<u8>, length: usize) -> Option<Self> {
        (bytes.len() >= length.div_ceil(8)).then_some(Self { bytes, length })
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A bit; unset past the end.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> bool {
        index < self.length
            && self
                .bytes
                .get(index / 8)
                .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    #[inline]
    pub(crate) fn push(&mut self, bit: bool) {
        if self.length.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 1 << (self.length % 8);
        }
        self.length += 1;
    }

    pub(crate) fn count_unset(&self) -> usize {
        self.length - self.count_set()
    }

    fn count_set(&self) -> usize {
        let whole = self.length / 8;
        let mut count = self
            .bytes
            .iter()
            .take(whole)
            .map(|byte| byte.count_ones() as usize)
            .sum();
        if let Some(last) = self.bytes.get(whole) {
            count += (last & ((1_u16 << (self.length % 8)) - 1) as u8).count_ones() as usize;
        }
        count
    }

    pub(crate) fn into_buffer(mut self) -> Buffer {
        self.bytes.truncate(self.length.div_ceil(8));
        Buffer::from(self.bytes)
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let bits = bits.into_iter();
        let mut bitmap = Self::with_capacity(bits.size_hint().0);
        bits.for_each(|bit| bitmap.push(bit));
        bitmap
    }
}

/// Which rows are null. Most columns have no nulls, and then hold no bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nulls {
    valid: Option<Bitmap>,
    count: usize,
}

impl Nulls {
    /// From a validity buffer as it crosses: empty where there are no nulls. `None` if the buffer is too short.
    pub(crate) fn from_bytes(bytes: Vec<u8>, length: usize, count: u32) -> Option<Self> {
        if count == 0 {
            return Some(Self::default());
        }
        let valid = Bitmap::from_bytes(bytes, length)?;
        Some(Self::of(valid))
    }

    /// From the rows that are not null.
    pub(crate) fn of(valid: Bitmap) -> Self {
        let count = valid.count_unset();
        if count == 0 {
            Self::default()
        } else {
            Self {
                valid: Some(valid),
                count,
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.valid.as_ref().is_some_and(|valid| !valid.get(index))
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        self.valid.map_or_else(Buffer::empty, Bitmap::into_buffer)
    }
}

/// Collects validity row by row; holds no bits until the first null.
#[derive(Default)]
pub(crate) struct NullsBuilder {
    valid: Option<Bitmap>,
    length: usize,
}

impl NullsBuilder {
    #[inline]
    pub(crate) fn push(&mut self, valid: bool) {
        match &mut self.valid {
            Some(bits) => bits.push(valid),
            None if valid => {}
            None => {
                let mut bits: Bitmap = std::iter::repeat_n(true, self.length).collect();
                bits.push(false);
                self.valid = Some(bits);
            }
        }
        self.length += 1;
    }

    pub(crate) fn finish(self) -> Nulls {
        self.valid.map_or_else(Nulls::default, Nulls::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_up_to_the_length_only() {
        let bits = Bitmap::from_bytes(vec![0b1111_1110, 0xff], 11).unwrap();
        assert_eq!(
            (bits.count_unset(), bits.get(0), bits.get(10), bits.get(11)),
            (1, false, true, false)
        );
        assert!(Bitmap::from_bytes(vec![0], 9).is_none());
    }

    #[test]
    fn nulls_hold_no_bits_until_there_is_one() {
        let mut builder = NullsBuilder::default();
        (0..9).for_each(|_| builder.push(true));
        assert!(builder.valid.is_none());
        builder.push(false);
        builder.push(true);
        let nulls = builder.finish();
        assert_eq!(nulls.count(), 1);
        assert_eq!((0..11).filter(|row| nulls.is_null(*row)).collect::<Vec<_>>(), [9]);
        assert_eq!(nulls.into_buffer().as_slice(), [0xff, 0b101]);
    }
}
