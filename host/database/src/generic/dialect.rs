//! Names and values in the SQL of each kind of database.

use crate::Value;
use crate::sql::Dialect;

use super::Dbms;
use super::instants::{date, time, timestamp};

/// What precedes a character that `like` would take for a pattern.
const ESCAPE: char = '!';

impl Dialect for Dbms {
    fn quote(&self, name: &str) -> String {
        // No database takes a name with a zero byte, and some end the statement there.
        let name = name.replace('\0', "\u{fffd}");
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Mssql => format!("[{}]", name.replace(']', "]]")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    fn literal(&self, value: &Value) -> Option<String> {
        match value {
            Value::Boolean(value) => self.boolean(*value),
            Value::Integer(value) => Some(value.to_string()),
            Value::Unsigned(value) => Some(value.to_string()),
            Value::Float(value) => value.is_finite().then(|| format!("{value:e}")),
            Value::Decimal(value) => is_decimal(value).then(|| value.clone()),
            Value::Text(value) => self.text(value),
            Value::Binary(value) => self.binary(value),
            Value::Date(days) => date(*days).and_then(|text| self.typed_literal("date", &text)),
            Value::Time(nanoseconds) => time(*nanoseconds, 6).and_then(|text| self.typed_literal("time", &text)),
            Value::Timestamp(nanoseconds) => {
                timestamp(*nanoseconds, 6).and_then(|text| self.typed_literal("timestamp", &text))
            }
            Value::Instant(nanoseconds) => timestamp(*nanoseconds, 6).and_then(|text| self.instant(&text)),
        }
    }

    fn bytewise(&self, column: &str) -> String {
        let name = self.quote(column);
        match self {
            Self::Postgres => format!("{name} collate \"C\""),
            Self::Mysql => format!("binary {name}"),
            Self::Sqlite => format!("{name} collate binary"),
            Self::Mssql => format!("{name} collate Latin1_General_BIN2"),
            Self::Duckdb | Self::Standard => name,
        }
    }

    fn starts_with(&self, column: &str, prefix: &str) -> Option<String> {
        let mut pattern = String::with_capacity(prefix.len() + 1);
        for character in prefix.chars() {
            if matches!(character, '%' | '_' | ESCAPE) || (character == '[' && *self == Self::Mssql) {
                pattern.push(ESCAPE);
            }
            pattern.push(character);
        }
        pattern.push('%');
        let literal = self.text(&pattern)?;
        Some(format!("{} like {literal} escape '{ESCAPE}'", self.quote(column)))
    }
}

impl Dbms {
    /// A table's name, with its schema.
    pub(crate) fn table(self, name: &crate::TableName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&name.table)),
            None => self.quote(&name.table),
        }
    }

    /// Text, quoted. None where it has something that not every server of this kind would read the same.
    pub(crate) fn text(self, text: &str) -> Option<String> {
        if text.contains('\0') {
            return None;
        }
        let quoted = format!("'{}'", text.replace('\'', "''"));
        match self {
            // What a backslash means depends on a server's settings.
            Self::Postgres if text.contains('\\') => Some(format!("E{}", quoted.replace('\\', "\\\\"))),
            Self::Mysql if text.contains('\\') => Some(format!("_utf8mb4 x'{}'", hex::encode(text))),
            Self::Standard if text.contains('\\') => None,
            Self::Mssql => Some(format!("N{quoted}")),
            _ => Some(quoted),
        }
    }

    fn boolean(self, value: bool) -> Option<String> {
        match self {
            Self::Postgres | Self::Mysql | Self::Duckdb => Some(value.to_string()),
            Self::Sqlite | Self::Mssql => Some(u8::from(value).to_string()),
            Self::Standard => None,
        }
    }

    fn binary(self, bytes: &[u8]) -> Option<String> {
        let hex = hex::encode(bytes);
        match self {
            Self::Postgres => Some(format!("decode('{hex}', 'hex')")),
            Self::Mysql | Self::Sqlite => Some(format!("x'{hex}'")),
            Self::Mssql => Some(format!("0x{hex}")),
            Self::Duckdb => Some(format!("from_hex('{hex}')")),
            Self::Standard => None,
        }
    }

    fn typed_literal(self, kind: &str, text: &str) -> Option<String> {
        match self {
            // SQLite has no such types: what a column holds is its writer's matter.
            Self::Sqlite => None,
            Self::Mssql if kind == "timestamp" => Some(format!("cast('{}' as datetime2(7))", text.replace(' ', "T"))),
            Self::Mssql => Some(format!("cast('{text}' as {kind})")),
            _ => Some(format!("{kind} '{text}'")),
        }
    }

    fn instant(self, text: &str) -> Option<String> {
        match self {
            Self::Postgres | Self::Duckdb => Some(format!("timestamptz '{text}+00'")),
            Self::Mssql => Some(format!("cast('{}+00:00' as datetimeoffset(7))", text.replace(' ', "T"))),
            _ => None,
        }
    }
}

/// Whether it is a number and nothing else.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Dbms; 6] = [
        Dbms::Postgres,
        Dbms::Mysql,
        Dbms::Sqlite,
        Dbms::Mssql,
        Dbms::Duckdb,
        Dbms::Standard,
    ];

    #[test]
    fn nothing_in_a_name_ends_its_quotes() {
        assert_eq!(Dbms::Postgres.quote("a\"; drop"), "\"a\"\"; drop\"");
        assert_eq!(Dbms::Mysql.quote("a`b"), "`a``b`");
        assert_eq!(Dbms::Mssql.quote("a]b"), "[a]]b]");
    }

    #[test]
    fn nothing_in_a_text_ends_its_quotes() {
        assert_eq!(Dbms::Postgres.text("a'\\").as_deref(), Some("E'a''\\\\'"));
        assert_eq!(Dbms::Mysql.text("\\'").as_deref(), Some("_utf8mb4 x'5c27'"));
        assert_eq!(Dbms::Standard.text("\\'"), None);
        assert_eq!(Dbms::Mssql.text("it's 😀").as_deref(), Some("N'it''s 😀'"));
        for dbms in ALL {
            assert_eq!(dbms.text("a\0b"), None);
        }
    }

    #[test]
    fn values_have_the_types_of_their_columns() {
        let day = Value::Date(0);
        assert_eq!(Dbms::Postgres.literal(&day).as_deref(), Some("date '1970-01-01'"));
        assert_eq!(Dbms::Mssql.literal(&day).as_deref(), Some("cast('1970-01-01' as date)"));
        assert_eq!(Dbms::Sqlite.literal(&day), None);
        let moment = Value::Instant(1_000);
        assert_eq!(
            Dbms::Postgres.literal(&moment).as_deref(),
            Some("timestamptz '1970-01-01 00:00:00.000001+00'")
        );
        assert_eq!(
            Dbms::Mssql.literal(&moment).as_deref(),
            Some("cast('1970-01-01T00:00:00.000001+00:00' as datetimeoffset(7))")
        );
        assert_eq!(
            Dbms::Mssql.literal(&Value::Binary(vec![1, 255])).as_deref(),
            Some("0x01ff")
        );
        assert_eq!(Dbms::Postgres.literal(&Value::Decimal("1; drop".to_owned())), None);
        assert_eq!(
            Dbms::Postgres.literal(&Value::Decimal("-1.50".to_owned())).as_deref(),
            Some("-1.50")
        );
        assert_eq!(Dbms::Postgres.literal(&Value::Float(f64::NAN)), None);
    }

    #[test]
    fn patterns_are_taken_as_they_are_written() {
        assert_eq!(
            Dbms::Mssql.starts_with("c", "50%_[!").as_deref(),
            Some("[c] like N'50!%!_![!!%' escape '!'")
        );
    }
}
