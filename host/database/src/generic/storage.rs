//! What a column of rows is stored as: its type in SQL, and the Arrow type that its values are sent in.

use arrow::array::cast::AsArray;
use arrow::array::types::{
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use std::sync::Arc;

use super::Dbms;
use super::arrow_value::value_at;
use super::instants::{date, time, timestamp};
use super::json::json;
use crate::Value;

const MICROSECONDS: TimeUnit = TimeUnit::Microsecond;

/// The Arrow type in which values of a type are sent. Where there is none: why, and what to do.
pub(crate) fn sent(dbms: Dbms, data_type: &DataType) -> Result<DataType, String> {
    let sent = match data_type {
        DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64 => data_type.clone(),
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => DataType::Decimal128(*precision, *scale),
        // The database parses large decimals, and takes nested values as JSON.
        DataType::Decimal256(_, _)
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Null
        | DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(_, _)
        | DataType::Struct(_)
        | DataType::Map(_, _) => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(MICROSECONDS),
        DataType::Timestamp(_, Some(_)) if zoned(dbms) => DataType::Timestamp(MICROSECONDS, Some("UTC".into())),
        DataType::Timestamp(_, _) => DataType::Timestamp(MICROSECONDS, None),
        DataType::Dictionary(_, values) => return sent(dbms, values),
        other => {
            return Err(format!(
                "a database column of the type {other} is not written by this connector; cast it first, to text or a number"
            ));
        }
    };
    let exact_only = matches!(sent, DataType::Decimal128(_, _) | DataType::Date32)
        || matches!(sent, DataType::Time64(_) | DataType::Timestamp(_, _));
    // SQLite would make floats of decimals, and has texts for dates and times.
    Ok(if dbms == Dbms::Sqlite && exact_only {
        DataType::Utf8
    } else {
        sent
    })
}

/// Whether there is a type for moments. Elsewhere they are stored in UTC.
fn zoned(dbms: Dbms) -> bool {
    matches!(dbms, Dbms::Postgres | Dbms::Mssql | Dbms::Duckdb)
}

/// The type in SQL of a column with values of a type, as they come; of one by which rows are told apart where `key`.
pub(crate) fn sql_type(dbms: Dbms, data_type: &DataType, key: bool) -> String {
    let text = match (dbms, data_type) {
        (_, DataType::Dictionary(_, values)) => return sql_type(dbms, values, key),
        (Dbms::Sqlite, _) => return sqlite_type(data_type).to_owned(),
        (Dbms::Mssql, DataType::Boolean) => "bit",
        (Dbms::Mysql, DataType::Boolean) => "tinyint(1)",
        (_, DataType::Boolean) => "boolean",
        (_, DataType::Int8 | DataType::Int16 | DataType::UInt8) => "smallint",
        (_, DataType::Int32 | DataType::UInt16) => "integer",
        (_, DataType::Int64 | DataType::UInt32) => "bigint",
        (_, DataType::UInt64) => "decimal(20,0)",
        (Dbms::Mysql, DataType::Float16 | DataType::Float32) => "float",
        (_, DataType::Float16 | DataType::Float32) => "real",
        (Dbms::Mssql, DataType::Float64) => "float(53)",
        (_, DataType::Float64) => "double precision",
        (
            _,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale),
        ) => {
            // A scale below zero is not everyone's.
            let (whole, scale) = (i16::from(*precision) - i16::from((*scale).min(0)), (*scale).max(0));
            return format!("decimal({whole},{scale})");
        }
        (_, DataType::Date32 | DataType::Date64) => "date",
        (Dbms::Duckdb, DataType::Time32(_) | DataType::Time64(_)) => "time",
        (_, DataType::Time32(_) | DataType::Time64(_)) => "time(6)",
        (Dbms::Postgres, DataType::Timestamp(_, Some(_))) => "timestamp with time zone",
        (Dbms::Duckdb, DataType::Timestamp(_, Some(_))) => "timestamptz",
        (Dbms::Mssql, DataType::Timestamp(_, Some(_))) => "datetimeoffset(6)",
        (Dbms::Mssql, DataType::Timestamp(_, None)) => "datetime2(6)",
        (Dbms::Mysql, DataType::Timestamp(_, _)) => "datetime(6)",
        (Dbms::Duckdb, DataType::Timestamp(_, None)) => "timestamp",
        (_, DataType::Timestamp(_, _)) => "timestamp(6)",
        (_, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)) => {
            binary_type(dbms, key)
        }
        _ => text_type(dbms, key),
    };
    text.to_owned()
}

fn binary_type(dbms: Dbms, key: bool) -> &'static str {
    match dbms {
        Dbms::Postgres => "bytea",
        Dbms::Mysql if key => "varbinary(255)",
        Dbms::Mysql => "longblob",
        Dbms::Mssql if key => "varbinary(450)",
        Dbms::Mssql => "varbinary(max)",
        Dbms::Duckdb | Dbms::Sqlite => "blob",
        Dbms::Standard => "varbinary(4000)",
    }
}

fn text_type(dbms: Dbms, key: bool) -> &'static str {
    match dbms {
        Dbms::Mysql if key => "varchar(255)",
        Dbms::Mysql => "longtext",
        Dbms::Mssql if key => "nvarchar(450)",
        Dbms::Mssql => "nvarchar(max)",
        Dbms::Duckdb => "varchar",
        Dbms::Postgres | Dbms::Sqlite => "text",
        Dbms::Standard => "varchar(4000)",
    }
}

/// Names that say what is stored, chosen so that SQLite stores it as it comes.
fn sqlite_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "double",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(_, _) => "timestamp",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "blob",
        DataType::UInt64 => "text",
        kind if kind.is_integer() => "bigint",
        _ => "text",
    }
}

/// Values, in the type that they are sent in. Where one does not fit: which, and what to do.
pub(crate) fn converted(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), to) {
        (DataType::Dictionary(_, values), _) => converted(&cast(array, values)?, to),
        (from, DataType::Utf8) if from.is_nested() => {
            let texts = json(array).map_err(|error| error.to_string())?;
            Ok(Arc::new(texts))
        }
        (from, DataType::Utf8) if from.is_temporal() => written(array),
        (DataType::Timestamp(TimeUnit::Nanosecond, _), DataType::Timestamp(_, _)) => {
            let whole = array
                .as_primitive::<TimestampNanosecondType>()
                .iter()
                .flatten()
                .all(|value| value % 1_000 == 0);
            if whole { moments(array, to) } else { Err(too_fine()) }
        }
        (DataType::Timestamp(_, _), DataType::Timestamp(_, _)) => moments(array, to),
        (DataType::Time64(TimeUnit::Nanosecond), DataType::Time64(MICROSECONDS)) => {
            let values = array.as_primitive::<Time64NanosecondType>();
            if values.iter().flatten().any(|value| value % 1_000 != 0) {
                return Err(too_fine());
            }
            Ok(Arc::new(
                values.unary::<_, Time64MicrosecondType>(|value| value / 1_000),
            ))
        }
        _ => cast(array, to),
    }
}

fn moments(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let zone = match to {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    // Both as moments in UTC, so that no zone is taken for another.
    let utc = cast(array, &DataType::Timestamp(MICROSECONDS, own_zone(array)))?;
    let moments = utc.as_primitive::<TimestampMicrosecondType>().clone();
    Ok(Arc::new(moments.with_timezone_opt(zone)))
}

fn own_zone(array: &ArrayRef) -> Option<Arc<str>> {
    match array.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    }
}

fn too_fine() -> String {
    "a value has nanoseconds, and the database keeps microseconds; round the column first".to_owned()
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &options).map_err(|error| error.to_string())
}

/// Dates and times as SQL writes them.
fn written(array: &ArrayRef) -> Result<ArrayRef, String> {
    let text = |row| -> Result<Option<String>, String> {
        let text = match value_at(array, row) {
            None => return Ok(None),
            Some(Value::Date(days)) => date(days),
            Some(Value::Time(nanoseconds)) => time(nanoseconds, 6),
            Some(Value::Timestamp(nanoseconds) | Value::Instant(nanoseconds)) => timestamp(nanoseconds, 6),
            Some(_) => None,
        };
        text.map(Some).ok_or_else(|| {
            "a value is finer than microseconds, or not between the years 1 and 9999; round it or cast it to text"
                .to_owned()
        })
    };
    let texts: StringArray = (0..array.len()).map(text).collect::<Result<_, _>>()?;
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, TimestampNanosecondArray, TimestampSecondArray, UInt64Array};

    use super::*;

    #[test]
    fn every_kind_has_its_types() {
        let names = |dbms| {
            [
                DataType::UInt64,
                DataType::Float64,
                DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
                DataType::Utf8,
                DataType::Binary,
            ]
            .map(|data_type| sql_type(dbms, &data_type, false))
        };
        assert_eq!(
            names(Dbms::Postgres),
            [
                "decimal(20,0)",
                "double precision",
                "timestamp with time zone",
                "text",
                "bytea"
            ]
        );
        assert_eq!(
            names(Dbms::Mssql),
            [
                "decimal(20,0)",
                "float(53)",
                "datetimeoffset(6)",
                "nvarchar(max)",
                "varbinary(max)"
            ]
        );
        assert_eq!(sql_type(Dbms::Mysql, &DataType::Utf8, true), "varchar(255)");
        assert_eq!(
            sql_type(Dbms::Postgres, &DataType::Decimal128(5, -2), false),
            "decimal(7,0)"
        );
    }

    #[test]
    fn nothing_is_cut() {
        let fine: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_001]));
        let to = DataType::Timestamp(MICROSECONDS, None);
        assert!(
            converted(&fine, &to)
                .expect_err("it is too fine")
                .contains("nanoseconds")
        );
        let zoned: ArrayRef = Arc::new(TimestampSecondArray::from(vec![60]).with_timezone("+02:00"));
        let plain = converted(&zoned, &to).expect("it fits");
        assert_eq!(plain.as_primitive::<TimestampMicrosecondType>().value(0), 60_000_000);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![0]));
        let text = converted(&days, &DataType::Utf8).expect("it fits");
        assert_eq!(text.as_string::<i32>().value(0), "1970-01-01");
        let large: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let decimal = converted(&large, &DataType::Decimal128(20, 0)).expect("it fits");
        assert_eq!(value_at(&decimal, 0), Some(Value::Decimal(u64::MAX.to_string())));
    }
}
