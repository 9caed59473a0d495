//! Names of column types, as scripts write and see them.

use tenon::{DataType, Field, TimeUnit};

/// The names that a script may declare, for errors.
pub const NAMES: &str = "bool, int8 to int64, uint8 to uint64, float32, float64, decimal(precision, scale), utf8, binary, \
                         date, time, timestamp, timestamp(ms), timestamp(us, UTC), duration";

/// The type of this name.
pub fn parse(name: &str) -> Option<DataType> {
    let name = name.trim();
    let (base, arguments) = match name.split_once('(') {
        Some((base, rest)) => (base.trim_end(), rest.trim_end().strip_suffix(')')?),
        None => (name, ""),
    };
    let arguments: Vec<_> = arguments
        .split(',')
        .map(str::trim)
        .filter(|each| !each.is_empty())
        .collect();
    match (base, arguments.as_slice()) {
        ("decimal", [precision, scale]) => decimal(precision.parse().ok()?, scale.parse().ok()?),
        ("time", [unit]) => unit_of(unit).map(DataType::Time),
        ("time", []) => Some(DataType::Time(TimeUnit::Microsecond)),
        ("duration", [unit]) => unit_of(unit).map(DataType::Duration),
        ("duration", []) => Some(DataType::Duration(TimeUnit::Microsecond)),
        ("timestamp", []) => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("timestamp", [unit]) => Some(DataType::Timestamp(unit_of(unit)?, None)),
        ("timestamp", [unit, zone]) => Some(DataType::Timestamp(unit_of(unit)?, Some((*zone).to_owned()))),
        (base, []) => simple(base),
        _ => None,
    }
}

fn simple(name: &str) -> Option<DataType> {
    Some(match name {
        "bool" | "boolean" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" | "int" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" | "float" => DataType::Float64,
        "utf8" | "string" | "text" => DataType::Utf8,
        "large_utf8" => DataType::LargeUtf8,
        "binary" => DataType::Binary,
        "large_binary" => DataType::LargeBinary,
        "date" | "date32" => DataType::Date,
        "date64" => DataType::DateMillis,
        _ => return None,
    })
}

fn decimal(precision: u8, scale: i8) -> Option<DataType> {
    let fits = (1..=38).contains(&precision) && (0..=38).contains(&scale) && scale as u8 <= precision;
    fits.then_some(DataType::Decimal {
        bits: 128,
        precision,
        scale,
    })
}

fn unit_of(name: &str) -> Option<TimeUnit> {
    Some(match name {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    })
}

/// What a script sees and an error shows of a column's type.
pub fn name(field: &Field) -> String {
    let unit = |unit: TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    match &field.data_type {
        DataType::Boolean => "bool".to_owned(),
        DataType::LargeUtf8 => "large_utf8".to_owned(),
        DataType::LargeBinary => "large_binary".to_owned(),
        DataType::Utf8View => "utf8_view".to_owned(),
        DataType::BinaryView => "binary_view".to_owned(),
        DataType::DateMillis => "date64".to_owned(),
        DataType::Decimal { precision, scale, .. } => format!("decimal({precision}, {scale})"),
        DataType::Time(of) => format!("time({})", unit(*of)),
        DataType::Duration(of) => format!("duration({})", unit(*of)),
        DataType::Timestamp(of, None) => format!("timestamp({})", unit(*of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp({}, {zone})", unit(*of)),
        DataType::Dictionary(_) => format!("dictionary of {}", field.value_type()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip() {
        for text in [
            "bool",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float32",
            "float64",
            "utf8",
            "large_utf8",
            "binary",
            "date",
            "date64",
            "decimal(10, 2)",
            "time(ms)",
            "duration(ns)",
            "timestamp(us)",
            "timestamp(ns, Europe/Vienna)",
        ] {
            let data_type = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(name(&Field::new("x", data_type)), text);
        }
        for text in [
            "",
            "number",
            "decimal",
            "decimal(40, 2)",
            "decimal(4, 5)",
            "timestamp(h)",
            "int64(3)",
            "date(",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("timestamp"), parse("timestamp(us)"));
    }
}
