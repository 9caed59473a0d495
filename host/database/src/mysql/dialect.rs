//! How MySQL writes names and values.

use std::fmt::Write;

use crate::sql::Dialect;
use crate::{TableName, Value};

/// SQL as MySQL and MariaDB speak it, in a session that [`Session`](crate::mysql::session::Session) has set up: in UTC, and
/// with backslashes in literals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MySqlDialect;

impl MySqlDialect {
    /// A table's name.
    pub(crate) fn table(self, name: &TableName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&name.table)),
            None => self.quote(&name.table),
        }
    }
}

impl Dialect for MySqlDialect {
    fn quote(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn literal(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Boolean(value) => u8::from(*value).to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Unsigned(value) => value.to_string(),
            Value::Float(value) if value.is_finite() => format!("{value:e}"),
            Value::Float(_) => return None,
            Value::Decimal(value) => decimal(value)?,
            Value::Text(value) => text_literal(value),
            Value::Binary(value) => format!("x'{}'", hex::encode(value)),
            Value::Date(days) => format!("date'{}'", date(i64::from(*days))?),
            Value::Time(nanoseconds) => {
                let within = (0..86_400_000_000_000).contains(nanoseconds);
                let microseconds = within.then(|| exact(i128::from(*nanoseconds)))??;
                format!("time'{}'", time(microseconds))
            }
            Value::Timestamp(nanoseconds) | Value::Instant(nanoseconds) => {
                format!("timestamp'{}'", timestamp(exact(*nanoseconds)?)?)
            }
        })
    }

    fn bytewise(&self, column: &str) -> String {
        format!("cast(convert({} using utf8mb4) as binary)", self.quote(column))
    }

    fn starts_with(&self, column: &str, prefix: &str) -> Option<String> {
        let (column, length) = (self.bytewise(column), prefix.len());
        Some(format!("left({column}, {length}) = {}", text_literal(prefix)))
    }
}

/// A text as a literal.
pub(crate) fn text_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            '\0' => literal.push_str("\\0"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// A decimal number, if that is what the text is.
fn decimal(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

/// Nanoseconds as microseconds, which is what the database has.
fn exact(nanoseconds: i128) -> Option<i64> {
    (nanoseconds % 1000 == 0).then(|| i64::try_from(nanoseconds / 1000).ok())?
}

/// A day since 1970 as the database writes it; none where it can't.
pub(crate) fn date(days: i64) -> Option<String> {
    let mut text = String::with_capacity(10);
    write_date(&mut text, days)?;
    Some(text)
}

/// Microseconds since midnight as the database writes them.
pub(crate) fn time(microseconds: i64) -> String {
    let mut text = String::with_capacity(15);
    write_time(&mut text, microseconds);
    text
}

/// Microseconds since 1970 as the database writes them; none where it can't.
pub(crate) fn timestamp(microseconds: i64) -> Option<String> {
    let mut text = String::with_capacity(26);
    write_timestamp(&mut text, microseconds)?;
    Some(text)
}

/// Writes a day.
pub(crate) fn write_date(text: &mut impl Write, days: i64) -> Option<()> {
    let (year, month, day) = civil(days)?;
    let mut digits = *b"0000-00-00";
    put(&mut digits[0..2], year / 100);
    put(&mut digits[2..4], year % 100);
    put(&mut digits[5..7], month);
    put(&mut digits[8..10], day);
    text.write_str(std::str::from_utf8(&digits).ok()?).ok()
}

/// Two digits. Formatting is slow where there are millions of them.
fn put(into: &mut [u8], number: i64) {
    into.copy_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
}

/// Writes a time of day.
pub(crate) fn write_time(text: &mut impl Write, microseconds: i64) {
    let (seconds, fraction) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut digits = *b"00:00:00";
    put(&mut digits[0..2], hour);
    put(&mut digits[3..5], minute);
    put(&mut digits[6..8], second);
    // Writing into memory does not fail.
    let _ = text.write_str(std::str::from_utf8(&digits).unwrap_or_default());
    if fraction != 0 {
        let _ = write!(text, ".{fraction:06}");
    }
}

/// Writes a date and time.
pub(crate) fn write_timestamp(text: &mut impl Write, microseconds: i64) -> Option<()> {
    let day = 86_400_000_000;
    write_date(text, microseconds.div_euclid(day))?;
    text.write_char(' ').ok()?;
    write_time(text, microseconds.rem_euclid(day));
    Some(())
}

/// Year, month and day of a day since 1970; none outside of the years that the database writes.
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    if !(-719_528..=2_932_896).contains(&days) {
        return None;
    }
    // Eras of 400 years that begin in March, so that the leap day comes last.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    Some((year + era * 400 + i64::from(month <= 2), month, day))
}

/// Days since 1970 of a date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = if month > 2 { month - 3 } else { month + 9 };
    let day = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + 365 * year + year / 4 - year / 100 + day - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_or_a_name() {
        assert_eq!(MySqlDialect.quote("a`; drop table x"), "`a``; drop table x`");
        assert_eq!(text_literal(r"\'; drop table x"), r"'\\''; drop table x'");
        assert_eq!(MySqlDialect.literal(&Value::Decimal("1; drop".to_owned())), None);
        assert_eq!(
            MySqlDialect.literal(&Value::Decimal("-12.50".to_owned())).as_deref(),
            Some("-12.50")
        );
    }

    #[test]
    fn days_are_dates_and_back() {
        for days_since in [-719_528, -719_162, -1, 0, 59, 60, 11_016, 19_782, 2_932_896] {
            let (year, month, day) = civil(days_since).unwrap();
            assert_eq!(days(year, month, day), days_since);
        }
        assert_eq!(date(19_782).as_deref(), Some("2024-02-29"));
        assert_eq!(date(2_932_897), None);
        assert_eq!(timestamp(-1).as_deref(), Some("1969-12-31 23:59:59.999999"));
    }
}
