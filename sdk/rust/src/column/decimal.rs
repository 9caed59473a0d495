//! Decimals, as the integers that Arrow stores; those of 128 bits are `i128`.

use crate::buffer::Plain;
use crate::data_type::DataType;

use super::Primitive;

macro_rules! decimal {
    ($name:ident, $shown:literal, $bits:literal, $precision:literal) => {
        impl Primitive for $name {
            const NAME: &'static str = $shown;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, DataType::Decimal { bits: $bits, .. })
            }

            fn default_type() -> DataType {
                DataType::Decimal {
                    bits: $bits,
                    precision: $precision,
                    scale: 0,
                }
            }
        }
    };
}

/// A decimal of 32 bits: `12.34` with scale 2 is 1234. New columns have 9 digits, none of them after the point; for other
/// ones: [`Column::with_type`](super::Column::with_type).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Decimal32(pub i32);

// SAFETY: transparent over an integer.
unsafe impl Plain for Decimal32 {}

decimal!(Decimal32, "decimal of 32 bits", 32, 9);

/// A decimal of 64 bits. New columns have 18 digits, none of them after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Decimal64(pub i64);

// SAFETY: transparent over an integer.
unsafe impl Plain for Decimal64 {}

decimal!(Decimal64, "decimal of 64 bits", 64, 18);

/// A decimal of 256 bits. New columns have 76 digits, none of them after the point.
///
/// ```
/// use tenon::Decimal256;
///
/// assert_eq!(Decimal256::from(-5).to_i128(), Some(-5));
/// assert_eq!(Decimal256 { words: [0, 0, 1, 0] }.to_i128(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Decimal256 {
    /// Its two's complement, the low word first.
    pub words: [u64; 4],
}

// SAFETY: transparent over integers, which leave no room between them.
unsafe impl Plain for Decimal256 {}

decimal!(Decimal256, "decimal of 256 bits", 256, 76);

impl Decimal256 {
    /// The integer; `None` if it has more than 128 bits.
    pub fn to_i128(self) -> Option<i128> {
        let [low, high, ..] = self.words;
        let value = ((u128::from(high) << 64) | u128::from(low)) as i128;
        (Self::from(value) == self).then_some(value)
    }
}

impl From<i128> for Decimal256 {
    fn from(value: i128) -> Self {
        let sign = if value < 0 { u64::MAX } else { 0 };
        Self {
            words: [value as u64, (value >> 64) as u64, sign, sign],
        }
    }
}
