//! Types of values in text, and how one value is parsed.

use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::{DataType, Date32Type, TimeUnit};

/// Type of a value in a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ColumnType {
    /// `true` or `false`, in any case.
    Boolean,
    /// Whole number of 64 bits.
    Integer,
    /// Floating point number of 64 bits.
    Float,
    /// `2013-01-31`
    Date,
    /// `2013-01-31T10:00:00` or with a blank for the `T`, to the microsecond, in no particular time zone.
    Timestamp,
    /// The same with a time zone (`Z`, `+01:00`), kept as UTC.
    TimestampUtc,
    /// Anything.
    Text,
}

impl ColumnType {
    /// The Arrow type of the column.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampUtc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Text => DataType::Utf8,
        }
    }

    /// The narrowest type of one value. A number with leading zeros is an identifier, so it is text.
    pub fn of(value: &[u8]) -> Self {
        let Some(first) = value.first() else { return Self::Text };
        match first {
            b'0'..=b'9' | b'-' | b'+' | b'.' => of_number_or_date(value),
            b't' | b'T' | b'f' | b'F' if parse_boolean(value).is_some() => Self::Boolean,
            b'n' | b'N' | b'i' if matches!(value, b"NaN" | b"nan" | b"inf") => Self::Float,
            _ => Self::Text,
        }
    }

    /// The narrowest type that holds the values of both.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, two) if one == two => one,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            _ => Self::Text,
        }
    }
}

fn of_number_or_date(value: &[u8]) -> ColumnType {
    if value.len() >= 10 && value[4] == b'-' && value[7] == b'-' {
        return of_date_or_timestamp(value);
    }
    if has_leading_zeros(value) {
        return ColumnType::Text;
    }
    if parse_integer(value).is_some() {
        return ColumnType::Integer;
    }
    let only_digits = unsigned(value).iter().all(u8::is_ascii_digit);
    if !only_digits && parse_float(value).is_some() {
        ColumnType::Float
    } else {
        ColumnType::Text
    }
}

fn of_date_or_timestamp(value: &[u8]) -> ColumnType {
    if value.len() == 10 {
        return if parse_date(value).is_some() {
            ColumnType::Date
        } else {
            ColumnType::Text
        };
    }
    let nanoseconds = value.get(19) == Some(&b'.') && value[20..].iter().take_while(|b| b.is_ascii_digit()).count() > 6;
    if value.len() < 19 || nanoseconds || parse_timestamp(value).is_none() {
        return ColumnType::Text;
    }
    let has_zone = value[19..].iter().any(|byte| !byte.is_ascii_digit() && *byte != b'.');
    if has_zone {
        ColumnType::TimestampUtc
    } else {
        ColumnType::Timestamp
    }
}

/// A number without its sign.
#[inline]
fn unsigned(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"-")
        .or_else(|| value.strip_prefix(b"+"))
        .unwrap_or(value)
}

/// Whether a number begins with a zero that means nothing to its value.
#[inline]
pub(super) fn has_leading_zeros(value: &[u8]) -> bool {
    matches!(unsigned(value), [b'0', b'0'..=b'9', ..])
}

pub(super) fn parse_boolean(value: &[u8]) -> Option<bool> {
    if value.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if value.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

#[inline]
pub(super) fn parse_integer(value: &[u8]) -> Option<i64> {
    let negative = value.first() == Some(&b'-');
    let digits = unsigned(value);
    if digits.is_empty() || digits.len() > 18 {
        // Eighteen digits always fit; more are rare enough for the checked way.
        return std::str::from_utf8(value).ok()?.parse().ok();
    }
    let mut sum = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + i64::from(digit);
    }
    Some(if negative { -sum } else { sum })
}

pub(super) fn parse_float(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

pub(super) fn parse_date(value: &[u8]) -> Option<i32> {
    Date32Type::parse(std::str::from_utf8(value).ok()?)
}

/// Microseconds since the epoch; a text without a zone is taken as UTC.
pub(super) fn parse_timestamp(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    parse_utc_timestamp(value).or_else(|| {
        let utc: Tz = "+00:00".parse().ok()?;
        Some(string_to_datetime(&utc, text).ok()?.timestamp_micros())
    })
}

/// The common form `2013-01-31T10:00:00Z`, with or without the `Z`, in a tenth of the general parser's time.
fn parse_utc_timestamp(value: &[u8]) -> Option<i64> {
    let (value, [] | [b'Z']) = value.split_at_checked(19)? else {
        return None;
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let separated = separators.iter().all(|(position, byte)| value[*position] == *byte);
    if !separated || !matches!(value[10], b'T' | b' ') {
        return None;
    }
    let number = |start: usize, end: usize| -> Option<i64> {
        value[start..end].iter().try_fold(0, |sum, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit <= 9).then(|| sum * 10 + i64::from(digit))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=days_in_month).contains(&day) {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
}

/// Days of the proleptic Gregorian calendar, counted in years that begin in March, so that the leap day comes last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_values() {
        let cases = [
            ("true", ColumnType::Boolean),
            ("False", ColumnType::Boolean),
            ("tailwind", ColumnType::Text),
            ("0", ColumnType::Integer),
            ("-18", ColumnType::Integer),
            ("9223372036854775807", ColumnType::Integer),
            ("9223372036854775808", ColumnType::Text),
            ("007", ColumnType::Text),
            ("-", ColumnType::Text),
            ("1.5", ColumnType::Float),
            ("-0.5", ColumnType::Float),
            (".5", ColumnType::Float),
            ("1e-3", ColumnType::Float),
            ("NaN", ColumnType::Float),
            ("1.2.3", ColumnType::Text),
            ("2013-01-31", ColumnType::Date),
            ("2013-02-31", ColumnType::Text),
            ("2013-01-31 10:00:00", ColumnType::Timestamp),
            ("2013-01-31T10:00:00.123456", ColumnType::Timestamp),
            ("2013-01-31T10:00:00.1234567", ColumnType::Text),
            ("2013-01-31T10:00:00Z", ColumnType::TimestampUtc),
            ("2013-01-31T10:00:00+01:00", ColumnType::TimestampUtc),
            ("N14228", ColumnType::Text),
            ("", ColumnType::Text),
        ];
        for (value, expected) in cases {
            assert_eq!(ColumnType::of(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn the_fast_way_agrees_with_the_general_one() {
        let utc: Tz = "+00:00".parse().expect("a zone");
        for text in [
            "1970-01-01T00:00:00Z",
            "1969-12-31 23:59:59",
            "2013-02-28T23:59:59Z",
            "2012-02-29 12:00:00",
            "2000-02-29T01:02:03Z",
            "1900-03-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
        ] {
            let expected = string_to_datetime(&utc, text).expect("valid").timestamp_micros();
            assert_eq!(parse_utc_timestamp(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "2013-02-29T00:00:00Z",
            "2013-13-01T00:00:00Z",
            "2013-01-01T24:00:00Z",
            "2013-01-01X00:00:00Z",
        ] {
            assert_eq!(parse_utc_timestamp(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            parse_timestamp(b"2013-01-01T01:00:00+01:00"),
            parse_timestamp(b"2013-01-01T00:00:00Z")
        );
    }

    #[test]
    fn integers() {
        assert_eq!(parse_integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_integer(b"+12"), Some(12));
        for wrong in ["", "-", "1a", " 1", "1 ", "9223372036854775808"] {
            assert_eq!(parse_integer(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
