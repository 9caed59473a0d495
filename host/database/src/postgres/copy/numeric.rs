//! `numeric` values, from Postgres' digits of base 10,000 to Arrow's decimals.

use arrow::datatypes::i256;

use super::flaw::Flaw;

const BASE: u64 = 10_000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// A number as it is sent: digits, and the power of the base that the first of them stands for.
struct Digits<'a> {
    /// Two bytes each.
    bytes: &'a [u8],
    weight: i32,
    is_negative: bool,
}

impl<'a> Digits<'a> {
    #[inline]
    fn of(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let Some((header, digits)) = bytes.split_first_chunk::<8>() else {
            return Err(Flaw::length(8, bytes.len()));
        };
        let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        match half(4) {
            0 | NEGATIVE => {}
            NAN => return Err(Flaw::unfit("the number `NaN`")),
            INFINITY => return Err(Flaw::unfit("the number `Infinity`")),
            MINUS_INFINITY => return Err(Flaw::unfit("the number `-Infinity`")),
            _ => return Err(Flaw::broken("a number with a sign that is not known")),
        }
        if digits.len() != usize::from(half(0)) * 2 {
            return Err(Flaw::length(8 + usize::from(half(0)) * 2, bytes.len()));
        }
        Ok(Self {
            bytes: digits,
            weight: i32::from(half(2).cast_signed()),
            is_negative: half(4) == NEGATIVE,
        })
    }

    #[inline]
    fn values(&self) -> impl Iterator<Item = u64> {
        self.bytes
            .as_chunks()
            .0
            .iter()
            .map(|digit| u64::from(u16::from_be_bytes(*digit)))
    }

    /// The power of ten that the digits, taken as one whole number, are multiplied with to have a number of the scale.
    #[inline]
    fn exponent(&self, scale: u8) -> i32 {
        let last = self.weight - (self.bytes.len() / 2) as i32 + 1;
        last * 4 + i32::from(scale)
    }
}

#[cold]
fn too_large() -> Flaw {
    Flaw::unfit("a number with more digits than its type has")
}

/// A number as a decimal of that scale, below the limit.
#[inline]
pub(super) fn decimal128(bytes: &[u8], scale: u8, limit: i128) -> Result<i128, Flaw> {
    let digits = Digits::of(bytes)?;
    let exponent = digits.exponent(scale);
    // Sixteen decimal digits, which fit even when a hundred times larger.
    let number = if digits.bytes.len() <= 8 && (-4..=2).contains(&exponent) {
        let whole = digits.values().fold(0, |whole, digit| whole * BASE + digit);
        i128::from(scaled(whole, exponent).ok_or_else(too_large)?)
    } else {
        let step = |number: i128, factor: u64, more: u64| {
            number.checked_mul(i128::from(factor))?.checked_add(i128::from(more))
        };
        wide(&digits, exponent, 0, step).ok_or_else(too_large)?
    };
    if number > limit {
        return Err(too_large());
    }
    Ok(if digits.is_negative { -number } else { number })
}

/// A small number times a small power of ten. Divisors are written out so that they become multiplications. None where
/// digits would be lost.
#[inline]
fn scaled(whole: u64, exponent: i32) -> Option<u64> {
    let (number, rest) = match exponent {
        -4 => (whole / 10_000, whole % 10_000),
        -3 => (whole / 1000, whole % 1000),
        -2 => (whole / 100, whole % 100),
        -1 => (whole / 10, whole % 10),
        0 => (whole, 0),
        1 => (whole * 10, 0),
        _ => (whole * 100, 0),
    };
    (rest == 0).then_some(number)
}

/// Any number times any power of ten. `step` multiplies a number and adds to it. None where digits would be lost, also at
/// the upper end.
fn wide<T>(digits: &Digits<'_>, exponent: i32, zero: T, step: impl Fn(T, u64, u64) -> Option<T>) -> Option<T> {
    let mut number = zero;
    let count = (digits.bytes.len() / 2) as i32;
    for (digit, index) in digits.values().zip(1..) {
        // As many of the four decimal digits as lie beyond the scale.
        let beyond = -(exponent + 4 * (count - index));
        let divisor = 10_u64.pow(beyond.clamp(0, 4).unsigned_abs());
        if !digit.is_multiple_of(divisor) {
            return None;
        }
        number = step(number, BASE / divisor, digit / divisor)?;
    }
    for _ in 0..if count == 0 { 0 } else { exponent } {
        number = step(number, 10, 0)?;
    }
    Some(number)
}

/// As [`decimal128`], for more digits.
pub(super) fn decimal256(bytes: &[u8], scale: u8, limit: i256) -> Result<i256, Flaw> {
    let digits = Digits::of(bytes)?;
    let wider = |number: u64| i256::from_i128(i128::from(number));
    let step = |number: i256, factor, more| number.checked_mul(wider(factor))?.checked_add(wider(more));
    let number = wide(&digits, digits.exponent(scale), i256::ZERO, step).ok_or_else(too_large)?;
    if number > limit {
        return Err(too_large());
    }
    Ok(if digits.is_negative {
        number.wrapping_neg()
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: i128 = 10_i128.pow(38) - 1;

    fn sent(digits: &[u16], weight: i16, sign: u16) -> Vec<u8> {
        let header = [digits.len() as u16, weight.cast_unsigned(), sign, 0];
        header
            .iter()
            .chain(digits)
            .flat_map(|half| half.to_be_bytes())
            .collect()
    }

    #[test]
    fn digits_become_decimals() {
        // 1234.5, 0.0001, -12345678.9, 1e8, 0.
        assert_eq!(decimal128(&sent(&[1234, 5000], 0, 0), 2, MOST), Ok(123_450));
        assert_eq!(decimal128(&sent(&[1], -1, 0), 4, MOST), Ok(1));
        assert_eq!(
            decimal128(&sent(&[1234, 5678, 9000], 1, NEGATIVE), 2, MOST),
            Ok(-1_234_567_890)
        );
        assert_eq!(decimal128(&sent(&[1], 2, 0), 0, MOST), Ok(100_000_000));
        assert_eq!(decimal128(&sent(&[], 0, 0), 2, MOST), Ok(0));
        assert_eq!(decimal128(&sent(&[], 30_000, 0), 2, MOST), Ok(0));
        let nines = sent(&[99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999], 9, 0);
        assert_eq!(decimal128(&nines, 0, MOST), Ok(MOST));
        assert_eq!(decimal256(&nines, 0, i256::from_i128(MOST)), Ok(i256::from_i128(MOST)));
        assert_eq!(
            decimal256(&sent(&[1], 2, NEGATIVE), 3, i256::MAX),
            Ok(i256::from_i128(-100_000_000_000))
        );
    }

    #[test]
    fn every_scale_gives_the_same_number() {
        for scale in 4..=20 {
            let expected = 12_345_678_i128 * 10_i128.pow(u32::from(scale) - 4);
            assert_eq!(decimal128(&sent(&[1234, 5678], 0, 0), scale, MOST), Ok(expected));
            let wide = decimal256(&sent(&[1234, 5678], 0, 0), scale, i256::MAX);
            assert_eq!(wide, Ok(i256::from_i128(expected)));
        }
    }

    #[test]
    fn digits_are_never_lost() {
        let unfit = |result| matches!(result, Err(Flaw::Unfit(_)));
        assert!(unfit(decimal128(&sent(&[1, 2345], 0, 0), 3, MOST)));
        assert!(unfit(decimal128(&sent(&[1, 2345, 1, 1, 1], 0, 0), 3, MOST)));
        assert!(unfit(decimal128(&sent(&[1], 10, 0), 2, MOST)));
        assert!(unfit(decimal128(&sent(&[1], i16::MAX, 0), 2, MOST)));
        assert!(unfit(decimal128(&sent(&[1], i16::MIN, 0), 2, MOST)));
        assert!(unfit(decimal128(&sent(&[1000], 0, 0), 2, 99_999)));
        assert!(unfit(decimal128(&sent(&[], 0, NAN), 2, MOST)));
        assert!(unfit(decimal128(&sent(&[], 0, INFINITY), 2, MOST)));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let broken = |bytes: &[u8]| matches!(decimal128(bytes, 2, MOST), Err(Flaw::Broken(_)));
        let whole = sent(&[1, 2, 3], 0, 0);
        assert!((0..whole.len()).all(|length| broken(&whole[..length])));
        assert!(broken(&sent(&[1], 0, 0x1234)));
        // Digits that the base does not have are only wrong numbers.
        assert_eq!(decimal128(&sent(&[65_535], 0, 0), 0, MOST), Ok(65_535));
    }
}
