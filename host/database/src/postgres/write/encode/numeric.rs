//! Exact numbers: a sign, and digits to the base of 10,000.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};
use bytes::{BufMut, BytesMut};

use super::Put;

const BASE: u64 = 10_000;
/// Decimal digits in one of the base.
const GROUP: usize = 4;
/// The largest power of the base that fits 64 bits, and the groups in it.
const CHUNK: u128 = 10_000_000_000_000_000;
const CHUNK_GROUPS: usize = 4;
/// Groups in 128 bits, and one more.
const GROUPS: usize = 12;

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

/// None where a type is no exact number.
pub(super) fn put(array: &ArrayRef, column_scale: Option<i32>) -> Option<Put<'_>> {
    macro_rules! whole {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>().values();
            Box::new(move |row, out| put_i128(values[row].into(), 0, column_scale, out))
        }};
    }
    macro_rules! decimal {
        ($type:ty, $scale:expr) => {{
            let (values, scale) = (array.as_primitive::<$type>().values(), i32::from(*$scale));
            Box::new(move |row, out| put_i128(values[row].into(), scale, column_scale, out))
        }};
    }
    Some(match array.data_type() {
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::UInt8 => whole!(UInt8Type),
        DataType::UInt16 => whole!(UInt16Type),
        DataType::UInt32 => whole!(UInt32Type),
        DataType::UInt64 => whole!(UInt64Type),
        DataType::Decimal32(_, scale) => decimal!(Decimal32Type, scale),
        DataType::Decimal64(_, scale) => decimal!(Decimal64Type, scale),
        DataType::Decimal128(_, scale) => decimal!(Decimal128Type, scale),
        DataType::Decimal256(_, scale) => {
            let (values, scale) = (array.as_primitive::<Decimal256Type>().values(), i32::from(*scale));
            Box::new(move |row, out| put_i256(values[row], scale, column_scale, out))
        }
        _ => return None,
    })
}

fn put_i128(value: i128, scale: i32, column_scale: Option<i32>, out: &mut BytesMut) -> Result<(), String> {
    let magnitude = value.unsigned_abs();
    let cut = column_scale.map_or(0, |column| (scale - column).max(0));
    if cut > 0
        && 10_u128
            .checked_pow(cut as u32)
            .is_none_or(|power| !magnitude.is_multiple_of(power))
        && magnitude != 0
    {
        return Err(too_fine(column_scale));
    }
    // Groups are counted from the point, so the digits after it are filled up to whole groups.
    let fill = (-scale).rem_euclid(GROUP as i32) as u32;
    match magnitude.checked_mul(10_u128.pow(fill)) {
        Some(aligned) if scale >= 0 => {
            let (groups, count) = groups(aligned);
            put_groups(&groups[..count], value < 0, scale, out);
        }
        _ => put_digits(&magnitude.to_string(), value < 0, scale, out),
    }
    Ok(())
}

fn put_i256(value: i256, scale: i32, column_scale: Option<i32>, out: &mut BytesMut) -> Result<(), String> {
    if let Some(value) = value.to_i128() {
        return put_i128(value, scale, column_scale, out);
    }
    let text = value.to_string();
    let digits = text.trim_start_matches('-');
    let cut = column_scale.map_or(0, |column| (scale - column).max(0)) as usize;
    if digits.bytes().rev().take(cut).any(|digit| digit != b'0') {
        return Err(too_fine(column_scale));
    }
    put_digits(digits, text.starts_with('-'), scale, out);
    Ok(())
}

fn too_fine(column_scale: Option<i32>) -> String {
    format!(
        "it has more than the {} digits after the point that the column holds, and the rest would be lost; round it \
         before it is written",
        column_scale.unwrap_or_default()
    )
}

/// A number's digits to the base, the least significant first.
fn groups(mut number: u128) -> ([u16; GROUPS], usize) {
    let mut groups = [0; GROUPS];
    let mut count = 0;
    // Divisions of 128 bits are slow, so that there are few of them.
    while number >= CHUNK {
        let mut chunk = (number % CHUNK) as u64;
        for group in &mut groups[count..count + CHUNK_GROUPS] {
            *group = (chunk % BASE) as u16;
            chunk /= BASE;
        }
        count += CHUNK_GROUPS;
        number /= CHUNK;
    }
    let mut number = number as u64;
    while number > 0 {
        groups[count] = (number % BASE) as u16;
        number /= BASE;
        count += 1;
    }
    (groups, count)
}

/// Writes any number by its decimal digits.
fn put_digits(digits: &str, is_negative: bool, scale: i32, out: &mut BytesMut) {
    let fill = (-scale).rem_euclid(GROUP as i32) as usize;
    let zeros = if scale < 0 { scale.unsigned_abs() as usize } else { fill };
    let aligned: Vec<u8> = digits.bytes().map(|digit| digit - b'0').chain(vec![0; zeros]).collect();
    let group = |digits: &[u8]| digits.iter().fold(0, |group, digit| group * 10 + u16::from(*digit));
    let groups: Vec<u16> = aligned.rchunks(GROUP).map(group).collect();
    put_groups(&groups, is_negative, scale.max(0), out);
}

/// Writes groups, the least significant first, of which those before the scale's are after the point.
fn put_groups(groups: &[u16], is_negative: bool, scale: i32, out: &mut BytesMut) {
    let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
    let last = groups
        .iter()
        .rposition(|group| *group != 0)
        .map_or(first, |last| last + 1);
    let after_point = (scale as usize).div_ceil(GROUP);
    let written = &groups[first..last];
    let weight = if written.is_empty() {
        0
    } else {
        last as i16 - 1 - after_point as i16
    };
    out.put_i32(8 + 2 * written.len() as i32);
    out.put_i16(written.len() as i16);
    out.put_i16(weight);
    out.put_u16(if is_negative && !written.is_empty() {
        NEGATIVE
    } else {
        POSITIVE
    });
    out.put_i16(scale as i16);
    for group in written.iter().rev() {
        out.put_u16(*group);
    }
}
