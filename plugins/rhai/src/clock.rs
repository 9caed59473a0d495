//! Dates and points in time, as scripts have them.

use std::cmp::Ordering;

use rhai::Dynamic;
use tenon::TimeUnit;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// A calendar day: days since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub i32);

/// A point in time, or one without a place (`zoned` is false), which has no zone to be converted to.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp {
    pub seconds: i64,
    pub nanos: u32,
    pub zoned: bool,
}

impl Date {
    pub fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(-9999..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
            return None;
        }
        // Years begin in March, so that the leap day is the last.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        i32::try_from(days).ok().map(Self)
    }

    /// Reads `2024-12-31`.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let mut parts = digits.splitn(3, '-');
        let (year, month, day) = (
            digits_of(parts.next()?, 4)?,
            digits_of(parts.next()?, 2)?,
            digits_of(parts.next()?, 2)?,
        );
        Self::of(if negative { -year } else { year }, month, day)
    }

    /// Year, month and day.
    pub fn civil(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }

    /// Monday is 1, Sunday 7.
    pub fn weekday(self) -> i64 {
        (i64::from(self.0) + 3).rem_euclid(7) + 1
    }

    pub fn plus(self, days: i64) -> Option<Self> {
        i32::try_from(i64::from(self.0).checked_add(days)?).ok().map(Self)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}", year.abs())
    }
}

impl Timestamp {
    pub fn midnight(date: Date) -> Self {
        Self {
            seconds: i64::from(date.0) * DAY,
            nanos: 0,
            zoned: false,
        }
    }

    /// From a column's count of units.
    pub fn load(count: i64, unit: TimeUnit, zoned: bool) -> Self {
        let per_second = unit.per_second();
        let seconds = count.div_euclid(per_second);
        let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
        Self {
            seconds,
            nanos: nanos as u32,
            zoned,
        }
    }

    /// The count of units; `None` if it doesn't fit. What is finer than the unit is cut off.
    pub fn count(self, unit: TimeUnit) -> Option<i64> {
        let per_second = unit.per_second();
        let fine = i64::from(self.nanos) / (1_000_000_000 / per_second);
        self.seconds.checked_mul(per_second)?.checked_add(fine)
    }

    /// Reads `2024-12-31T23:59:59.5Z`: the time is optional, so are its fraction and its zone (`Z`, `+01:00`).
    pub fn parse(text: &str) -> Option<Self> {
        let split = text
            .char_indices()
            .skip(8)
            .find(|(_, letter)| matches!(letter, 'T' | ' '));
        let Some((at, _)) = split else {
            return Date::parse(text).map(Self::midnight);
        };
        let date = Date::parse(&text[..at])?;
        let (time, offset) = zone(&text[at + 1..])?;
        let (seconds, nanos) = time_of_day(time)?;
        let seconds = i64::from(date.0) * DAY + seconds - offset.unwrap_or(0);
        Some(Self {
            seconds,
            nanos,
            zoned: offset.is_some(),
        })
    }

    pub fn date(self) -> Option<Date> {
        i32::try_from(self.seconds.div_euclid(DAY)).ok().map(Date)
    }

    pub fn second_of_day(self) -> i64 {
        self.seconds.rem_euclid(DAY)
    }

    pub fn plus(self, seconds: f64) -> Option<Self> {
        let whole = seconds.floor();
        if whole.abs() >= 9e15 || !whole.is_finite() {
            return None;
        }
        let nanos = i64::from(self.nanos) + ((seconds - whole) * 1e9).round() as i64;
        let seconds = self
            .seconds
            .checked_add(whole as i64)?
            .checked_add(nanos / 1_000_000_000)?;
        Some(Self {
            seconds,
            nanos: (nanos % 1_000_000_000) as u32,
            zoned: self.zoned,
        })
    }

    /// Seconds from the other to this.
    pub fn since(self, other: Self) -> f64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        seconds as f64 + (f64::from(self.nanos) - f64::from(other.nanos)) / 1e9
    }

    pub fn compare(self, other: Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}T")?,
            None => write!(f, "{} days T", self.seconds.div_euclid(DAY))?,
        }
        f.write_str(&time_text(self.second_of_day(), self.nanos))?;
        f.write_str(if self.zoned { "Z" } else { "" })
    }
}

/// Reads `23:59:59.5` as a count of units since midnight.
pub fn parse_time(text: &str, unit: TimeUnit) -> Option<i64> {
    let (seconds, nanos) = time_of_day(text)?;
    Timestamp {
        seconds,
        nanos,
        zoned: false,
    }
    .count(unit)
}

/// A time of day, with as much of a fraction as there is.
pub fn time_text(second: i64, nanos: u32) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if nanos > 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text
}

/// A date or a timestamp as errors show it.
pub fn shown(value: &Dynamic) -> Option<String> {
    let date = value.read_lock::<Date>().map(|date| date.to_string());
    date.or_else(|| value.read_lock::<Timestamp>().map(|timestamp| timestamp.to_string()))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn digits_of(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Splits a time from its zone: the seconds that it is ahead of UTC.
fn zone(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let offset = &text[at + 1..];
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 4 && offset.is_ascii() => offset.split_at(2),
        None => (offset, "00"),
    };
    let seconds = digits_of(hours, 2)? * 3600 + digits_of(minutes, 2)? * 60;
    Some((
        &text[..at],
        Some(if text[at..].starts_with('-') { -seconds } else { seconds }),
    ))
}

fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (digits_of(parts.next()?, 2)?, digits_of(parts.next()?, 2)?);
    let (second, fraction) = parts
        .next()
        .map_or(("00", "0"), |rest| rest.split_once('.').unwrap_or((rest, "0")));
    let second = digits_of(second, 2)?;
    let nanos = match fraction {
        digits if !(1..=9).contains(&digits.len()) => return None,
        digits => digits_of(digits, digits.len())? * 10_i64.pow(9 - digits.len() as u32),
    };
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 3600 + minute * 60 + second, nanos as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("1969-12-31", -1),
            ("0001-01-01", -719_162),
        ] {
            assert_eq!(Date::parse(text), Some(Date(days)), "{text}");
            assert_eq!(Date(days).to_string(), text);
        }
        for days in (-800_000..800_000).step_by(7) {
            let (year, month, day) = Date(days).civil();
            assert_eq!(Date::of(year, month, day), Some(Date(days)));
        }
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "24-01-01",
            "2024-01-32",
            "today",
            "",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert_eq!(Date::parse("2026-11-21").map(Date::weekday), Some(6));
    }

    #[test]
    fn timestamps_are_read_and_shown() {
        for (text, shown) in [
            ("2024-12-31T23:59:59.5Z", "2024-12-31T23:59:59.5Z"),
            ("2024-12-31 23:59", "2024-12-31T23:59:00"),
            ("2024-12-31", "2024-12-31T00:00:00"),
            ("2024-12-31T00:30:00+01:00", "2024-12-30T23:30:00Z"),
            ("1969-12-31T23:59:59.000000001-0100", "1970-01-01T00:59:59.000000001Z"),
        ] {
            assert_eq!(
                Timestamp::parse(text).map(|read| read.to_string()).as_deref(),
                Some(shown),
                "{text}"
            );
        }
        for text in [
            "2024-12-31T24:00:00",
            "2024-12-31T1:00",
            "2024-12-31T",
            "noon",
            "2024-12-31T10:00:00.",
            "2024-12-31Ténon",
        ] {
            assert!(Timestamp::parse(text).is_none(), "{text}");
        }
        let early = Timestamp::load(-1, TimeUnit::Millisecond, false);
        assert_eq!(early.to_string(), "1969-12-31T23:59:59.999");
        assert_eq!(early.count(TimeUnit::Millisecond), Some(-1));
        assert_eq!(early.plus(0.5).unwrap().to_string(), "1970-01-01T00:00:00.499");
        assert_eq!(parse_time("01:00:00.25", TimeUnit::Millisecond), Some(3_600_250));
    }
}
