//! What columns of rows are in Redshift, and in which form they are sent there.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};

use super::super::write::encode::json_text;

/// Bytes of a text at most.
const TEXT_BYTES: usize = 65_535;
/// Digits of a number at most.
pub(super) const DIGITS: u8 = 38;
const MICROSECONDS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// How a column is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// The type in Arrow in which it is sent.
    pub sent: DataType,
    /// The type of its column of the staging table.
    pub staging: String,
    /// The type that it has in a table that is made.
    pub declared: String,
}

/// How a column of a type is sent. Where it can't be: why, and what to do.
pub(super) fn kind(data_type: &DataType) -> Result<Kind, String> {
    let plain = |sent: DataType, name: &str| Kind {
        sent,
        staging: name.to_owned(),
        declared: name.to_owned(),
    };
    let text = |declared: &str| Kind {
        sent: DataType::Utf8,
        staging: "varchar(65535)".to_owned(),
        declared: declared.to_owned(),
    };
    Ok(match data_type {
        DataType::Boolean => plain(DataType::Boolean, "boolean"),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => plain(DataType::Int16, "smallint"),
        DataType::UInt16 | DataType::Int32 => plain(DataType::Int32, "integer"),
        DataType::UInt32 | DataType::Int64 => plain(DataType::Int64, "bigint"),
        DataType::UInt64 => decimal(20, 0)?,
        DataType::Float16 | DataType::Float32 => plain(DataType::Float32, "real"),
        DataType::Float64 => plain(DataType::Float64, "double precision"),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => decimal(*precision, *scale)?,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => text("varchar(65535)"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            plain(DataType::Binary, "varbyte(1024000)")
        }
        DataType::Date32 | DataType::Date64 => plain(DataType::Date32, "date"),
        // COPY knows no times of day in Parquet.
        DataType::Time32(_) | DataType::Time64(_) => text("time"),
        DataType::Timestamp(_, None) => plain(MICROSECONDS, "timestamp"),
        DataType::Timestamp(_, Some(_)) => Kind {
            declared: "timestamptz".to_owned(),
            ..plain(MICROSECONDS, "timestamp")
        },
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(_, _)
        | DataType::Struct(_)
        | DataType::Map(_, _) => text("super"),
        DataType::Dictionary(_, values) => kind(values)?,
        other => {
            return Err(format!(
                "a column of the type {other} has no counterpart in Redshift; cast it first, to text or a number"
            ));
        }
    })
}

/// Sent with all digits that there may be, since COPY does not take the forms that Parquet has for fewer.
fn decimal(precision: u8, scale: i8) -> Result<Kind, String> {
    let whole = i16::from(precision) - i16::from(scale.min(0));
    let scale = scale.max(0);
    if whole > i16::from(DIGITS) {
        return Err(format!(
            "a number of {whole} digits does not fit the {DIGITS} that Redshift keeps; cast it first"
        ));
    }
    Ok(Kind {
        sent: DataType::Decimal128(DIGITS, scale),
        staging: format!("numeric({DIGITS},{scale})"),
        declared: format!("numeric({whole},{scale})"),
    })
}

/// Values in the form that they are sent in. Where one does not fit: why.
pub(super) fn converted(array: &ArrayRef, sent: &DataType) -> Result<ArrayRef, String> {
    let array = match array.data_type() {
        DataType::Dictionary(_, values) => &cast(array, values)?,
        _ => array,
    };
    let converted = match (array.data_type(), sent) {
        (from, DataType::Utf8) if from.is_nested() => Arc::new(json_text(array)?) as ArrayRef,
        (DataType::Time32(_) | DataType::Time64(_), DataType::Utf8) => times(array)?,
        (DataType::Timestamp(unit, _), DataType::Timestamp(..)) => {
            if *unit == TimeUnit::Nanosecond {
                let values = array.as_primitive::<TimestampNanosecondType>();
                whole(values.iter().flatten())?;
            }
            // Without a zone they are in UTC.
            let zone = match array.data_type() {
                DataType::Timestamp(_, zone) => zone.clone(),
                _ => None,
            };
            let moments = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
            let moments = moments.as_primitive::<TimestampMicrosecondType>().clone();
            Arc::new(moments.with_timezone_opt(None::<Arc<str>>))
        }
        _ => cast(array, sent)?,
    };
    match sent {
        DataType::Utf8 => check_text(converted.as_string::<i32>())?,
        DataType::Binary if array.data_type() != sent || !array.is_empty() => {
            let values = converted.as_binary::<i32>();
            if let Some(longest) = values
                .iter()
                .flatten()
                .map(<[u8]>::len)
                .max()
                .filter(|bytes| *bytes > 1_024_000)
            {
                return Err(format!(
                    "a value has {longest} bytes, and is sent with 1,024,000 at most"
                ));
            }
        }
        _ => {}
    }
    Ok(converted)
}

/// Values that were sent, in the type that they had before; as they are where that is not possible.
pub(super) fn restored(array: &ArrayRef, data_type: &DataType) -> ArrayRef {
    if let (DataType::Timestamp(_, None), DataType::Timestamp(_, Some(zone))) = (array.data_type(), data_type)
        && let Ok(moments) = cast(array, &MICROSECONDS)
    {
        let moments = moments.as_primitive::<TimestampMicrosecondType>().clone();
        let moments: ArrayRef = Arc::new(moments.with_timezone(Arc::clone(zone)));
        return cast(&moments, data_type).unwrap_or(moments);
    }
    cast(array, data_type).unwrap_or_else(|_| Arc::clone(array))
}

fn check_text(texts: &StringArray) -> Result<(), String> {
    for text in texts.iter().flatten() {
        if text.len() > TEXT_BYTES {
            return Err(format!(
                "a text has {} bytes, and Redshift keeps 65,535 at most",
                text.len()
            ));
        }
        if text.contains('\0') {
            return Err("a text holds a NUL character, which Redshift's text cannot".to_owned());
        }
    }
    Ok(())
}

/// Times of day as SQL writes them.
fn times(array: &ArrayRef) -> Result<ArrayRef, String> {
    if let DataType::Time64(TimeUnit::Nanosecond) = array.data_type() {
        whole(
            array
                .as_primitive::<arrow::datatypes::Time64NanosecondType>()
                .iter()
                .flatten(),
        )?;
    }
    let times = cast(array, &DataType::Time64(TimeUnit::Microsecond))?;
    let text = |time: i64| {
        let seconds = time / 1_000_000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{hour:02}:{minute:02}:{second:02}.{:06}", time % 1_000_000)
    };
    let times = times.as_primitive::<Time64MicrosecondType>();
    let texts: StringArray = times.iter().map(|time| time.map(text)).collect();
    Ok(Arc::new(texts))
}

fn whole(mut nanoseconds: impl Iterator<Item = i64>) -> Result<(), String> {
    match nanoseconds.find(|value| value % 1_000 != 0) {
        Some(_) => Err("a value has nanoseconds, and Redshift keeps microseconds; round the column first".to_owned()),
        None => Ok(()),
    }
}

fn cast(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, String> {
    if array.data_type() == data_type {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, data_type, &options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Time64NanosecondArray, TimestampNanosecondArray, TimestampSecondArray};

    use super::*;

    #[test]
    fn numbers_have_one_form() {
        let decimal = kind(&DataType::Decimal128(12, 2)).expect("it fits");
        assert_eq!(
            (decimal.sent, decimal.staging.as_str()),
            (DataType::Decimal128(38, 2), "numeric(38,2)")
        );
        assert_eq!(decimal.declared, "numeric(12,2)");
        assert_eq!(kind(&DataType::UInt64).expect("it fits").declared, "numeric(20,0)");
        assert!(kind(&DataType::Decimal256(50, 2)).is_err());
        assert!(kind(&DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano)).is_err());
    }

    #[test]
    fn nothing_is_cut() {
        let fine: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_001]));
        assert!(converted(&fine, &MICROSECONDS).is_err());
        let zoned: ArrayRef = Arc::new(TimestampSecondArray::from(vec![60]).with_timezone("+02:00"));
        let sent = converted(&zoned, &MICROSECONDS).expect("it fits");
        assert_eq!(sent.as_primitive::<TimestampMicrosecondType>().value(0), 60_000_000);
        assert_eq!(&restored(&sent, zoned.data_type()), &zoned);
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(65_536)]));
        assert!(converted(&long, &DataType::Utf8).is_err());
        let time: ArrayRef = Arc::new(Time64NanosecondArray::from(vec![3_661_000_001_000]));
        let text = converted(&time, &DataType::Utf8).expect("it fits");
        assert_eq!(text.as_string::<i32>().value(0), "01:01:01.000001");
    }
}
