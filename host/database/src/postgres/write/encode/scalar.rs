//! Values that are written much as Arrow holds them.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use bytes::{BufMut, BytesMut};

use super::{Put, Wire, fixed};

/// None where a type cannot be written so.
pub(super) fn put<'a>(array: &'a ArrayRef, wire: &Wire) -> Option<Put<'a>> {
    match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            matches!(wire, Wire::Boolean).then(|| fixed(move |row| Ok([u8::from(values.value(row))])))
        }
        DataType::Int8 => integer(array.as_primitive::<Int8Type>(), wire),
        DataType::Int16 => integer(array.as_primitive::<Int16Type>(), wire),
        DataType::Int32 => integer(array.as_primitive::<Int32Type>(), wire),
        DataType::Int64 => integer(array.as_primitive::<Int64Type>(), wire),
        DataType::UInt8 => integer(array.as_primitive::<UInt8Type>(), wire),
        DataType::UInt16 => integer(array.as_primitive::<UInt16Type>(), wire),
        DataType::UInt32 => integer(array.as_primitive::<UInt32Type>(), wire),
        DataType::UInt64 => integer(array.as_primitive::<UInt64Type>(), wire),
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>();
            float(wire, move |row| f64::from(values.value(row).to_f32()))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            match wire {
                Wire::Float4 => Some(fixed(move |row| Ok(values[row].to_be_bytes()))),
                _ => float(wire, move |row| f64::from(values[row])),
            }
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            float(wire, move |row| values[row])
        }
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            text(wire, move |row| values.value(row).as_bytes())
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            text(wire, move |row| values.value(row).as_bytes())
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            text(wire, move |row| values.value(row).as_bytes())
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            bytes(wire, move |row| values.value(row))
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            bytes(wire, move |row| values.value(row))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            bytes(wire, move |row| values.value(row))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            bytes(wire, move |row| values.value(row))
        }
        _ => None,
    }
}

fn integer<'a, T>(array: &'a PrimitiveArray<T>, wire: &Wire) -> Option<Put<'a>>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    let values = array.values();
    let value = move |row: usize| -> i128 { values[row].into() };
    Some(match wire {
        Wire::Int2 => fixed(move |row| narrow::<i16>(value(row)).map(i16::to_be_bytes)),
        Wire::Int4 => fixed(move |row| narrow::<i32>(value(row)).map(i32::to_be_bytes)),
        Wire::Int8 => fixed(move |row| narrow::<i64>(value(row)).map(i64::to_be_bytes)),
        Wire::Float8 => fixed(move |row| Ok((value(row) as f64).to_be_bytes())),
        Wire::Float4 => fixed(move |row| Ok((value(row) as f32).to_be_bytes())),
        _ => return None,
    })
}

fn narrow<T: TryFrom<i128>>(value: i128) -> Result<T, String> {
    T::try_from(value).map_err(|_| format!("{value} is out of the range of the column's type"))
}

fn float<'a>(wire: &Wire, value: impl Fn(usize) -> f64 + Send + 'a) -> Option<Put<'a>> {
    Some(match wire {
        Wire::Float4 => fixed(move |row| Ok((value(row) as f32).to_be_bytes())),
        Wire::Float8 => fixed(move |row| Ok(value(row).to_be_bytes())),
        _ => return None,
    })
}

fn text<'a>(wire: &Wire, value: impl Fn(usize) -> &'a [u8] + Send + 'a) -> Option<Put<'a>> {
    Some(match wire {
        Wire::Text | Wire::Json => Box::new(move |row, out| {
            let value = value(row);
            if value.contains(&0) {
                return Err(
                    "it holds a NUL character, which Postgres' text cannot; remove it before it is written, or \
                            write the column as `bytea`"
                        .to_owned(),
                );
            }
            put_bytes(value, out)
        }),
        Wire::Uuid => fixed(move |row| uuid(value(row))),
        _ => return None,
    })
}

fn bytes<'a>(wire: &Wire, value: impl Fn(usize) -> &'a [u8] + Send + 'a) -> Option<Put<'a>> {
    Some(match wire {
        Wire::Bytes => Box::new(move |row, out| put_bytes(value(row), out)),
        Wire::Uuid => fixed(move |row| {
            let value = value(row);
            <[u8; 16]>::try_from(value).map_err(|_| format!("a uuid has 16 bytes and this has {}", value.len()))
        }),
        _ => return None,
    })
}

pub(super) fn put_bytes(value: &[u8], out: &mut BytesMut) -> Result<(), String> {
    let width =
        i32::try_from(value.len()).map_err(|_| "it is longer than 2 GiB, which Postgres cannot hold".to_owned())?;
    out.put_i32(width);
    out.put_slice(value);
    Ok(())
}

/// A uuid from the forms that Postgres takes: 32 digits, with hyphens after any four of them, in braces or not.
fn uuid(text: &[u8]) -> Result<[u8; 16], String> {
    let refusal = || {
        format!(
            "invalid input syntax for type uuid: \"{}\"",
            String::from_utf8_lossy(text)
        )
    };
    let inner = text
        .strip_prefix(b"{")
        .map_or(Some(text), |inner| inner.strip_suffix(b"}"));
    let inner = inner.ok_or_else(refusal)?;
    let mut uuid = [0; 16];
    let mut digits = 0;
    for (at, character) in inner.iter().enumerate() {
        let is_after_four = digits % 4 == 0 && digits > 0 && digits < 32 && inner[at - 1] != b'-';
        match char::from(*character).to_digit(16) {
            Some(digit) if digits < 32 => {
                uuid[digits / 2] = uuid[digits / 2] << 4 | digit as u8;
                digits += 1;
            }
            None if *character == b'-' && is_after_four => {}
            _ => return Err(refusal()),
        }
    }
    if digits == 32 { Ok(uuid) } else { Err(refusal()) }
}
