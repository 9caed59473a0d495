//! Nested values as JSON. Text is taken for JSON already.

use std::fmt::Write as _;
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Utc};

use super::{Put, measured, scalar};

/// None where a type has no form in JSON.
pub(super) fn put(array: &ArrayRef, version: Option<u8>) -> Option<Put<'_>> {
    if version.is_none()
        && let Some(put) = scalar::put(array, &super::Wire::Json)
    {
        return Some(put);
    }
    let write = match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            verbatim(move |row| values.value(row))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            verbatim(move |row| values.value(row))
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            verbatim(move |row| values.value(row))
        }
        _ => writer(array)?,
    };
    Some(Box::new(move |row, out| {
        measured(out, |out| {
            if let Some(version) = version {
                out.put_u8(version);
            }
            write(row, out)
        })
    }))
}

/// Appends the value of a row.
type Writer<'a> = Box<dyn Fn(usize, &mut BytesMut) -> Result<(), String> + Send + 'a>;

fn verbatim<'a>(value: impl Fn(usize) -> &'a str + Send + 'a) -> Writer<'a> {
    Box::new(move |row, out| {
        let value = value(row);
        if value.contains('\0') {
            return Err("it holds a NUL character, which JSON cannot".to_owned());
        }
        out.put_slice(value.as_bytes());
        Ok(())
    })
}

/// A writer that writes `null` where there is no value.
fn nullable(array: &ArrayRef) -> Option<Writer<'_>> {
    let nulls: Option<NullBuffer> = array.logical_nulls();
    let write = writer(array)?;
    Some(Box::new(move |row, out| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.put_slice(b"null");
            return Ok(());
        }
        write(row, out)
    }))
}

fn writer(array: &ArrayRef) -> Option<Writer<'_>> {
    Some(match array.data_type() {
        DataType::Null => Box::new(|_, out| {
            out.put_slice(b"null");
            Ok(())
        }),
        DataType::Boolean => {
            let values = array.as_boolean();
            Box::new(move |row, out| {
                out.put_slice(if values.value(row) { b"true" } else { b"false" });
                Ok(())
            })
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>();
            float(move |row| f64::from(values.value(row).to_f32()))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            Box::new(move |row, out| put_float(values[row], f32::is_finite(values[row]), out))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            float(move |row| values[row])
        }
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            Box::new(move |row, out| put_text(values.value(row), out))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            Box::new(move |row, out| put_text(values.value(row), out))
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            Box::new(move |row, out| put_text(values.value(row), out))
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            binary(move |row| values.value(row))
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            binary(move |row| values.value(row))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            binary(move |row| values.value(row))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            binary(move |row| values.value(row))
        }
        DataType::Timestamp(unit, zone) => timestamp(array, *unit, zone.is_some()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let (values, keys) = (writer(dictionary.values())?, dictionary.normalized_keys());
            Box::new(move |row, out| values(keys[row], out))
        }
        DataType::Struct(_) => object(array)?,
        DataType::Map(..) => map(array)?,
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            items(list.values(), move |row| {
                offsets[row] as usize..offsets[row + 1] as usize
            })?
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            items(list.values(), move |row| {
                offsets[row] as usize..offsets[row + 1] as usize
            })?
        }
        DataType::FixedSizeList(_, width) => {
            let width = *width as usize;
            items(array.as_fixed_size_list().values(), move |row| {
                row * width..(row + 1) * width
            })?
        }
        number if number.is_integer() || number.is_decimal() => formatted(array, "")?,
        _ if array.data_type().is_temporal() => formatted(array, "\"")?,
        _ => return None,
    })
}

/// Numbers as they are, and what else has a text form in quotes.
fn formatted<'a>(array: &'a ArrayRef, quote: &'static str) -> Option<Writer<'a>> {
    static OPTIONS: FormatOptions<'static> = FormatOptions::new();
    // Formatters cannot be sent to another thread, and are cheap to make.
    ArrayFormatter::try_new(array.as_ref(), &OPTIONS).ok()?;
    Some(Box::new(move |row, out| {
        let formatter = ArrayFormatter::try_new(array.as_ref(), &OPTIONS).map_err(|error| error.to_string())?;
        let value = formatter
            .value(row)
            .try_to_string()
            .map_err(|error| error.to_string())?;
        write!(out, "{quote}{value}{quote}").map_err(|error| error.to_string())
    }))
}

fn float<'a>(value: impl Fn(usize) -> f64 + Send + 'a) -> Writer<'a> {
    Box::new(move |row, out| {
        let value = value(row);
        put_float(value, value.is_finite(), out)
    })
}

/// The shortest text that reads back as the same number. JSON has no others than finite ones, so those are text.
fn put_float(value: impl std::fmt::Debug, is_finite: bool, out: &mut BytesMut) -> Result<(), String> {
    let quote = if is_finite { "" } else { "\"" };
    write!(out, "{quote}{value:?}{quote}").map_err(|error| error.to_string())
}

fn put_text(text: &str, out: &mut BytesMut) -> Result<(), String> {
    out.put_u8(b'"');
    for character in text.chars() {
        match character {
            '"' => out.put_slice(b"\\\""),
            '\\' => out.put_slice(b"\\\\"),
            '\0' => return Err("it holds a NUL character, which Postgres' JSON cannot".to_owned()),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).map_err(|error| error.to_string())?;
            }
            other => out.put_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.put_u8(b'"');
    Ok(())
}

/// As Postgres writes bytes itself: hexadecimal.
fn binary<'a>(value: impl Fn(usize) -> &'a [u8] + Send + 'a) -> Writer<'a> {
    Box::new(move |row, out| {
        out.put_slice(b"\"\\\\x");
        out.put_slice(hex::encode(value(row)).as_bytes());
        out.put_u8(b'"');
        Ok(())
    })
}

fn timestamp(array: &ArrayRef, unit: TimeUnit, has_zone: bool) -> Writer<'_> {
    let (values, per_second): (&[i64], i64) = match unit {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().values(), 1),
        TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().values(), 1000),
        TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().values(), 1_000_000),
        TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().values(), 1_000_000_000),
    };
    Box::new(move |row, out| {
        let seconds = values[row].div_euclid(per_second);
        let nanoseconds = values[row].rem_euclid(per_second) * (1_000_000_000 / per_second);
        let moment: DateTime<Utc> = DateTime::from_timestamp(seconds, nanoseconds as u32)
            .ok_or_else(|| "the timestamp is out of range".to_owned())?;
        let zone = if has_zone { "Z" } else { "" };
        let written = moment.format("%Y-%m-%dT%H:%M:%S%.f");
        write!(out, "\"{written}{zone}\"").map_err(|error| error.to_string())
    })
}

fn object(array: &ArrayRef) -> Option<Writer<'_>> {
    let fields = array.as_struct();
    let writers: Option<Vec<(String, Writer<'_>)>> = fields
        .fields()
        .iter()
        .zip(fields.columns())
        .map(|(field, column)| Some((field.name().clone(), nullable(column)?)))
        .collect();
    let writers = writers?;
    Some(Box::new(move |row, out| {
        out.put_u8(b'{');
        for (at, (name, write)) in writers.iter().enumerate() {
            if at > 0 {
                out.put_u8(b',');
            }
            put_text(name, out)?;
            out.put_u8(b':');
            write(row, out)?;
        }
        out.put_u8(b'}');
        Ok(())
    }))
}

fn items<'a>(values: &'a ArrayRef, range: impl Fn(usize) -> Range<usize> + Send + 'a) -> Option<Writer<'a>> {
    let write = nullable(values)?;
    Some(Box::new(move |row, out| {
        let range = range(row);
        out.put_u8(b'[');
        for at in range.clone() {
            if at > range.start {
                out.put_u8(b',');
            }
            write(at, out)?;
        }
        out.put_u8(b']');
        Ok(())
    }))
}

/// An object if the keys are text, and a list of pairs otherwise.
fn map(array: &ArrayRef) -> Option<Writer<'_>> {
    let map = array.as_map();
    let has_text_keys = matches!(
        map.keys().data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    );
    let (keys, values) = (writer(map.keys())?, nullable(map.values())?);
    let offsets = map.value_offsets();
    let [open, between, close, start, end]: [&[u8]; 5] = if has_text_keys {
        [b"{", b":", b"}", b"", b""]
    } else {
        [b"[", b",", b"]", b"[", b"]"]
    };
    Some(Box::new(move |row, out| {
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        out.put_slice(open);
        for at in range.clone() {
            if at > range.start {
                out.put_u8(b',');
            }
            out.put_slice(start);
            keys(at, out)?;
            out.put_slice(between);
            values(at, out)?;
            out.put_slice(end);
        }
        out.put_slice(close);
        Ok(())
    }))
}
