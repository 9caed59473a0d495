//! Owned bytes that hold values of one fixed width, without a copy in either direction.

use std::fmt::{self, Debug, Formatter};

/// A value that is its bytes: every bit pattern is valid, and there is no padding.
///
/// # Safety
/// The implementing type must be inhabited by every bit pattern of its size and have no padding.
pub unsafe trait Plain: Copy + Default + PartialEq + Debug + 'static {}

macro_rules! plain {
    ($($type:ty),+) => {$(
        // SAFETY: integers and floats take every bit pattern and have no padding.
        unsafe impl Plain for $type {}
    )+};
}

plain!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128, f32, f64);

/// One buffer of a column: bytes as they came from the host, or values that were made here.
pub struct Buffer(Box<dyn Bytes>);

impl Buffer {
    /// A buffer without bytes, such as the validity of a column without nulls.
    pub fn empty() -> Self {
        Self::from(Vec::<u8>::new())
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.0.bytes()
    }

    /// The bytes, copied only if they were made here as values of another type.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

impl<T: Plain> From<Vec<T>> for Buffer {
    fn from(values: Vec<T>) -> Self {
        Self(Box::new(values))
    }
}

impl Debug for Buffer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.as_slice().len())
    }
}

trait Bytes {
    fn bytes(&self) -> &[u8];
    fn into_bytes(self: Box<Self>) -> Vec<u8>;
}

impl<T: Plain> Bytes for Vec<T> {
    fn bytes(&self) -> &[u8] {
        bytes_of(self)
    }

    fn into_bytes(self: Box<Self>) -> Vec<u8> {
        match (self as Box<dyn std::any::Any>).downcast::<Vec<u8>>() {
            Ok(bytes) => *bytes,
            Err(values) => values
                .downcast::<Self>()
                .map_or_else(|_| Vec::new(), |values| bytes_of(&values).to_vec()),
        }
    }
}

/// Values of one type: a vector of them, or the bytes that came from the host.
#[derive(Clone)]
pub(crate) enum Values<T: Plain> {
    /// Made here.
    Typed(Vec<T>),
    /// Came from the host; aligned for `T`, and its length a multiple of its size.
    Bytes(Vec<u8>),
}

impl<T: Plain> Values<T> {
    /// Takes the first `length` values of a buffer; `None` if it has fewer. Copies only where the bytes happen to lie at
    /// an address that `T` can't have.
    pub(crate) fn from_bytes(mut bytes: Vec<u8>, length: usize) -> Option<Self> {
        let needed = length.checked_mul(size_of::<T>())?;
        if bytes.len() < needed {
            return None;
        }
        bytes.truncate(needed);
        if bytes.as_ptr().cast::<T>().is_aligned() {
            return Some(Self::Bytes(bytes));
        }
        let mut values = vec![T::default(); length];
        bytes_of_mut(&mut values).copy_from_slice(&bytes);
        Some(Self::Typed(values))
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::Typed(values) => values,
            Self::Bytes(bytes) => {
                // SAFETY: `Plain` types take every bit pattern, so any aligned run of bytes is a run of values.
                let (head, values, _) = unsafe { bytes.align_to::<T>() };
                debug_assert!(head.is_empty());
                values
            }
        }
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        match self {
            Self::Typed(values) => Buffer::from(values),
            Self::Bytes(bytes) => Buffer::from(bytes),
        }
    }
}

/// The bytes of a slice of values.
pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: `Plain` types have no padding, so all of their bytes are initialised, and `u8` needs no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) }
}

fn bytes_of_mut<T: Plain>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as `bytes_of`; and `Plain` types take every bit pattern, so no write can make a value invalid.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<u8>(), size_of_val(values)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_bytes_wherever_they_lie() {
        let mut bytes = vec![0_u8; 3];
        bytes.extend(bytes_of(&[1_i64, -2, 3]));
        for skip in [3, 2, 1] {
            let shifted = bytes[skip..skip + 24].to_vec();
            let values = Values::<i64>::from_bytes(shifted.clone(), 3).unwrap();
            assert_eq!(bytes_of(values.as_slice()), shifted);
            assert_eq!(values.into_buffer().as_slice(), shifted);
        }
        assert!(Values::<i64>::from_bytes(vec![0; 23], 3).is_none());
        assert!(Values::<i64>::from_bytes(vec![0; 23], usize::MAX).is_none());
    }

    #[test]
    fn a_buffer_gives_its_bytes_back() {
        assert_eq!(Buffer::from(vec![1_u8, 2]).into_bytes(), [1, 2]);
        assert_eq!(Buffer::from(vec![258_u16]).into_bytes(), [2, 1]);
        assert!(Buffer::empty().as_slice().is_empty());
    }
}
