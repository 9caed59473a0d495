//! Format strings of the Arrow C data interface.

use std::borrow::Cow;
use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::timezone::Tz;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, validate_decimal_precision_and_scale,
};
use arrow_schema::{ArrowError, DataType, IntervalUnit, TimeUnit, UnionMode};

use crate::error::{Error, shown};

/// What a format string says: a whole type, or a type that still needs its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    Leaf(DataType),
    List,
    LargeList,
    ListView,
    LargeListView,
    FixedSizeList(i32),
    Struct,
    Map,
    Union(UnionMode, Vec<i8>),
    RunEndEncoded,
}

/// The format string of a type; of a dictionary, that of its indices.
pub(crate) fn print(data_type: &DataType) -> Cow<'static, str> {
    let fixed = match data_type {
        DataType::Null => "n",
        DataType::Boolean => "b",
        DataType::Int8 => "c",
        DataType::UInt8 => "C",
        DataType::Int16 => "s",
        DataType::UInt16 => "S",
        DataType::Int32 => "i",
        DataType::UInt32 => "I",
        DataType::Int64 => "l",
        DataType::UInt64 => "L",
        DataType::Float16 => "e",
        DataType::Float32 => "f",
        DataType::Float64 => "g",
        DataType::Binary => "z",
        DataType::LargeBinary => "Z",
        DataType::BinaryView => "vz",
        DataType::Utf8 => "u",
        DataType::LargeUtf8 => "U",
        DataType::Utf8View => "vu",
        DataType::Date32 => "tdD",
        DataType::Date64 => "tdm",
        DataType::Interval(IntervalUnit::YearMonth) => "tiM",
        DataType::Interval(IntervalUnit::DayTime) => "tiD",
        DataType::Interval(IntervalUnit::MonthDayNano) => "tin",
        DataType::List(_) => "+l",
        DataType::LargeList(_) => "+L",
        DataType::ListView(_) => "+vl",
        DataType::LargeListView(_) => "+vL",
        DataType::Struct(_) => "+s",
        DataType::Map(..) => "+m",
        DataType::RunEndEncoded(..) => "+r",
        DataType::Time32(unit) | DataType::Time64(unit) => return format!("tt{}", unit_letter(*unit)).into(),
        DataType::Duration(unit) => return format!("tD{}", unit_letter(*unit)).into(),
        DataType::Timestamp(unit, zone) => {
            return format!("ts{}:{}", unit_letter(*unit), zone.as_deref().unwrap_or_default()).into();
        }
        DataType::Decimal32(precision, scale) => return format!("d:{precision},{scale},32").into(),
        DataType::Decimal64(precision, scale) => return format!("d:{precision},{scale},64").into(),
        DataType::Decimal128(precision, scale) => return format!("d:{precision},{scale}").into(),
        DataType::Decimal256(precision, scale) => return format!("d:{precision},{scale},256").into(),
        DataType::FixedSizeBinary(width) => return format!("w:{width}").into(),
        DataType::FixedSizeList(_, size) => return format!("+w:{size}").into(),
        DataType::Union(fields, mode) => {
            let mut format = String::from(if *mode == UnionMode::Dense { "+ud:" } else { "+us:" });
            for (position, (id, _)) in fields.iter().enumerate() {
                let comma = if position == 0 { "" } else { "," };
                // Writing to a string can't fail.
                let _ = write!(format, "{comma}{id}");
            }
            return format.into();
        }
        DataType::Dictionary(indices, _) => return print(indices),
    };
    Cow::Borrowed(fixed)
}

/// Reads a format string.
pub(crate) fn parse(format: &str) -> Result<Format, Error> {
    let leaf = match format {
        "n" => DataType::Null,
        "b" => DataType::Boolean,
        "c" => DataType::Int8,
        "C" => DataType::UInt8,
        "s" => DataType::Int16,
        "S" => DataType::UInt16,
        "i" => DataType::Int32,
        "I" => DataType::UInt32,
        "l" => DataType::Int64,
        "L" => DataType::UInt64,
        "e" => DataType::Float16,
        "f" => DataType::Float32,
        "g" => DataType::Float64,
        "z" => DataType::Binary,
        "Z" => DataType::LargeBinary,
        "vz" => DataType::BinaryView,
        "u" => DataType::Utf8,
        "U" => DataType::LargeUtf8,
        "vu" => DataType::Utf8View,
        "tdD" => DataType::Date32,
        "tdm" => DataType::Date64,
        "tts" => DataType::Time32(TimeUnit::Second),
        "ttm" => DataType::Time32(TimeUnit::Millisecond),
        "ttu" => DataType::Time64(TimeUnit::Microsecond),
        "ttn" => DataType::Time64(TimeUnit::Nanosecond),
        "tDs" => DataType::Duration(TimeUnit::Second),
        "tDm" => DataType::Duration(TimeUnit::Millisecond),
        "tDu" => DataType::Duration(TimeUnit::Microsecond),
        "tDn" => DataType::Duration(TimeUnit::Nanosecond),
        "tiM" => DataType::Interval(IntervalUnit::YearMonth),
        "tiD" => DataType::Interval(IntervalUnit::DayTime),
        "tin" => DataType::Interval(IntervalUnit::MonthDayNano),
        "+l" => return Ok(Format::List),
        "+L" => return Ok(Format::LargeList),
        "+vl" => return Ok(Format::ListView),
        "+vL" => return Ok(Format::LargeListView),
        "+s" => return Ok(Format::Struct),
        "+m" => return Ok(Format::Map),
        "+r" => return Ok(Format::RunEndEncoded),
        _ => return parse_with_arguments(format),
    };
    Ok(Format::Leaf(leaf))
}

fn parse_with_arguments(format: &str) -> Result<Format, Error> {
    let unknown = || {
        Error::schema(
            "a format string of the Arrow C data interface, such as `l` or `u`",
            format!("`{}`", shown(format)),
        )
    };
    let (kind, arguments) = format.split_once(':').ok_or_else(unknown)?;
    let leaf = match kind {
        "d" => decimal(arguments)?,
        "w" => DataType::FixedSizeBinary(width(arguments)?),
        "tss" => timestamp(TimeUnit::Second, arguments)?,
        "tsm" => timestamp(TimeUnit::Millisecond, arguments)?,
        "tsu" => timestamp(TimeUnit::Microsecond, arguments)?,
        "tsn" => timestamp(TimeUnit::Nanosecond, arguments)?,
        "+w" => return Ok(Format::FixedSizeList(width(arguments)?)),
        "+us" => return Ok(Format::Union(UnionMode::Sparse, type_ids(arguments)?)),
        "+ud" => return Ok(Format::Union(UnionMode::Dense, type_ids(arguments)?)),
        _ => return Err(unknown()),
    };
    Ok(Format::Leaf(leaf))
}

fn decimal(arguments: &str) -> Result<DataType, Error> {
    let wrong = || {
        let expected = "a decimal as `d:precision,scale`, with `,32`, `,64`, `,128` or `,256` for its width in bits";
        Error::schema(expected, format!("`d:{}`", shown(arguments)))
    };
    let mut parts = arguments.split(',');
    let precision: u8 = parts.next().and_then(number).ok_or_else(wrong)?;
    let scale: i8 = parts.next().and_then(number).ok_or_else(wrong)?;
    let bits = parts.next().unwrap_or("128");
    if parts.next().is_some() {
        return Err(wrong());
    }
    match bits {
        "32" => decimal_of::<Decimal32Type>(precision, scale),
        "64" => decimal_of::<Decimal64Type>(precision, scale),
        "128" => decimal_of::<Decimal128Type>(precision, scale),
        "256" => decimal_of::<Decimal256Type>(precision, scale),
        _ => Err(wrong()),
    }
}

fn decimal_of<T: DecimalType>(precision: u8, scale: i8) -> Result<DataType, Error> {
    let expected = || {
        let (precision, scale) = (T::MAX_PRECISION, T::MAX_SCALE);
        format!(
            "a {} with a precision of 1 to {precision} and a scale of -{scale} to its precision",
            T::PREFIX
        )
    };
    let got = || format!("precision {precision}, scale {scale}");
    if scale < -T::MAX_SCALE {
        return Err(Error::schema(expected(), got()));
    }
    validate_decimal_precision_and_scale::<T>(precision, scale)
        .map_err(|_: ArrowError| Error::schema(expected(), got()))?;
    Ok(T::TYPE_CONSTRUCTOR(precision, scale))
}

fn timestamp(unit: TimeUnit, zone: &str) -> Result<DataType, Error> {
    if zone.is_empty() {
        return Ok(DataType::Timestamp(unit, None));
    }
    if !is_time_zone(zone) {
        let expected = "a time zone such as `UTC`, `Europe/Paris` or `+02:00`";
        return Err(Error::schema(expected, format!("`{}`", shown(zone))));
    }
    Ok(DataType::Timestamp(unit, Some(Arc::from(zone))))
}

/// Within a guest every zone will do: it comes from the host, and the names would be larger than most guests.
fn is_time_zone(zone: &str) -> bool {
    cfg!(target_family = "wasm") || Tz::from_str(zone).is_ok()
}

fn width(argument: &str) -> Result<i32, Error> {
    number::<i32>(argument).filter(|width| *width >= 0).ok_or_else(|| {
        Error::schema(
            format!("a width from 0 to {}", i32::MAX),
            format!("`{}`", shown(argument)),
        )
    })
}

fn type_ids(arguments: &str) -> Result<Vec<i8>, Error> {
    let mut ids: Vec<i8> = Vec::new();
    if arguments.is_empty() {
        return Ok(ids);
    }
    for part in arguments.split(',') {
        let id = number::<i8>(part)
            .filter(|id| *id >= 0 && !ids.contains(id))
            .ok_or_else(|| {
                Error::schema(
                    "distinct union type ids from 0 to 127",
                    format!("`{}`", shown(arguments)),
                )
            })?;
        ids.push(id);
    }
    Ok(ids)
}

/// A decimal number in plain notation: digits, perhaps after a minus.
fn number<N: FromStr>(text: &str) -> Option<N> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn unit_letter(unit: TimeUnit) -> char {
    match unit {
        TimeUnit::Second => 's',
        TimeUnit::Millisecond => 'm',
        TimeUnit::Microsecond => 'u',
        TimeUnit::Nanosecond => 'n',
    }
}
