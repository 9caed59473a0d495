//! Single values of fixed length, from Postgres' bytes to Arrow's numbers.

use arrow::datatypes::IntervalMonthDayNano;

use super::flaw::Flaw;

/// Days from 1970-01-01 to 2000-01-01, which Postgres counts from.
const DAYS: i32 = 10_957;
/// The same in microseconds.
const MICROSECONDS: i64 = 946_684_800_000_000;
const DAY: i64 = 86_400_000_000;

/// The bytes of a value, if it has the length that its type has.
#[inline]
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Flaw> {
    bytes.try_into().map_err(|_| Flaw::length(N, bytes.len()))
}

#[inline]
pub(super) fn boolean(bytes: &[u8]) -> Result<bool, Flaw> {
    fixed::<1>(bytes).map(|[byte]| byte != 0)
}

#[inline]
pub(super) fn int16(bytes: &[u8]) -> Result<i16, Flaw> {
    fixed(bytes).map(i16::from_be_bytes)
}

#[inline]
pub(super) fn int32(bytes: &[u8]) -> Result<i32, Flaw> {
    fixed(bytes).map(i32::from_be_bytes)
}

#[inline]
pub(super) fn int64(bytes: &[u8]) -> Result<i64, Flaw> {
    fixed(bytes).map(i64::from_be_bytes)
}

#[inline]
pub(super) fn uint32(bytes: &[u8]) -> Result<u32, Flaw> {
    fixed(bytes).map(u32::from_be_bytes)
}

/// There is one NaN for Postgres, the greatest of all numbers, as Arrow's positive one is.
#[inline]
pub(super) fn float32(bytes: &[u8]) -> Result<f32, Flaw> {
    let number = f32::from_be_bytes(fixed(bytes)?);
    Ok(if number.is_nan() { f32::NAN } else { number })
}

/// As [`float32`].
#[inline]
pub(super) fn float64(bytes: &[u8]) -> Result<f64, Flaw> {
    let number = f64::from_be_bytes(fixed(bytes)?);
    Ok(if number.is_nan() { f64::NAN } else { number })
}

#[inline]
pub(super) fn date(bytes: &[u8]) -> Result<i32, Flaw> {
    match int32(bytes)? {
        i32::MAX => Err(Flaw::unfit("the date `infinity`")),
        i32::MIN => Err(Flaw::unfit("the date `-infinity`")),
        days => days.checked_add(DAYS).ok_or_else(|| Flaw::unfit("a date too far away")),
    }
}

#[inline]
pub(super) fn time(bytes: &[u8]) -> Result<i64, Flaw> {
    match int64(bytes)? {
        time @ 0..DAY => Ok(time),
        DAY => Err(Flaw::unfit("the time `24:00:00`")),
        _ => Err(Flaw::broken("a time beyond the day")),
    }
}

#[inline]
pub(super) fn timestamp(bytes: &[u8]) -> Result<i64, Flaw> {
    match int64(bytes)? {
        i64::MAX => Err(Flaw::unfit("the timestamp `infinity`")),
        i64::MIN => Err(Flaw::unfit("the timestamp `-infinity`")),
        time => time
            .checked_add(MICROSECONDS)
            .ok_or_else(|| Flaw::unfit("a timestamp too far away")),
    }
}

pub(super) fn interval(bytes: &[u8]) -> Result<IntervalMonthDayNano, Flaw> {
    let bytes: [u8; 16] = fixed(bytes)?;
    let microseconds = int64(&bytes[..8])?;
    let days = int32(&bytes[8..12])?;
    let months = int32(&bytes[12..])?;
    let is_infinite = (microseconds, days, months) == (i64::MAX, i32::MAX, i32::MAX)
        || (microseconds, days, months) == (i64::MIN, i32::MIN, i32::MIN);
    if is_infinite {
        return Err(Flaw::unfit("an infinite interval"));
    }
    let nanoseconds = microseconds.checked_mul(1000);
    let nanoseconds = nanoseconds.ok_or_else(|| Flaw::unfit("an interval whose hours are beyond 292 years"))?;
    Ok(IntervalMonthDayNano::new(months, days, nanoseconds))
}

/// Appends a UUID as text.
pub(super) fn uuid(bytes: &[u8], text: &mut Vec<u8>) -> Result<(), Flaw> {
    let bytes: [u8; 16] = fixed(bytes)?;
    let mut digits = [0; 32];
    hex::encode_to_slice(bytes, &mut digits).map_err(|_| Flaw::length(16, bytes.len()))?;
    for (index, part) in [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .iter()
    .enumerate()
    {
        if index > 0 {
            text.push(b'-');
        }
        text.extend_from_slice(part);
    }
    Ok(())
}

/// Appends the text of a `jsonb` value, which a version comes before.
pub(super) fn jsonb(bytes: &[u8], text: &mut Vec<u8>) -> Result<(), Flaw> {
    match bytes.split_first() {
        Some((1, json)) => text.extend_from_slice(json),
        _ => return Err(Flaw::broken("a `jsonb` value of a version that is not known")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrow_has_no_value_for_is_refused() {
        assert!(matches!(date(&i32::MAX.to_be_bytes()), Err(Flaw::Unfit(_))));
        assert!(matches!(timestamp(&i64::MIN.to_be_bytes()), Err(Flaw::Unfit(_))));
        assert!(matches!(timestamp(&(i64::MAX - 1).to_be_bytes()), Err(Flaw::Unfit(_))));
        assert!(matches!(time(&DAY.to_be_bytes()), Err(Flaw::Unfit(_))));
        assert!(matches!(interval(&[0x7f; 16]), Err(Flaw::Unfit(_))));
    }

    #[test]
    fn lengths_are_checked() {
        assert_eq!(int32(&[0; 3]), Err(Flaw::length(4, 3)));
        assert_eq!(uuid(&[0; 15], &mut Vec::new()), Err(Flaw::length(16, 15)));
        assert!(matches!(jsonb(&[], &mut Vec::new()), Err(Flaw::Broken(_))));
        assert!(matches!(time(&(-1_i64).to_be_bytes()), Err(Flaw::Broken(_))));
    }

    #[test]
    fn uuids_are_written_with_hyphens() {
        let mut text = Vec::new();
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes, &mut text), Ok(()));
        assert_eq!(text, b"00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
