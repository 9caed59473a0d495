//! Dates and times as SQL writes them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

const NANOSECONDS: i128 = 1_000_000_000;

/// `2024-02-29`; none for a year that SQL does not write.
pub(crate) fn date(days: i32) -> Option<String> {
    let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(719_163)?)?;
    written(date.year()).then(|| date.format("%Y-%m-%d").to_string())
}

/// `23:59:59.123456`, with as many digits as asked for; none where more would be needed.
pub(crate) fn time(nanoseconds: i64, digits: u32) -> Option<String> {
    let seconds = u32::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let fraction = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, fraction)?;
    Some(time.format("%H:%M:%S").to_string() + &decimals(time.nanosecond(), digits)?)
}

/// `2024-02-29 23:59:59.123456`, likewise.
pub(crate) fn timestamp(nanoseconds: i128, digits: u32) -> Option<String> {
    let moment = moment(nanoseconds)?;
    let text = moment.format("%Y-%m-%d %H:%M:%S").to_string();
    written(moment.year()).then_some(())?;
    Some(text + &decimals(moment.nanosecond(), digits)?)
}

/// The date and time of day so long after the beginning of 1970.
fn moment(nanoseconds: i128) -> Option<NaiveDateTime> {
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).ok()?;
    let fraction = u32::try_from(nanoseconds.rem_euclid(NANOSECONDS)).ok()?;
    Some(DateTime::from_timestamp(seconds, fraction)?.naive_utc())
}

fn written(year: i32) -> bool {
    (1..=9999).contains(&year)
}

fn decimals(nanoseconds: u32, digits: u32) -> Option<String> {
    let unit = 10_u32.pow(9 - digits.min(9));
    if !nanoseconds.is_multiple_of(unit) {
        return None;
    }
    let width = digits.min(9) as usize;
    Some(match width {
        0 => String::new(),
        _ => format!(".{:0width$}", nanoseconds / unit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sql_writes_is_written() {
        assert_eq!(date(0).as_deref(), Some("1970-01-01"));
        assert_eq!(date(-800_000), None);
        assert_eq!(date(i32::MAX), None);
        assert_eq!(time(1_500_000_000, 6).as_deref(), Some("00:00:01.500000"));
        assert_eq!(time(1, 6), None);
        assert_eq!(timestamp(-1_000, 6).as_deref(), Some("1969-12-31 23:59:59.999999"));
        assert_eq!(timestamp(i128::MAX, 6), None);
    }
}
