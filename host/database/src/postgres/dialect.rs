//! How Postgres writes names and values. Redshift writes those that it has the same way.

use crate::Value;
use crate::sql::Dialect;

/// Postgres' names and literals. They rely on `standard_conforming_strings`, which every session sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostgresDialect;

/// Redshift's names and literals. In its texts a backslash escapes what follows, so there is none in them; it compares texts
/// by their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RedshiftDialect;

/// What precedes a character that `like` would take for a pattern, in Redshift.
const ESCAPE: char = '!';

const DAY: i128 = 86_400_000_000_000;

impl Dialect for PostgresDialect {
    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn literal(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Boolean(boolean) => boolean.to_string(),
            Value::Integer(number) => format!("'{number}'::bigint"),
            Value::Unsigned(number) => format!("'{number}'::numeric"),
            Value::Float(number) if number.is_finite() => format!("'{number:?}'::double precision"),
            Value::Float(_) => return None,
            Value::Decimal(text) => format!("{}::numeric", quoted(text)?),
            // Of no type, so that it takes the column's.
            Value::Text(text) => quoted(text)?,
            Value::Binary(bytes) => format!("'\\x{}'::bytea", hex::encode(bytes)),
            Value::Date(days) => format!("'{}'::date", date(i64::from(*days))),
            Value::Time(nanoseconds) => format!("'{}'::time", time(i128::from(*nanoseconds))?),
            Value::Timestamp(nanoseconds) => format!("'{}'::timestamp", timestamp(*nanoseconds, "")?),
            Value::Instant(nanoseconds) => format!("'{}'::timestamptz", timestamp(*nanoseconds, "+00")?),
        })
    }

    fn bytewise(&self, column: &str) -> String {
        format!("{} collate \"C\"", self.quote(column))
    }

    fn starts_with(&self, column: &str, prefix: &str) -> Option<String> {
        Some(format!("{} like {}", self.bytewise(column), beginning(prefix)?))
    }
}

impl Dialect for RedshiftDialect {
    fn quote(&self, name: &str) -> String {
        PostgresDialect.quote(name)
    }

    fn literal(&self, value: &Value) -> Option<String> {
        match value {
            Value::Text(text) => redshift_text(text),
            Value::Binary(bytes) => Some(format!("to_varbyte('{}', 'hex')", hex::encode(bytes))),
            Value::Decimal(text) if text.contains('\\') => None,
            _ => PostgresDialect.literal(value),
        }
    }

    fn bytewise(&self, column: &str) -> String {
        self.quote(column)
    }

    fn starts_with(&self, column: &str, prefix: &str) -> Option<String> {
        let mut pattern = String::with_capacity(prefix.len() + 1);
        for character in prefix.chars() {
            if matches!(character, '%' | '_' | ESCAPE) {
                pattern.push(ESCAPE);
            }
            pattern.push(character);
        }
        pattern.push('%');
        let pattern = redshift_text(&pattern)?;
        Some(format!("{} like {pattern} escape '{ESCAPE}'", self.quote(column)))
    }
}

/// A text as an expression without a backslash. None where it holds the one character that Redshift's text cannot.
fn redshift_text(text: &str) -> Option<String> {
    let pieces: Option<Vec<String>> = text.split('\\').map(quoted).collect();
    let pieces = pieces?;
    Some(match pieces.as_slice() {
        [only] => only.clone(),
        _ => format!("({})", pieces.join(" || chr(92) || ")),
    })
}

/// A text as a literal. None where it holds the one character that Postgres' text cannot.
pub(super) fn quoted(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// The pattern, as a literal, of texts that begin with this one.
pub(super) fn beginning(prefix: &str) -> Option<String> {
    let pattern: String = prefix.chars().flat_map(escaped).chain(['%']).collect();
    quoted(&pattern)
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let escape = matches!(character, '%' | '_' | '\\').then_some('\\');
    escape.into_iter().chain([character])
}

/// A date by its days since 1970-01-01. Years before the first are written as Postgres does: `0044-03-15 BC`.
fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    if year > 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{:04}-{month:02}-{day:02} BC", 1 - year)
    }
}

/// A time of day. None where Postgres, which knows microseconds, has none such.
fn time(nanoseconds: i128) -> Option<String> {
    if nanoseconds % 1000 != 0 || !(0..=DAY).contains(&nanoseconds) {
        return None;
    }
    let microseconds = nanoseconds / 1000;
    let seconds = microseconds / 1_000_000;
    Some(format!(
        "{:02}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        microseconds % 1_000_000
    ))
}

/// A date and a time. None where Postgres has none such.
fn timestamp(nanoseconds: i128, zone: &str) -> Option<String> {
    // 4713 BC and 294276 AD are as far as it goes.
    const FIRST: i64 = -2_440_588;
    const LAST: i64 = 106_751_990;
    let days = i64::try_from(nanoseconds.div_euclid(DAY)).ok()?;
    if !(FIRST..=LAST).contains(&days) {
        return None;
    }
    let time = time(nanoseconds.rem_euclid(DAY))?;
    let date = date(days);
    Some(match date.strip_suffix(" BC") {
        Some(date) => format!("{date} {time}{zone} BC"),
        None => format!("{date} {time}{zone}"),
    })
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar also where it was not in use.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the day that comes and goes is the last of the year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(value: &Value) -> String {
        PostgresDialect.literal(value).unwrap_or_default()
    }

    #[test]
    fn nothing_ends_its_quotes() {
        assert_eq!(
            PostgresDialect.quote(r#"a"; drop table b; --"#),
            r#""a""; drop table b; --""#
        );
        assert_eq!(literal(&Value::Text(r"it's \ 'so'".into())), r"'it''s \ ''so'''");
        assert_eq!(literal(&Value::Decimal("1'; drop".into())), "'1''; drop'::numeric");
        assert_eq!(PostgresDialect.literal(&Value::Text("a\0b".into())), None);
        let starts = PostgresDialect.starts_with("c", r"50%_\'").unwrap_or_default();
        assert_eq!(starts, r#""c" collate "C" like '50\%\_\\''%'"#);
    }

    #[test]
    fn redshift_gets_no_backslash() {
        let text = |text: &str| RedshiftDialect.literal(&Value::Text(text.into())).unwrap_or_default();
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text(r"a\'; drop"), "('a' || chr(92) || '''; drop')");
        let starts = RedshiftDialect.starts_with("c", r"50%_\!").unwrap_or_default();
        assert_eq!(starts, r#""c" like ('50!%!_' || chr(92) || '!!%') escape '!'"#);
        assert_eq!(RedshiftDialect.literal(&Value::Text("a\0".into())), None);
    }

    #[test]
    fn times_are_written_out() {
        assert_eq!(literal(&Value::Date(0)), "'1970-01-01'::date");
        assert_eq!(literal(&Value::Date(-719_528)), "'0001-01-01 BC'::date");
        assert_eq!(literal(&Value::Date(11_016)), "'2000-02-29'::date");
        assert_eq!(
            literal(&Value::Timestamp(-1000)),
            "'1969-12-31 23:59:59.999999'::timestamp"
        );
        let instant = Value::Instant(1_700_000_000_000_000_000);
        assert_eq!(literal(&instant), "'2023-11-14 22:13:20.000000+00'::timestamptz");
        assert_eq!(PostgresDialect.literal(&Value::Timestamp(1)), None);
        assert_eq!(PostgresDialect.literal(&Value::Instant(i128::MAX)), None);
        assert_eq!(literal(&Value::Time(3_661_000_001_000)), "'01:01:01.000001'::time");
    }

    #[test]
    fn numbers_keep_their_last_digit() {
        assert_eq!(literal(&Value::Float(0.1)), "'0.1'::double precision");
        assert_eq!(literal(&Value::Float(1e300)), "'1e300'::double precision");
        assert_eq!(literal(&Value::Integer(i64::MIN)), "'-9223372036854775808'::bigint");
        assert_eq!(PostgresDialect.literal(&Value::Float(f64::NAN)), None);
    }
}
