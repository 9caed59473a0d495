//! Single values: what predicates compare with and bookmarks hold.

use serde::{Deserialize, Serialize};

/// A value that is neither null nor nested. Which SQL literal it becomes is each database's own matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type", content = "value")]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number too large for the above.
    Unsigned(u64),
    /// A floating point number; finite.
    Float(f64),
    /// A decimal number, written out: `-12.50`.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since midnight.
    Time(i64),
    /// A date and time of day in no time zone, in nanoseconds since 1970-01-01 00:00:00.
    #[serde(with = "written")]
    Timestamp(i128),
    /// A moment, in nanoseconds since 1970-01-01 00:00:00 UTC.
    #[serde(with = "written")]
    Instant(i128),
}

impl Value {
    /// What it is, in messages.
    #[cfg(any(feature = "adbc", feature = "mssql", feature = "mysql", feature = "odbc"))]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Unsigned(_) => "a whole number",
            Self::Float(_) => "a floating point number",
            Self::Decimal(_) => "a decimal number",
            Self::Text(_) => "a text",
            Self::Binary(_) => "bytes",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time of day",
            Self::Timestamp(_) => "a timestamp",
            Self::Instant(_) => "a timestamp with a time zone",
        }
    }
}

/// Numbers of 128 bits as texts: formats, and enums without tags, have none as numbers.
mod written {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(number: &i128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&number.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_being_kept() {
        for value in [
            Value::Instant(i128::MAX),
            Value::Timestamp(-1),
            Value::Integer(i64::MIN),
            Value::Text("a".to_owned()),
            Value::Binary(vec![0, 255]),
        ] {
            let kept = serde_json::to_string(&value).expect("JSON");
            assert_eq!(serde_json::from_str::<Value>(&kept).expect("a value"), value, "{kept}");
        }
    }
}
