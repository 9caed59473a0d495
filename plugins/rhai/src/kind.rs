//! Which values a column of a type holds, and what of a script's value it takes.

use rhai::{Blob, Dynamic, ImmutableString};
use rust_decimal::Decimal;
use tenon::{DataType, Field, TimeUnit};

use crate::clock::{self, Date, Timestamp};
use crate::exact;

/// What a column's values are to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Integer { width: usize, signed: bool },
    Float { width: usize },
    Decimal { width: usize, precision: u8, scale: i8 },
    Text,
    Bytes,
    FixedBytes(u32),
    Date,
    DateMillis,
    Time { width: usize, unit: TimeUnit },
    Timestamp { unit: TimeUnit, zoned: bool },
    Duration,
}

/// A value as a column stores it.
pub enum Value {
    Null,
    Boolean(bool),
    /// Its lowest bytes are the value.
    Narrow(i64),
    Wide(i128),
    Text(ImmutableString),
    Bytes(Blob),
}

impl Kind {
    /// Of a column; `None` for those that a script can only pass on.
    pub fn of(field: &Field) -> Option<Self> {
        let integer = |width, signed| Self::Integer { width, signed };
        Some(match field.value_type() {
            text if text.is_text() => Self::Text,
            bytes if bytes.is_binary() => Self::Bytes,
            // Of a dictionary only text and bytes are read.
            _ if matches!(field.data_type, DataType::Dictionary(_)) => return None,
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => integer(1, true),
            DataType::Int16 => integer(2, true),
            DataType::Int32 => integer(4, true),
            DataType::Int64 => integer(8, true),
            DataType::UInt8 => integer(1, false),
            DataType::UInt16 => integer(2, false),
            DataType::UInt32 => integer(4, false),
            DataType::UInt64 => integer(8, false),
            DataType::Float32 => Self::Float { width: 4 },
            DataType::Float64 => Self::Float { width: 8 },
            DataType::Decimal { bits, precision, scale } if *bits <= 128 => {
                let (width, precision, scale) = (usize::from(*bits / 8), *precision, *scale);
                Self::Decimal {
                    width,
                    precision,
                    scale,
                }
            }
            DataType::FixedSizeBinary(width) => Self::FixedBytes(*width),
            DataType::Date => Self::Date,
            DataType::DateMillis => Self::DateMillis,
            DataType::Time(unit @ (TimeUnit::Second | TimeUnit::Millisecond)) => Self::Time { width: 4, unit: *unit },
            DataType::Time(unit) => Self::Time { width: 8, unit: *unit },
            DataType::Timestamp(unit, zone) => {
                let zoned = zone.is_some();
                Self::Timestamp { unit: *unit, zoned }
            }
            DataType::Duration(_) => Self::Duration,
            _ => return None,
        })
    }

    /// What to give a column of this kind, for errors.
    pub fn wants(self) -> &'static str {
        match self {
            Self::Null => "nothing but ()",
            Self::Boolean => "true or false",
            Self::Integer { .. } => "an integer",
            Self::Float { .. } => "a number",
            Self::Decimal { .. } => "a decimal or an integer",
            Self::Text => "a string",
            Self::Bytes | Self::FixedBytes(_) => "a blob",
            Self::Date | Self::DateMillis => "a date, or a string like \"2024-12-31\"",
            Self::Time { .. } => "a string like \"23:59:59.5\"",
            Self::Timestamp { .. } => "a timestamp, a date, or a string like \"2024-12-31T23:59:59Z\"",
            Self::Duration => "an integer in the column's unit",
        }
    }

    /// Bytes per value, where all have as many.
    pub fn width(self) -> usize {
        match self {
            Self::Integer { width, .. }
            | Self::Float { width }
            | Self::Decimal { width, .. }
            | Self::Time { width, .. } => width,
            Self::FixedBytes(width) => width as usize,
            Self::Date => 4,
            Self::DateMillis | Self::Timestamp { .. } | Self::Duration => 8,
            Self::Null | Self::Boolean | Self::Text | Self::Bytes => 0,
        }
    }

    /// A script's value as the column stores it; else why not.
    pub fn take(self, value: &Dynamic) -> Result<Value, Misfit> {
        if value.is_unit() {
            return Ok(Value::Null);
        }
        match self {
            Self::Boolean => value.as_bool().map(Value::Boolean).map_err(|_| Misfit::Type),
            Self::Integer { width, signed } => integer(value, width, signed),
            Self::Float { width } => float(value, width),
            Self::Decimal { precision, scale, .. } => exact::store(value, precision, scale).map(Value::Wide),
            Self::Text => text(value).map(Value::Text),
            Self::Bytes => bytes(value).map(Value::Bytes),
            Self::FixedBytes(width) => {
                let bytes = bytes(value)?;
                let fits = bytes.len() == width as usize;
                if fits {
                    Ok(Value::Bytes(bytes))
                } else {
                    Err(Misfit::Value(format!("must have {width} bytes")))
                }
            }
            Self::Date => date(value).map(|date| Value::Narrow(date.0.into())),
            Self::DateMillis => date(value).map(|date| Value::Narrow(i64::from(date.0) * clock::DAY * 1000)),
            Self::Time { unit, .. } => {
                let parsed = clock::parse_time(&text(value)?, unit);
                parsed
                    .map(Value::Narrow)
                    .ok_or_else(|| Misfit::Value("isn't a time of day".to_owned()))
            }
            Self::Timestamp { unit, .. } => {
                let stored = timestamp(value)?.count(unit);
                stored
                    .map(Value::Narrow)
                    .ok_or_else(|| Misfit::Value("is out of the column's range".to_owned()))
            }
            Self::Duration => value.as_int().map(Value::Narrow).map_err(|_| Misfit::Type),
            Self::Null => Err(Misfit::Type),
        }
    }
}

/// Why a column doesn't take a value.
pub enum Misfit {
    /// It is of another type.
    Type,
    /// It is of the type, but what the text says.
    Value(String),
}

fn integer(value: &Dynamic, width: usize, signed: bool) -> Result<Value, Misfit> {
    let number = value.as_int().map_err(|_| Misfit::Type)?;
    let bits = width as u32 * 8;
    let fits = match (width, signed) {
        (8, true) => true,
        (8, false) => number >= 0,
        (_, true) => (-(1 << (bits - 1))..1 << (bits - 1)).contains(&number),
        (_, false) => (0..1 << bits).contains(&number),
    };
    if fits {
        Ok(Value::Narrow(number))
    } else {
        Err(Misfit::Value("is out of the column's range".to_owned()))
    }
}

fn float(value: &Dynamic, width: usize) -> Result<Value, Misfit> {
    let number = value.as_float().or_else(|_| value.as_int().map(|number| number as f64));
    let number = match number {
        Ok(number) => number,
        Err(_) => f64::try_from(value.as_decimal().map_err(|_| Misfit::Type)?).map_err(|_| Misfit::Type)?,
    };
    Ok(Value::Narrow(match width {
        4 => i64::from((number as f32).to_bits()),
        _ => number.to_bits() as i64,
    }))
}

fn text(value: &Dynamic) -> Result<ImmutableString, Misfit> {
    match value.as_char() {
        Ok(letter) => Ok(letter.to_string().into()),
        Err(_) => value.clone().into_immutable_string().map_err(|_| Misfit::Type),
    }
}

fn bytes(value: &Dynamic) -> Result<Blob, Misfit> {
    value.clone().into_blob().map_err(|_| Misfit::Type)
}

fn date(value: &Dynamic) -> Result<Date, Misfit> {
    if let Some(date) = value.read_lock::<Date>() {
        return Ok(*date);
    }
    Date::parse(&text(value)?).ok_or_else(|| Misfit::Value("isn't a date".to_owned()))
}

fn timestamp(value: &Dynamic) -> Result<Timestamp, Misfit> {
    if let Some(timestamp) = value.read_lock::<Timestamp>() {
        return Ok(*timestamp);
    }
    if let Some(date) = value.read_lock::<Date>() {
        return Ok(Timestamp::midnight(*date));
    }
    Timestamp::parse(&text(value)?).ok_or_else(|| Misfit::Value("isn't a timestamp".to_owned()))
}

/// A value as errors show it.
pub fn shown(value: &Dynamic) -> String {
    let text = match value.read_lock::<ImmutableString>() {
        Some(text) => format!("{:?}", text.as_str()),
        None if value.is_unit() => "()".to_owned(),
        None if value.is_array() => "[..]".to_owned(),
        None if value.is_map() => "#{..}".to_owned(),
        None if value.is_blob() => "bytes".to_owned(),
        None => match value.read_lock::<Decimal>() {
            Some(decimal) => decimal.to_string(),
            None => clock::shown(value).unwrap_or_else(|| value.to_string()),
        },
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
