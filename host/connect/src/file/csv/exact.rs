//! What of a value its column's type would lose.
//!
//! While types are inferred, such a value makes its column text. One that comes later, in a column whose type was told from
//! the rows before, must not be cut either. Where a type was given, that is how values are to be read.

use super::value::{has_leading_zeros, parse_integer};

/// Of a whole number: leading zeros, with which it is an identifier.
#[inline]
pub(super) fn integer_loses(value: &[u8]) -> bool {
    has_leading_zeros(value)
}

/// Of a number: leading zeros, and digits of a whole number that is too long for an integer.
#[inline]
pub(super) fn float_loses(value: &[u8]) -> bool {
    has_leading_zeros(value)
        || value.len() > 18 && value.iter().all(u8::is_ascii_digit) && parse_integer(value).is_none()
}

/// Of a date: the time of day. Years of more than four digits have a sign.
#[inline]
pub(super) fn date_loses(value: &[u8]) -> bool {
    value.len() > 10 && value[0].is_ascii_digit()
}

/// Of a timestamp: digits behind microseconds, and its time zone where the column is in none.
#[inline]
pub(super) fn timestamp_loses(value: &[u8], in_utc: bool) -> bool {
    if value.get(19) == Some(&b'.') {
        let fraction = value.iter().skip(20).take_while(|byte| byte.is_ascii_digit());
        if fraction.skip(6).any(|digit| *digit != b'0') {
            return true;
        }
    }
    let time = value.get(11..).unwrap_or_default();
    let is_of_time = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
    !in_utc && !time.iter().all(is_of_time)
}

#[cfg(test)]
mod tests {
    use super::super::value::ColumnType;
    use super::*;

    #[test]
    fn what_would_be_lost_had_made_the_column_text() {
        let check = |known: ColumnType, value: &str| match known {
            ColumnType::Integer => integer_loses(value.as_bytes()),
            ColumnType::Float => float_loses(value.as_bytes()),
            ColumnType::Date => date_loses(value.as_bytes()),
            ColumnType::TimestampUtc => timestamp_loses(value.as_bytes(), true),
            _ => timestamp_loses(value.as_bytes(), false),
        };
        for (known, value) in [
            (ColumnType::Integer, "007"),
            (ColumnType::Integer, "-01"),
            (ColumnType::Integer, "+00"),
            (ColumnType::Float, "007"),
            (ColumnType::Float, "01.5"),
            (ColumnType::Float, "12345678901234567890"),
            (ColumnType::Timestamp, "2013-01-31T10:00:00.1234567"),
            (ColumnType::TimestampUtc, "2013-01-31T10:00:00.000000001Z"),
            (ColumnType::Timestamp, "2013-01-31T10:00:00Z"),
            (ColumnType::Timestamp, "2013-01-31 10:00:00.5+01:00"),
        ] {
            assert!(check(known, value), "{known:?} {value}");
            assert_eq!(
                known.or(ColumnType::of(value.as_bytes())),
                ColumnType::Text,
                "{known:?} {value}"
            );
        }
        // This had made it a timestamp.
        assert!(check(ColumnType::Date, "2013-01-31 10:00:00"));
        for (known, value) in [
            (ColumnType::Integer, "0"),
            (ColumnType::Integer, "-10"),
            (ColumnType::Float, "0.5"),
            (ColumnType::Float, "-0"),
            (ColumnType::Float, "1234567890123456789"),
            (ColumnType::Date, "2013-01-31"),
            (ColumnType::Date, "+12013-01-31"),
            (ColumnType::Timestamp, "2013-01-31"),
            (ColumnType::Timestamp, "2013-01-31T10:00:00.123456000"),
            (ColumnType::TimestampUtc, "2013-01-31T10:00:00.123456Z"),
            (ColumnType::TimestampUtc, "2013-01-31 10:00:00+01:00"),
            (ColumnType::TimestampUtc, "2013-01-31 10:00:00.5+05:45"),
        ] {
            assert!(!check(known, value), "{known:?} {value}");
        }
    }
}
