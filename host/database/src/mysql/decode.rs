//! Values of the driver into columns of Arrow.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, TimeUnit, i256};
use mysql_async::Value as Wire;

use crate::mysql::dialect::days;

const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;

/// A column that is being built.
pub(crate) enum Column {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal128(Decimal128Builder, i8),
    Decimal256(Decimal256Builder, i8),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Column {
    /// A column for values of a type; none where nothing is read as this type.
    pub(crate) fn new(data_type: &DataType, rows: usize) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int8 => Self::Int8(Int8Builder::with_capacity(rows)),
            DataType::Int16 => Self::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            DataType::UInt8 => Self::UInt8(UInt8Builder::with_capacity(rows)),
            DataType::UInt16 => Self::UInt16(UInt16Builder::with_capacity(rows)),
            DataType::UInt32 => Self::UInt32(UInt32Builder::with_capacity(rows)),
            DataType::UInt64 => Self::UInt64(UInt64Builder::with_capacity(rows)),
            DataType::Float32 => Self::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(_, scale) => {
                let builder = Decimal128Builder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Decimal128(builder, *scale)
            }
            DataType::Decimal256(_, scale) => {
                let builder = Decimal256Builder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Decimal256(builder, *scale)
            }
            DataType::Utf8 => Self::Utf8(StringBuilder::with_capacity(rows, rows * 16)),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(data_type.clone());
                Self::Timestamp(builder)
            }
            _ => return None,
        })
    }

    /// Appends a value, and answers with its bytes. A value that is not of the column's type is an error that says why.
    pub(crate) fn append(&mut self, value: &Wire) -> Result<usize, String> {
        if matches!(value, Wire::NULL) {
            self.append_null();
            return Ok(1);
        }
        match self {
            Self::Boolean(builder) => builder.append_value(boolean(value)?),
            Self::Int8(builder) => builder.append_value(integer(value)?),
            Self::Int16(builder) => builder.append_value(integer(value)?),
            Self::Int32(builder) => builder.append_value(integer(value)?),
            Self::Int64(builder) => builder.append_value(integer(value)?),
            Self::UInt8(builder) => builder.append_value(integer(value)?),
            Self::UInt16(builder) => builder.append_value(integer(value)?),
            Self::UInt32(builder) => builder.append_value(integer(value)?),
            Self::UInt64(builder) => builder.append_value(integer(value)?),
            Self::Float32(builder) => match value {
                Wire::Float(number) => builder.append_value(*number),
                other => return Err(unexpected(other, "a number")),
            },
            Self::Float64(builder) => match value {
                Wire::Double(number) => builder.append_value(*number),
                Wire::Float(number) => builder.append_value(f64::from(*number)),
                other => return Err(unexpected(other, "a number")),
            },
            Self::Decimal128(builder, scale) => builder.append_value(decimal128(bytes(value)?, *scale)?),
            Self::Decimal256(builder, scale) => builder.append_value(decimal256(bytes(value)?, *scale)?),
            Self::Utf8(builder) => {
                let text = utf8(bytes(value)?)?;
                builder.append_value(text);
                return Ok(text.len());
            }
            Self::Binary(builder) => {
                let bytes = bytes(value)?;
                builder.append_value(bytes);
                return Ok(bytes.len());
            }
            Self::Date(builder) => {
                let day = date(value)?;
                builder.append_value(i32::try_from(day).map_err(|_| "the date is out of range".to_owned())?);
            }
            Self::Time(builder) => builder.append_value(time(value)?),
            Self::Timestamp(builder) => builder.append_value(timestamp(value)?),
        }
        Ok(8)
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int8(builder) => builder.append_null(),
            Self::Int16(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::UInt8(builder) => builder.append_null(),
            Self::UInt16(builder) => builder.append_null(),
            Self::UInt32(builder) => builder.append_null(),
            Self::UInt64(builder) => builder.append_null(),
            Self::Float32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal128(builder, _) => builder.append_null(),
            Self::Decimal256(builder, _) => builder.append_null(),
            Self::Utf8(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
        }
    }

    /// What was built; the column is empty then.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int8(builder) => Arc::new(builder.finish()),
            Self::Int16(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::UInt8(builder) => Arc::new(builder.finish()),
            Self::UInt16(builder) => Arc::new(builder.finish()),
            Self::UInt32(builder) => Arc::new(builder.finish()),
            Self::UInt64(builder) => Arc::new(builder.finish()),
            Self::Float32(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Decimal128(builder, _) => Arc::new(builder.finish()),
            Self::Decimal256(builder, _) => Arc::new(builder.finish()),
            Self::Utf8(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A truth value; a number that is neither 0 nor 1 is an error.
pub(crate) fn boolean(value: &Wire) -> Result<bool, String> {
    let number = match value {
        // `bit(1)`
        Wire::Bytes(bytes) if bytes.len() == 1 => i64::from(bytes[0]),
        other => integer(other)?,
    };
    match number {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!(
            "{other} is no boolean, which is how `tinyint(1)` is read; {}",
            as_type("signed")
        )),
    }
}

/// A whole number.
pub(crate) fn integer<T: TryFrom<i64> + TryFrom<u64>>(value: &Wire) -> Result<T, String> {
    let fits = match value {
        Wire::Int(number) => T::try_from(*number).ok(),
        Wire::UInt(number) => T::try_from(*number).ok(),
        // `bit(n)`
        Wire::Bytes(bytes) if bytes.len() <= 8 => {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            T::try_from(number).ok()
        }
        other => return Err(unexpected(other, "a whole number")),
    };
    fits.ok_or_else(|| "the number does not fit the column's type".to_owned())
}

/// Days since 1970.
pub(crate) fn date(value: &Wire) -> Result<i64, String> {
    match value {
        Wire::Date(_, 0, ..) | Wire::Date(_, _, 0, ..) => Err(zeros(value)),
        Wire::Date(year, month, day, ..) => Ok(days(i64::from(*year), i64::from(*month), i64::from(*day))),
        other => Err(unexpected(other, "a date")),
    }
}

/// Microseconds since 1970.
pub(crate) fn timestamp(value: &Wire) -> Result<i64, String> {
    let Wire::Date(_, _, _, hour, minute, second, fraction) = value else {
        return Err(unexpected(value, "a date and time"));
    };
    let seconds = i64::from(*hour) * 3600 + i64::from(*minute) * 60 + i64::from(*second);
    Ok(date(value)? * MICROSECONDS_OF_DAY + seconds * 1_000_000 + i64::from(*fraction))
}

/// Microseconds since midnight.
pub(crate) fn time(value: &Wire) -> Result<i64, String> {
    match value {
        Wire::Time(false, 0, hour, minute, second, fraction) => {
            let seconds = i64::from(*hour) * 3600 + i64::from(*minute) * 60 + i64::from(*second);
            Ok(seconds * 1_000_000 + i64::from(*fraction))
        }
        Wire::Time(..) => Err(format!(
            "{} is no time of a day; {}",
            value.as_sql(true).trim_matches('\''),
            as_type("text")
        )),
        other => Err(unexpected(other, "a time")),
    }
}

fn bytes(value: &Wire) -> Result<&[u8], String> {
    match value {
        Wire::Bytes(bytes) => Ok(bytes),
        other => Err(unexpected(other, "text or bytes")),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| format!("the text is not UTF-8; {}", as_type("binary")))
}

fn decimal128(text: &[u8], scale: i8) -> Result<i128, String> {
    let (negative, digits) = sign(text);
    let mut number: i128 = 0;
    let mut behind: Option<i8> = None;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                let next = number
                    .checked_mul(10)
                    .and_then(|number| number.checked_add(i128::from(byte - b'0')));
                number = next.ok_or_else(|| no_decimal(text))?;
                behind = behind.map(|behind| behind + 1);
            }
            b'.' if behind.is_none() => behind = Some(0),
            _ => return Err(no_decimal(text)),
        }
    }
    for _ in behind.unwrap_or(0)..scale {
        number = number.checked_mul(10).ok_or_else(|| no_decimal(text))?;
    }
    if behind.unwrap_or(0) > scale {
        return Err(no_decimal(text));
    }
    Ok(if negative { -number } else { number })
}

fn decimal256(text: &[u8], scale: i8) -> Result<i256, String> {
    let written = std::str::from_utf8(text).map_err(|_| no_decimal(text))?;
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let missing = usize::try_from(scale).unwrap_or(0).checked_sub(fraction.len());
    let zeros = "0".repeat(missing.ok_or_else(|| no_decimal(text))?);
    i256::from_string(&format!("{whole}{fraction}{zeros}")).ok_or_else(|| no_decimal(text))
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    }
}

fn no_decimal(text: &[u8]) -> String {
    format!(
        "`{}` is no decimal number of the column's scale",
        String::from_utf8_lossy(text)
    )
}

fn zeros(value: &Wire) -> String {
    format!(
        "{} is no date; {}",
        value.as_sql(true).trim_matches('\''),
        as_type("text")
    )
}

fn as_type(name: &str) -> String {
    format!("give the column the type `{name}` in `schema` to read it all the same")
}

fn unexpected(value: &Wire, expected: &str) -> String {
    let got = match value {
        Wire::NULL => "null",
        Wire::Bytes(_) => "bytes",
        Wire::Int(_) | Wire::UInt(_) => "a whole number",
        Wire::Float(_) | Wire::Double(_) => "a floating point number",
        Wire::Date(..) => "a date",
        Wire::Time(..) => "a time",
    };
    format!("the server sent {got} and not {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal128(b"-12.50", 2), Ok(-1250));
        assert_eq!(decimal128(b"7", 3), Ok(7000));
        assert!(decimal128(b"1.234", 2).is_err());
        assert_eq!(decimal256(b"-0.05", 3), Ok(i256::from_i128(-50)));
    }

    #[test]
    fn what_is_no_date_is_said() {
        let error = date(&Wire::Date(0, 0, 0, 0, 0, 0, 0)).unwrap_err();
        assert!(error.contains("0000-00-00") && error.contains("`text`"), "{error}");
        assert!(time(&Wire::Time(true, 0, 1, 0, 0, 0)).unwrap_err().contains("`text`"));
    }
}
