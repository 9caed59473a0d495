//! Types of SQL Server, and what they are in Arrow.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, TimeUnit};

use crate::DescribedColumn;
use crate::generic::CAST;

/// A column of a result, from its name and its type as the server writes it.
pub(crate) fn column(name: &str, kind: &str) -> (Field, DescribedColumn) {
    let (data_type, cast, note) = mapped(kind);
    let mut field = Field::new(name, data_type, true);
    if let Some(cast) = cast {
        field = field.with_metadata(HashMap::from([(CAST.to_owned(), cast.to_owned())]));
    }
    let described = DescribedColumn {
        name: name.to_owned(),
        database_type: kind.to_owned(),
        note: note.map(str::to_owned),
    };
    (field, described)
}

/// The Arrow type, what the server has to cast to for it, and what is to be known of that.
fn mapped(kind: &str) -> (DataType, Option<&'static str>, Option<&'static str>) {
    let lower = kind.to_lowercase();
    let (name, arguments) = lower.split_once('(').unwrap_or((&lower, ""));
    let mut arguments = arguments
        .trim_end_matches(')')
        .split(',')
        .map(|argument| argument.trim().parse::<u8>().ok());
    let (first, second) = (arguments.next().flatten(), arguments.next().flatten());
    // Seven digits are a tenth of a microsecond.
    let unit = if first.unwrap_or(7) > 6 {
        TimeUnit::Nanosecond
    } else {
        TimeUnit::Microsecond
    };
    let plain = |data_type| (data_type, None, None);
    match name.trim() {
        "bit" => plain(DataType::Boolean),
        "tinyint" => plain(DataType::UInt8),
        "smallint" => plain(DataType::Int16),
        "int" => plain(DataType::Int32),
        "bigint" => plain(DataType::Int64),
        "real" => plain(DataType::Float32),
        "float" => plain(DataType::Float64),
        "decimal" | "numeric" => plain(DataType::Decimal128(first.unwrap_or(18), second.unwrap_or(0) as i8)),
        // The protocol's library would make floats of them.
        "money" => (DataType::Decimal128(19, 4), Some("decimal(19,4)"), None),
        "smallmoney" => (DataType::Decimal128(10, 4), Some("decimal(10,4)"), None),
        "date" => plain(DataType::Date32),
        "time" => plain(DataType::Time64(unit)),
        "datetime" | "smalldatetime" => plain(DataType::Timestamp(TimeUnit::Microsecond, None)),
        "datetime2" => plain(DataType::Timestamp(unit, None)),
        "datetimeoffset" => {
            let note = "read as a moment in UTC; the offset is lost";
            (DataType::Timestamp(unit, Some("UTC".into())), None, Some(note))
        }
        "char" | "varchar" | "nchar" | "nvarchar" | "text" | "ntext" | "sysname" => plain(DataType::Utf8),
        "binary" | "varbinary" | "image" | "timestamp" | "rowversion" => plain(DataType::Binary),
        "uniqueidentifier" => (DataType::Utf8, None, Some("read as text: Arrow has no such type")),
        // XML, variants, geometry and other types that only databases have are read by their own text.
        _ => (
            DataType::Utf8,
            Some("nvarchar(max)"),
            Some("read as text: Arrow has no such type"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_keep_what_they_hold() {
        let of = |kind: &str| mapped(kind).0;
        assert_eq!(of("decimal(12,2)"), DataType::Decimal128(12, 2));
        assert_eq!(of("tinyint"), DataType::UInt8);
        assert_eq!(of("datetime2(3)"), DataType::Timestamp(TimeUnit::Microsecond, None));
        assert_eq!(of("datetime2(7)"), DataType::Timestamp(TimeUnit::Nanosecond, None));
        assert_eq!(
            of("datetimeoffset(0)"),
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        );
        assert_eq!(of("nvarchar(max)"), DataType::Utf8);
        assert_eq!(of("rowversion"), DataType::Binary);
        assert_eq!(
            mapped("money"),
            (DataType::Decimal128(19, 4), Some("decimal(19,4)"), None)
        );
        assert_eq!(mapped("sql_variant").1, Some("nvarchar(max)"));
        let (field, described) = column("x", "xml");
        assert_eq!(field.metadata().get(CAST).map(String::as_str), Some("nvarchar(max)"));
        assert!(described.note.is_some());
    }
}
