//! Arrow's values as SQLite takes them.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, Time64NanosecondType,
    TimeUnit,
};
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::{json, moments};

/// Digits of a decimal number that SQLite's floating point numbers hold.
const FLOAT_DIGITS: usize = 15;

/// How values of a column are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Integer,
    Float,
    Boolean,
    /// A decimal number for a column of this precision and scale, kept as text or as whatever number SQLite makes of it.
    Decimal {
        precision: u8,
        scale: i8,
        kept_as_text: bool,
    },
    Text,
    Binary,
    Date,
    Time,
    /// With the offset of UTC, or in no zone.
    Timestamp {
        zoned: bool,
    },
    /// A nested value as JSON.
    Json,
    /// Whatever else, as Arrow writes it.
    Shown,
}

/// A column of a batch in the form in which it is handed over.
pub(super) struct Encoder {
    kind: Kind,
    array: ArrayRef,
    /// Of timestamps.
    unit: TimeUnit,
    /// Of decimals.
    scale: i8,
}

impl Encoder {
    /// The error is the end of a sentence that begins with the column.
    pub fn new(array: &ArrayRef, kind: Kind) -> Result<Self, String> {
        let wanted = match (kind, array.data_type()) {
            (Kind::Integer, _) => DataType::Int64,
            (Kind::Float, _) => DataType::Float64,
            (Kind::Text | Kind::Shown, _) => DataType::Utf8,
            (Kind::Binary, _) => DataType::Binary,
            (Kind::Time, _) => DataType::Time64(TimeUnit::Nanosecond),
            (Kind::Decimal { .. }, DataType::Decimal256(precision, scale)) => DataType::Decimal256(*precision, *scale),
            (
                Kind::Decimal { .. },
                DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale),
            ) => DataType::Decimal128(38, *scale),
            (_, DataType::Dictionary(_, values)) => values.as_ref().clone(),
            (_, other) => other.clone(),
        };
        let (mut unit, mut scale) = (TimeUnit::Microsecond, 0);
        let strictly = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let mut array = if *array.data_type() == wanted {
            array.clone()
        } else {
            cast_with_options(array, &wanted, &strictly).map_err(|error| format!("does not fit: {error}"))?
        };
        match array.data_type().clone() {
            DataType::Timestamp(timestamps, _) => {
                unit = timestamps;
                array = cast_with_options(&array, &DataType::Int64, &strictly).map_err(|error| error.to_string())?;
            }
            DataType::Decimal128(_, digits) | DataType::Decimal256(_, digits) => scale = digits,
            _ => {}
        }
        Ok(Self {
            kind,
            array,
            unit,
            scale,
        })
    }

    /// Binds a row's value to a parameter, and says how many bytes it has. `text` is space to write in.
    pub fn bind(
        &self,
        row: usize,
        statement: &mut Statement<'_>,
        parameter: usize,
        text: &mut String,
    ) -> Result<usize, Failed> {
        text.clear();
        let value = if self.array.is_null(row) {
            ValueRef::Null
        } else {
            self.value(row, text).map_err(Failed::Value)?
        };
        let size = match value {
            ValueRef::Null => 1,
            ValueRef::Integer(_) | ValueRef::Real(_) => 8,
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        };
        let bound = statement.raw_bind_parameter(parameter, ToSqlOutput::Borrowed(value));
        bound.map(|()| size).map_err(Failed::Sqlite)
    }

    fn value<'a>(&'a self, row: usize, text: &'a mut String) -> Result<ValueRef<'a>, String> {
        let array = &self.array;
        Ok(match self.kind {
            Kind::Null => ValueRef::Null,
            Kind::Integer => ValueRef::Integer(array.as_primitive::<Int64Type>().value(row)),
            Kind::Float => match array.as_primitive::<Float64Type>().value(row) {
                number if number.is_nan() => {
                    return Err("is NaN, which SQLite does not have: it would become null".to_owned());
                }
                number => ValueRef::Real(number),
            },
            Kind::Boolean => ValueRef::Integer(array.as_boolean().value(row).into()),
            Kind::Text | Kind::Shown => ValueRef::Text(array.as_string::<i32>().value(row).as_bytes()),
            Kind::Binary => ValueRef::Blob(array.as_binary::<i32>().value(row)),
            Kind::Decimal { .. } => {
                self.write_decimal(row, text)?;
                ValueRef::Text(text.as_bytes())
            }
            Kind::Date | Kind::Time | Kind::Timestamp { .. } => {
                self.write_moment(row, text)?;
                ValueRef::Text(text.as_bytes())
            }
            Kind::Json => {
                json::write(array, row, text)?;
                ValueRef::Text(text.as_bytes())
            }
        })
    }

    fn write_moment(&self, row: usize, text: &mut String) -> Result<(), String> {
        let written = match (self.kind, self.array.data_type()) {
            (Kind::Time, _) => {
                let nanoseconds = self.array.as_primitive::<Time64NanosecondType>().value(row);
                moments::write_clock(text, micros(nanoseconds)?);
                true
            }
            (_, DataType::Date32) => moments::write_date(text, self.array.as_primitive::<Date32Type>().value(row)),
            (_, DataType::Date64) => {
                let milliseconds = self.array.as_primitive::<Date64Type>().value(row);
                let days = milliseconds.div_euclid(86_400_000);
                milliseconds.rem_euclid(86_400_000) == 0
                    && i32::try_from(days).is_ok_and(|days| moments::write_date(text, days))
            }
            _ => {
                let moment = self.array.as_primitive::<Int64Type>().value(row);
                let moment = match self.unit {
                    TimeUnit::Second => moment.checked_mul(1_000_000),
                    TimeUnit::Millisecond => moment.checked_mul(1_000),
                    TimeUnit::Microsecond => Some(moment),
                    TimeUnit::Nanosecond => Some(micros(moment)?),
                };
                moment.is_some_and(|moment| moments::write_timestamp(text, moment))
            }
        };
        if !written {
            return Err(
                "is not a date or timestamp of the years 0 to 9999, which are all that SQLite knows".to_owned(),
            );
        }
        match (self.kind, self.array.data_type()) {
            (Kind::Timestamp { .. }, DataType::Date32 | DataType::Date64) => text.push_str(" 00:00:00"),
            (Kind::Timestamp { zoned: true }, _) => text.push_str("+00:00"),
            _ => {}
        }
        Ok(())
    }

    fn write_decimal(&self, row: usize, text: &mut String) -> Result<(), String> {
        let Kind::Decimal {
            precision,
            scale,
            kept_as_text,
        } = self.kind
        else {
            return Ok(());
        };
        // Writing to a text does not fail.
        let _ = match self.array.data_type() {
            DataType::Decimal256(..) => write!(text, "{}", self.array.as_primitive::<Decimal256Type>().value(row)),
            _ => write!(text, "{}", self.array.as_primitive::<Decimal128Type>().value(row)),
        };
        place_point(text, self.scale);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = whole.trim_start_matches(['-', '0']).len();
        let fraction = fraction.trim_end_matches('0').len();
        if fraction > scale as usize || whole + scale as usize > precision as usize {
            return Err(format!("is {text}, which does not fit in ({precision},{scale})"));
        }
        if !kept_as_text && whole + fraction > FLOAT_DIGITS && (fraction > 0 || whole > 18) {
            return Err(format!(
                "is {text}: SQLite would keep it as a floating point number and lose digits; declare the column as \
                 `DECIMAL_TEXT({precision},{scale})`"
            ));
        }
        Ok(())
    }
}

/// Why a value was not handed over.
pub(super) enum Failed {
    /// It can't be.
    Value(String),
    /// SQLite refused.
    Sqlite(rusqlite::Error),
}

fn micros(nanoseconds: i64) -> Result<i64, String> {
    if nanoseconds % 1_000 != 0 {
        return Err("has nanoseconds; SQLite's columns are read in microseconds".to_owned());
    }
    Ok(nanoseconds / 1_000)
}

/// Puts a decimal point before the last `scale` digits.
fn place_point(digits: &mut String, scale: i8) {
    let scale = match usize::try_from(scale) {
        Ok(0) => return,
        Ok(scale) => scale,
        Err(_) => {
            digits.extend(std::iter::repeat_n('0', usize::from(scale.unsigned_abs())));
            return;
        }
    };
    let sign = usize::from(digits.starts_with('-'));
    let missing = (scale + 1).saturating_sub(digits.len() - sign);
    digits.insert_str(sign, &"0".repeat(missing));
    digits.insert(digits.len() - scale, '.');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_placed() {
        for (digits, scale, expected) in [
            ("1250", 2, "12.50"),
            ("-7", 2, "-0.07"),
            ("3", 0, "3"),
            ("3", -2, "300"),
        ] {
            let mut text = digits.to_owned();
            place_point(&mut text, scale);
            assert_eq!(text, expected);
        }
    }
}
