//! What declared types mean in Arrow.

use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, TimeUnit};

/// What SQLite does to values that are put into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By the rules that SQLite publishes: by parts of the declared type, in this order.
    pub fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        match () {
            () if has(&["INT"]) => Self::Integer,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Self::Text,
            () if declared.is_empty() || has(&["BLOB"]) => Self::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Self::Real,
            () => Self::Numeric,
        }
    }
}

/// A column's type by its declaration; none where that says nothing, so that its values have to. Whole numbers are of 64
/// bits whatever is declared, since SQLite does not look at that and people declare `INT` for all.
pub(super) fn arrow_type(declared: &str) -> Option<DataType> {
    let declared = declared.to_ascii_uppercase();
    let (name, arguments) = match declared.split_once('(') {
        Some((name, rest)) => (name, rest.split(')').next().unwrap_or_default()),
        None => (declared.as_str(), ""),
    };
    let zoned = declared.contains("WITH TIME ZONE") || name.trim() == "TIMESTAMPTZ";
    let name = name.trim();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    Some(match name {
        "DATE" => DataType::Date32,
        "TIME" => DataType::Time64(TimeUnit::Microsecond),
        "INTERVAL" | "POINT" => return None,
        _ if zoned => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ if has(&["DATETIME", "TIMESTAMP"]) => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ if has(&["BOOL"]) => DataType::Boolean,
        _ if has(&["DECIMAL", "NUMERIC", "NUMBER"]) => return decimal(arguments),
        _ if has(&["INT"]) && has(&["UNSIGNED"]) && has(&["BIG", "INT8"]) => DataType::UInt64,
        _ if has(&["INT"]) => DataType::Int64,
        _ if has(&["CHAR", "CLOB", "TEXT", "STRING", "JSON", "UUID", "ENUM", "XML"]) => DataType::Utf8,
        _ if has(&["BLOB", "BINARY", "BYTEA", "IMAGE", "RAW"]) => DataType::Binary,
        _ if has(&["REAL", "FLOA", "DOUB"]) => DataType::Float64,
        _ => return None,
    })
}

fn decimal(arguments: &str) -> Option<DataType> {
    let mut arguments = arguments.split(',').map(str::trim);
    let precision: u8 = arguments.next()?.parse().ok()?;
    let scale: i8 = match arguments.next() {
        Some(scale) => scale.parse().ok()?,
        None => 0,
    };
    let sensible = (1..=DECIMAL256_MAX_PRECISION).contains(&precision) && (0..=precision as i8).contains(&scale);
    Some(match (sensible, precision) {
        (false, _) => DataType::Utf8,
        (true, ..=38) => DataType::Decimal128(precision, scale),
        (true, _) => DataType::Decimal256(precision, scale),
    })
}

/// The type that a column of a new table is declared with; none where SQLite has none and there is no text for it.
///
/// Decimals of more than 15 digits are kept as text, which the word `TEXT` in the type makes SQLite do: it would keep
/// them as floating point numbers.
pub(super) fn declared_type(arrow: &DataType) -> Option<String> {
    use DataType as D;
    Some(match arrow {
        D::Boolean => "BOOLEAN".to_owned(),
        D::Int8 | D::Int16 | D::UInt8 => "SMALLINT".to_owned(),
        D::Int32 | D::UInt16 => "INT".to_owned(),
        D::Int64 | D::UInt32 => "BIGINT".to_owned(),
        D::UInt64 => "BIGINT UNSIGNED".to_owned(),
        D::Float16 | D::Float32 => "FLOAT".to_owned(),
        D::Float64 => "DOUBLE".to_owned(),
        D::Decimal32(precision, scale)
        | D::Decimal64(precision, scale)
        | D::Decimal128(precision, scale)
        | D::Decimal256(precision, scale) => match (precision, scale) {
            (_, ..0) => "TEXT".to_owned(),
            (..=15, _) => format!("DECIMAL({precision},{scale})"),
            _ => format!("DECIMAL_TEXT({precision},{scale})"),
        },
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => "BLOB".to_owned(),
        D::Date32 | D::Date64 => "DATE".to_owned(),
        D::Time32(_) | D::Time64(_) => "TIME".to_owned(),
        D::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        D::Timestamp(_, Some(_)) => "TIMESTAMPTZ".to_owned(),
        D::Dictionary(_, values) => declared_type(values)?,
        D::Utf8
        | D::LargeUtf8
        | D::Utf8View
        | D::Null
        | D::Duration(_)
        | D::Interval(_)
        | D::List(_)
        | D::LargeList(_)
        | D::FixedSizeList(..)
        | D::ListView(_)
        | D::LargeListView(_)
        | D::Struct(_)
        | D::Map(..) => "TEXT".to_owned(),
        D::Union(..) | D::RunEndEncoded(..) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_understood() {
        let timestamp = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        for (declared, expected) in [
            ("INTEGER", Some(DataType::Int64)),
            ("bigint unsigned", Some(DataType::UInt64)),
            ("varchar(40)", Some(DataType::Utf8)),
            ("DECIMAL(12,2)", Some(DataType::Decimal128(12, 2))),
            ("DECIMAL_TEXT(38, 10)", Some(DataType::Decimal128(38, 10))),
            ("numeric(60,5)", Some(DataType::Decimal256(60, 5))),
            ("numeric", None),
            ("", None),
            ("datetime", Some(timestamp(None))),
            ("timestamp(6) with time zone", Some(timestamp(Some("UTC")))),
            ("DOUBLE PRECISION", Some(DataType::Float64)),
        ] {
            assert_eq!(arrow_type(declared), expected, "{declared}");
        }
        assert_eq!(Affinity::of("DECIMAL_TEXT(38,10)"), Affinity::Text);
        assert_eq!(Affinity::of("DECIMAL(10)"), Affinity::Numeric);
    }
}
