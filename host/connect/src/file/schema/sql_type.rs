//! Types of columns by their SQL names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Type of a column, by its SQL name: `boolean`, `tinyint`, `smallint`, `int`, `bigint` (each also `unsigned`), `real`,
/// `double`, `decimal(38,10)`, `text`, `binary`, `date`, `time(us)`, `timestamp`, `timestamp(ms)`,
/// `timestamp(us, 'UTC')`, or one of these with `[]` behind it for lists.
///
/// ```
/// use tenon_connect::file::SqlType;
///
/// let price: SqlType = "decimal(12, 2)".parse()?;
/// assert_eq!(price.to_string(), "decimal(12,2)");
/// assert!("dollar".parse::<SqlType>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlType(DataType);

impl SqlType {
    /// The Arrow type of such a column.
    pub fn data_type(&self) -> &DataType {
        &self.0
    }

    /// The SQL name of an Arrow type; Arrow's own name where SQL has none.
    pub fn name_of(data_type: &DataType) -> String {
        name_of(data_type)
    }
}

impl FromStr for SqlType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).map(Self).ok_or_else(|| {
            format!(
                "`{text}` is no type; expected boolean, tinyint, smallint, int, bigint, real, double, decimal(P,S), text, \
                 binary, date, time, timestamp, timestamp(us, 'UTC') or such"
            )
        })
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&name_of(&self.0))
    }
}

impl<'de> Deserialize<'de> for SqlType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for SqlType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for SqlType {
    fn schema_name() -> Cow<'static, str> {
        "SqlType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "SQL name of a type",
            "examples": ["bigint", "double", "decimal(38,10)", "date", "timestamp(us, 'UTC')", "text"]
        })
    }
}

fn parse(text: &str) -> Option<DataType> {
    let text = text.trim();
    if let Some(item) = text.strip_suffix("[]") {
        return Some(DataType::new_list(parse(item)?, true));
    }
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => {
            let (inside, behind) = rest.split_once(')')?;
            (
                format!("{}{behind}", name.trim()),
                inside.split(',').map(str::trim).collect(),
            )
        }
        None => (text.to_owned(), Vec::new()),
    };
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split_whitespace().collect();
    let plain = |data_type: DataType| arguments.is_empty().then_some(data_type);
    match words.as_slice() {
        ["boolean" | "bool"] => plain(DataType::Boolean),
        ["tinyint" | "int8"] => plain(DataType::Int8),
        ["smallint" | "int16"] => plain(DataType::Int16),
        ["int" | "integer" | "int32"] => plain(DataType::Int32),
        ["bigint" | "long" | "int64"] => plain(DataType::Int64),
        ["tinyint", "unsigned"] | ["uint8"] => plain(DataType::UInt8),
        ["smallint", "unsigned"] | ["uint16"] => plain(DataType::UInt16),
        ["int" | "integer", "unsigned"] | ["uint32"] => plain(DataType::UInt32),
        ["bigint", "unsigned"] | ["uint64"] => plain(DataType::UInt64),
        ["real" | "float4" | "float32"] => plain(DataType::Float32),
        ["double" | "float" | "float8" | "float64"] | ["double", "precision"] => plain(DataType::Float64),
        ["decimal" | "numeric"] => decimal(&arguments),
        ["text" | "string" | "varchar" | "char"] => Some(DataType::Utf8),
        ["binary" | "varbinary" | "bytea" | "blob"] => plain(DataType::Binary),
        ["date"] => plain(DataType::Date32),
        ["time"] => match unit(arguments.first().copied().unwrap_or("us"))? {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => Some(DataType::Time32(unit)),
            unit => Some(DataType::Time64(unit)),
        },
        ["timestamp" | "datetime"] | ["timestamp", "without", "time", "zone"] => timestamp(&arguments, None),
        ["timestamptz" | "timestamp-utc"] | ["timestamp", "with", "time", "zone"] => timestamp(&arguments, Some("UTC")),
        _ => None,
    }
}

fn decimal(arguments: &[&str]) -> Option<DataType> {
    let (precision, scale) = match arguments {
        [] => (38, 10),
        [precision] => (precision.parse().ok()?, 0),
        [precision, scale] => (precision.parse::<u8>().ok()?, scale.parse::<i8>().ok()?),
        _ => return None,
    };
    let fits = (1..=76).contains(&precision) && scale.unsigned_abs() <= precision;
    match precision {
        _ if !fits => None,
        1..=38 => Some(DataType::Decimal128(precision, scale)),
        _ => Some(DataType::Decimal256(precision, scale)),
    }
}

fn timestamp(arguments: &[&str], zone: Option<&str>) -> Option<DataType> {
    let (unit_name, zone) = match arguments {
        [] => ("us", zone),
        [one] if one.starts_with('\'') => ("us", Some(one.trim_matches('\''))),
        [unit] => (*unit, zone),
        [unit, zone] => (*unit, Some(zone.trim_matches('\''))),
        _ => return None,
    };
    if let Some(zone) = zone {
        zone.parse::<arrow::array::timezone::Tz>().ok()?;
    }
    Some(DataType::Timestamp(unit(unit_name)?, zone.map(Arc::from)))
}

fn unit(name: &str) -> Option<TimeUnit> {
    match name.to_ascii_lowercase().as_str() {
        "s" | "0" => Some(TimeUnit::Second),
        "ms" | "3" => Some(TimeUnit::Millisecond),
        "us" | "6" => Some(TimeUnit::Microsecond),
        "ns" | "9" => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}

/// A type's SQL name; Arrow's own name where SQL has none.
pub(in super::super) fn name_of(data_type: &DataType) -> String {
    let unit_name = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::UInt8 => "tinyint unsigned",
        DataType::UInt16 => "smallint unsigned",
        DataType::UInt32 => "int unsigned",
        DataType::UInt64 => "bigint unsigned",
        DataType::Float32 => "real",
        DataType::Float64 => "double",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary",
        DataType::Date32 => "date",
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            return format!("decimal({precision},{scale})");
        }
        DataType::Time32(unit) | DataType::Time64(unit) => return format!("time({})", unit_name(unit)),
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp",
        DataType::Timestamp(unit, None) => return format!("timestamp({})", unit_name(unit)),
        DataType::Timestamp(unit, Some(zone)) => return format!("timestamp({}, '{zone}')", unit_name(unit)),
        DataType::List(item) if item.name() == "item" => return format!("{}[]", name_of(item.data_type())),
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_and_given_back() {
        let cases = [
            ("BOOLEAN", "boolean"),
            ("integer", "int"),
            ("bigint unsigned", "bigint unsigned"),
            ("double precision", "double"),
            ("decimal(38, 10)", "decimal(38,10)"),
            ("numeric(5)", "decimal(5,0)"),
            ("varchar(20)", "text"),
            ("timestamp", "timestamp"),
            ("timestamp(ms)", "timestamp(ms)"),
            ("timestamp(us, 'UTC')", "timestamp(us, 'UTC')"),
            ("timestamp(3) with time zone", "timestamp(ms, 'UTC')"),
            ("time", "time(us)"),
            ("date[]", "date[]"),
        ];
        for (text, expected) in cases {
            let parsed: SqlType = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parsed.to_string(), expected);
            assert_eq!(expected.parse::<SqlType>().as_ref(), Ok(&parsed), "{expected}");
        }
        for wrong in [
            "",
            "dollar",
            "decimal(90,2)",
            "decimal(3,5)",
            "timestamp(us, 'Nowhere')",
            "int(3",
            "date(3)",
        ] {
            assert!(wrong.parse::<SqlType>().is_err(), "{wrong}");
        }
    }
}
