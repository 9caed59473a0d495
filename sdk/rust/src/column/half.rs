//! Half-precision floats.

use std::fmt::{self, Debug, Display, Formatter};

use crate::buffer::Plain;
use crate::data_type::DataType;

use super::Primitive;

/// An IEEE half-precision float, by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct F16(pub u16);

impl F16 {
    /// The same number in single precision, which holds every half.
    pub fn to_f32(self) -> f32 {
        let sign = u32::from(self.0 & 0x8000) << 16;
        let exponent = u32::from(self.0 >> 10 & 0x1f);
        let fraction = u32::from(self.0 & 0x3ff);
        let magnitude = match exponent {
            0 => return f32::from_bits(sign | (fraction as f32 * 2.0_f32.powi(-24)).to_bits()),
            0x1f => 0x7f80_0000 | fraction << 13,
            _ => (exponent + 112) << 23 | fraction << 13,
        };
        f32::from_bits(sign | magnitude)
    }

    /// The nearest half, ties to even; past the largest half, infinity.
    pub fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let sign = (bits >> 16 & 0x8000) as u16;
        if value.is_nan() {
            return Self(sign | 0x7e00);
        }
        let magnitude = value.abs();
        if magnitude >= 65_520.0 {
            return Self(sign | 0x7c00);
        }
        if magnitude < 2.0_f32.powi(-14) {
            // Subnormal halves are multiples of 2^-24.
            return Self(sign | (magnitude * 2.0_f32.powi(24)).round_ties_even() as u16);
        }
        // Round the 13 bits that go; a carry into the exponent is right.
        let bits = magnitude.to_bits();
        let rounded = bits + 0xfff + (bits >> 13 & 1);
        Self(sign | ((rounded >> 13) - (112 << 10)) as u16)
    }
}

// SAFETY: transparent over an integer.
unsafe impl Plain for F16 {}

impl Primitive for F16 {
    const NAME: &'static str = "float16";

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Float16)
    }

    fn default_type() -> DataType {
        DataType::Float16
    }
}

impl Display for F16 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.to_f32(), f)
    }
}

impl Debug for F16 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.to_f32(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_single_precision() {
        for bits in 0..=u16::MAX {
            let half = F16(bits);
            let back = F16::from_f32(half.to_f32());
            if half.to_f32().is_nan() {
                assert!(back.to_f32().is_nan());
            } else {
                assert_eq!(back.0, bits, "{half}");
            }
        }
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        assert_eq!(F16::from_f32(1.0).0, 0x3c00);
        assert_eq!(F16::from_f32(65_519.0).0, 0x7bff);
        assert_eq!(F16::from_f32(65_520.0).0, 0x7c00);
        // Half way between 1 and the next half: to the even one.
        assert_eq!(F16::from_f32(1.0 + 2.0_f32.powi(-11)).0, 0x3c00);
        assert_eq!(F16::from_f32(1.0 + 3.0 * 2.0_f32.powi(-11)).0, 0x3c02);
        assert_eq!(F16::from_f32(-2.0_f32.powi(-25)).0, 0x8000);
    }
}
