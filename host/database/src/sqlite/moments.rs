//! Dates and times as SQLite's own functions read and write them: ISO text, Julian days, seconds since 1970.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate};
use rusqlite::types::ValueRef;

/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// SQLite takes smaller numbers for Julian days and larger ones for seconds since 1970 (its modifier `auto`).
const JULIAN_DAYS: std::ops::Range<f64> = 0.0..5_373_484.5;

/// The seconds since 1970 of the years that SQLite knows, -4713 to 9999.
const SECONDS: std::ops::RangeInclusive<f64> = -210_866_760_000.0..=253_402_300_799.999_999;

/// The Julian day of 1970-01-01 in milliseconds.
const JULIAN_1970: i64 = 210_866_760_000_000;

/// Microseconds since 1970 of a date, or of a date and time: `2024-12-31`, `2024-12-31 23:59`, `2024-12-31T23:59:59.5Z`.
/// In UTC where it has an offset.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?);
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    match rest.split_first() {
        None => Some(midnight),
        Some((b' ' | b'T', rest)) => {
            let (time, offset) = offset(rest)?;
            Some(midnight + parse_time(time)? - offset)
        }
        Some(_) => None,
    }
}

/// Microseconds since midnight: `23:59`, `23:59:59`, `23:59:59.999999`.
pub(super) fn parse_time(text: &[u8]) -> Option<i64> {
    let (minutes, rest) = text.split_at_checked(5)?;
    let (hour, minute) = (number(&minutes[..2])?, number(&minutes[3..])?);
    if minutes[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let minutes = (hour * 60 + minute) * 60_000_000;
    let Some((b':', rest)) = rest.split_first() else {
        return rest.is_empty().then_some(minutes);
    };
    let (second, rest) = rest.split_at_checked(2)?;
    let second = number(second).filter(|second| *second < 60)?;
    let fraction = match rest.split_first() {
        None => 0,
        Some((b'.', digits)) => fraction(digits)?,
        Some(_) => return None,
    };
    Some(minutes + second * 1_000_000 + fraction)
}

/// The time of day before an offset from UTC (`Z`, `+02:00`), and the offset in microseconds.
fn offset(text: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(time) = text.strip_suffix(b"Z").or_else(|| text.strip_suffix(b"z")) {
        return Some((time.trim_ascii_end(), 0));
    }
    let Some(at) = text.iter().rposition(|byte| matches!(byte, b'+' | b'-')) else {
        return Some((text, 0));
    };
    let sign = if text[at] == b'-' { -1 } else { 1 };
    let minutes = match &text[at + 1..] {
        [hours @ .., b':', a, b] if hours.len() == 2 => number(hours)? * 60 + number(&[*a, *b])?,
        hours if hours.len() == 2 => number(hours)? * 60,
        _ => return None,
    };
    Some((text[..at].trim_ascii_end(), sign * minutes * 60_000_000))
}

fn fraction(digits: &[u8]) -> Option<i64> {
    let (micros, beyond) = digits.split_at(digits.len().min(6));
    if micros.is_empty() || beyond.iter().any(|digit| *digit != b'0') {
        return None;
    }
    Some(number(micros)? * 10_i64.pow(6 - micros.len() as u32))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Microseconds since 1970 of a number, as SQLite's `auto` reads it.
pub(super) fn of_number(value: ValueRef<'_>) -> Option<i64> {
    let float = match value {
        ValueRef::Integer(number) => number as f64,
        ValueRef::Real(number) => number,
        _ => return None,
    };
    if JULIAN_DAYS.contains(&float) {
        // Whole milliseconds, as SQLite has them: a floating point number knows no more of a Julian day.
        let milliseconds = (float * 86_400_000.0 + 0.5) as i64;
        return Some((milliseconds - JULIAN_1970) * 1_000);
    }
    match value {
        _ if !SECONDS.contains(&float) => None,
        ValueRef::Integer(seconds) => Some(seconds * 1_000_000),
        _ => Some((float * 1e6).round() as i64),
    }
}

/// Appends `2024-12-31 23:59:59.999999`, which compares as text as it does as a moment. False for years that SQLite does
/// not know.
pub(super) fn write_timestamp(text: &mut String, micros: i64) -> bool {
    let days = micros.div_euclid(DAY);
    let written = i32::try_from(days).is_ok_and(|days| write_date(text, days));
    if written {
        text.push(' ');
        write_clock(text, micros.rem_euclid(DAY));
    }
    written
}

/// Appends `2024-12-31`.
pub(super) fn write_date(text: &mut String, days: i32) -> bool {
    let date = DateTime::from_timestamp(i64::from(days) * 86_400, 0).map(|moment| moment.date_naive());
    match date {
        Some(date) if (0..=9999).contains(&date.year()) => {
            write!(text, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day()).is_ok()
        }
        _ => false,
    }
}

/// Appends `23:59:59.999999`, without a fraction where there is none.
pub(super) fn write_clock(text: &mut String, micros: i64) {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Writing to a text does not fail.
    let _ = write!(text, "{hours:02}:{minutes:02}:{seconds:02}");
    if fraction > 0 {
        let _ = write!(text, ".{fraction:06}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_sqlite_reads_them() {
        assert_eq!(parse(b"1970-01-02"), Some(DAY));
        assert_eq!(parse(b"1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(parse(b"1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(parse(b"1970-01-01T00:00Z"), Some(0));
        for wrong in [
            &b"1970-02-30"[..],
            b"now",
            b"",
            b"1970-01-01x",
            b"1970-01-01 25:00",
            b"1970-01-01 00:00:00.0000001",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(of_number(ValueRef::Real(2_440_587.5)), Some(0));
        assert_eq!(of_number(ValueRef::Integer(1_700_000_000)), Some(1_700_000_000_000_000));
        assert_eq!(of_number(ValueRef::Integer(1_700_000_000_000)), None);
    }

    #[test]
    fn moments_survive_being_written() {
        for micros in [0, -1, 1_700_000_000_123_456, -62_000_000_000_000_000] {
            let mut text = String::new();
            assert!(write_timestamp(&mut text, micros));
            assert_eq!(parse(text.as_bytes()), Some(micros), "{text}");
        }
    }
}
