//! Rows as the server takes them: lines for `load data`, or literals for `insert`.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use crate::Error;
use crate::mysql::dialect::{write_date, write_time, write_timestamp};
use crate::mysql::write::json::{json, text};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Fields with tabs between them, on lines.
    Lines,
    /// Literals in parentheses.
    Literals,
}

/// Why a value can't be written, and the column that it is in.
#[derive(Debug)]
pub(crate) struct Unwritable {
    column: usize,
    reason: String,
}

impl Unwritable {
    /// As an error about a table.
    pub(crate) fn of(self, table: &str, names: &[String]) -> Error {
        Error::Value {
            relation: table.to_owned(),
            column: names.get(self.column).cloned().unwrap_or_default(),
            reason: self.reason,
        }
    }
}

/// The columns of a batch in types that are written.
pub(crate) fn columns(batch: &RecordBatch) -> Result<Vec<ArrayRef>, Unwritable> {
    let each = batch.columns().iter().enumerate().map(|(column, array)| {
        let plain = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values),
            DataType::Utf8View => cast(array, &DataType::LargeUtf8),
            DataType::BinaryView | DataType::FixedSizeBinary(_) => cast(array, &DataType::LargeBinary),
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                cast(array, &DataType::Decimal128(*precision, *scale))
            }
            _ => Ok(array.clone()),
        };
        plain.map_err(|error| Unwritable {
            column,
            reason: error.to_string(),
        })
    });
    let plain: Vec<ArrayRef> = each.collect::<Result<_, _>>()?;
    Ok(plain)
}

/// Appends a row.
pub(crate) fn row(form: Form, columns: &[ArrayRef], row: usize, into: &mut Vec<u8>) -> Result<(), Unwritable> {
    if form == Form::Literals {
        into.push(b'(');
    }
    for (column, array) in columns.iter().enumerate() {
        if column > 0 {
            into.push(if form == Form::Lines { b'\t' } else { b',' });
        }
        value(form, array, row, into).map_err(|reason| Unwritable { column, reason })?;
    }
    into.push(if form == Form::Lines { b'\n' } else { b')' });
    Ok(())
}

/// Text that is written into bytes.
struct Out<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn value(form: Form, array: &ArrayRef, row: usize, into: &mut Vec<u8>) -> Result<(), String> {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        into.extend_from_slice(if form == Form::Lines { b"\\N" } else { b"null" });
        return Ok(());
    }
    match array.data_type() {
        DataType::Boolean => into.push(b'0' + u8::from(array.as_boolean().value(row))),
        DataType::Int8 => integer(i64::from(array.as_primitive::<Int8Type>().value(row)), into),
        DataType::Int16 => integer(i64::from(array.as_primitive::<Int16Type>().value(row)), into),
        DataType::Int32 => integer(i64::from(array.as_primitive::<Int32Type>().value(row)), into),
        DataType::Int64 => integer(array.as_primitive::<Int64Type>().value(row), into),
        DataType::UInt8 => unsigned(u64::from(array.as_primitive::<UInt8Type>().value(row)), into),
        DataType::UInt16 => unsigned(u64::from(array.as_primitive::<UInt16Type>().value(row)), into),
        DataType::UInt32 => unsigned(u64::from(array.as_primitive::<UInt32Type>().value(row)), into),
        DataType::UInt64 => unsigned(array.as_primitive::<UInt64Type>().value(row), into),
        DataType::Float16 => float(f64::from(array.as_primitive::<Float16Type>().value(row).to_f32()), into)?,
        // With the digits of the wider type: the shortest that are the largest number of this one are too large for it.
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row)), into)?,
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row), into)?,
        DataType::Decimal128(_, scale) => {
            let digits = array.as_primitive::<Decimal128Type>().value(row);
            decimal(digits < 0, digits.unsigned_abs(), *scale, into);
        }
        DataType::Decimal256(..) => {
            into.extend_from_slice(array.as_primitive::<Decimal256Type>().value_as_string(row).as_bytes());
        }
        DataType::Utf8 => string(form, array.as_string::<i32>().value(row).as_bytes(), into),
        DataType::LargeUtf8 => string(form, array.as_string::<i64>().value(row).as_bytes(), into),
        DataType::Binary => binary(form, array.as_binary::<i32>().value(row), into),
        DataType::LargeBinary => binary(form, array.as_binary::<i64>().value(row), into),
        DataType::Date32 => date(form, i64::from(array.as_primitive::<Date32Type>().value(row)), into)?,
        DataType::Date64 => {
            let milliseconds = array.as_primitive::<Date64Type>().value(row);
            date(form, milliseconds.div_euclid(86_400_000), into)?;
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let microseconds = time_of(array, row)?;
            quoted(form, into, |out| write_time(out, microseconds));
        }
        DataType::Timestamp(unit, _) => {
            let microseconds = timestamp_of(array, *unit, row)?;
            let mut written = None;
            quoted(form, into, |out| written = write_timestamp(out, microseconds));
            written.ok_or_else(|| "the date is outside of the years 0 to 9999".to_owned())?;
        }
        DataType::Duration(_) | DataType::Interval(_) => string(form, text(array, row)?.as_bytes(), into),
        _ => string(form, json(array, row)?.to_string().as_bytes(), into),
    }
    Ok(())
}

fn show(into: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into memory does not fail.
    let _ = Out(into).write_fmt(text);
}

fn integer(number: i64, into: &mut Vec<u8>) {
    if number < 0 {
        into.push(b'-');
    }
    unsigned(number.unsigned_abs(), into);
}

fn unsigned(mut number: u64, into: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    into.extend_from_slice(&digits[at..]);
}

fn float(number: f64, into: &mut Vec<u8>) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("{number} is no number of MySQL; make it null or text"));
    }
    show(into, format_args!("{number:e}"));
    Ok(())
}

fn decimal(negative: bool, digits: u128, scale: i8, into: &mut Vec<u8>) {
    if negative {
        into.push(b'-');
    }
    let mut text = [0_u8; 40];
    let (mut at, mut rest) = (text.len(), digits);
    let least = usize::from(scale.max(0).unsigned_abs()) + 1;
    // Division of 128 bits is slow, and most decimals are short.
    while u64::try_from(rest).is_err() {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut short = rest as u64;
    while short > 0 || text.len() - at < least {
        at -= 1;
        text[at] = b'0' + (short % 10) as u8;
        short /= 10;
    }
    let point = text.len() - (least - 1);
    into.extend_from_slice(&text[at..point]);
    if point < text.len() {
        into.push(b'.');
        into.extend_from_slice(&text[point..]);
    }
    if scale < 0 && digits > 0 {
        into.resize(into.len() + usize::from(scale.unsigned_abs()), b'0');
    }
}

fn quoted(form: Form, into: &mut Vec<u8>, write: impl FnOnce(&mut Out<'_>)) {
    if form == Form::Literals {
        into.push(b'\'');
    }
    write(&mut Out(into));
    if form == Form::Literals {
        into.push(b'\'');
    }
}

fn date(form: Form, days: i64, into: &mut Vec<u8>) -> Result<(), String> {
    let mut written = None;
    quoted(form, into, |out| written = write_date(out, days));
    written.ok_or_else(|| "the date is outside of the years 0 to 9999".to_owned())
}

/// Text, with a backslash before what would end it.
fn string(form: Form, bytes: &[u8], into: &mut Vec<u8>) {
    if form == Form::Literals {
        into.push(b'\'');
    }
    let mut begun = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: u8 = match byte {
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\t' => b't',
            b'\r' => b'r',
            0 => b'0',
            b'\'' if form == Form::Literals => b'\'',
            _ => continue,
        };
        into.extend_from_slice(&bytes[begun..at]);
        into.extend_from_slice(&[b'\\', escape]);
        begun = at + 1;
    }
    into.extend_from_slice(&bytes[begun..]);
    if form == Form::Literals {
        into.push(b'\'');
    }
}

/// Bytes, in hexadecimal digits: lines are text, which they need not be.
fn binary(form: Form, bytes: &[u8], into: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if form == Form::Literals {
        into.extend_from_slice(b"x'");
    }
    for byte in bytes {
        into.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    if form == Form::Literals {
        into.push(b'\'');
    }
}

fn time_of(array: &ArrayRef, row: usize) -> Result<i64, String> {
    Ok(match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            i64::from(array.as_primitive::<Time32SecondType>().value(row)) * 1_000_000
        }
        DataType::Time32(_) => i64::from(array.as_primitive::<Time32MillisecondType>().value(row)) * 1000,
        DataType::Time64(TimeUnit::Microsecond) => array.as_primitive::<Time64MicrosecondType>().value(row),
        _ => whole(array.as_primitive::<Time64NanosecondType>().value(row))?,
    })
}

fn timestamp_of(array: &ArrayRef, unit: TimeUnit, row: usize) -> Result<i64, String> {
    let scaled = |number: i64, by: i64| {
        number
            .checked_mul(by)
            .ok_or_else(|| "the date is outside of the years 0 to 9999".to_owned())
    };
    match unit {
        TimeUnit::Second => scaled(array.as_primitive::<TimestampSecondType>().value(row), 1_000_000),
        TimeUnit::Millisecond => scaled(array.as_primitive::<TimestampMillisecondType>().value(row), 1000),
        TimeUnit::Microsecond => Ok(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        TimeUnit::Nanosecond => whole(array.as_primitive::<TimestampNanosecondType>().value(row)),
    }
}

/// Nanoseconds as microseconds, if that loses nothing.
fn whole(nanoseconds: i64) -> Result<i64, String> {
    if nanoseconds % 1000 != 0 {
        return Err(format!(
            "{nanoseconds} nanoseconds are no whole microseconds, which is what MySQL has; round them, or write text"
        ));
    }
    Ok(nanoseconds / 1000)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, Float64Array, StringArray, TimestampNanosecondArray};

    use super::*;

    fn written(form: Form, array: ArrayRef) -> Result<String, String> {
        let mut bytes = Vec::new();
        row(form, &[array], 0, &mut bytes).map_err(|unwritable| unwritable.reason)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn nothing_ends_a_field() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a\tb\nc\\N'); drop table x; -- \0"]));
        let line = written(Form::Lines, Arc::clone(&text)).unwrap();
        assert_eq!(line, "a\\tb\\nc\\\\N'); drop table x; -- \\0\n");
        assert_eq!(
            written(Form::Literals, text).unwrap(),
            r"('a\tb\nc\\N\'); drop table x; -- \0')"
        );
    }

    #[test]
    fn decimals_have_all_digits() {
        let decimal = |digits: i128, scale: i8| {
            let array = Decimal128Array::from(vec![digits])
                .with_precision_and_scale(38, scale)
                .unwrap();
            written(Form::Lines, Arc::new(array)).unwrap()
        };
        assert_eq!(decimal(-5, 2), "-0.05\n");
        assert_eq!(decimal(1250, 2), "12.50\n");
        assert_eq!(decimal(0, 0), "0\n");
        assert_eq!(decimal(12, -2), "1200\n");
        let large = 99_999_999_999_999_999_999_999_999_999_999_999_999;
        assert_eq!(decimal(large, 1), "9999999999999999999999999999999999999.9\n");
    }

    #[test]
    fn nothing_is_cut() {
        assert!(written(Form::Lines, Arc::new(Float64Array::from(vec![f64::NAN]))).is_err());
        assert!(written(Form::Lines, Arc::new(TimestampNanosecondArray::from(vec![1]))).is_err());
        let whole = Arc::new(TimestampNanosecondArray::from(vec![1000]));
        assert_eq!(
            written(Form::Literals, whole).unwrap(),
            "('1970-01-01 00:00:00.000001')"
        );
    }
}
