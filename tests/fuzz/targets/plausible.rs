//! Schemas and columns that hold together, from the bytes of the input.

use arbitrary::{Result, Unstructured};
use arrow_array::downcast_integer;
use arrow_array::types::ArrowDictionaryKeyType;
use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_schema::{DataType, UnionMode};
use tenon_layout::{Column, Encoding, Field, Node};

const LEAVES: [&str; 46] = [
    "n",
    "b",
    "c",
    "C",
    "s",
    "S",
    "i",
    "I",
    "l",
    "L",
    "e",
    "f",
    "g",
    "z",
    "Z",
    "vz",
    "u",
    "U",
    "vu",
    "w:0",
    "w:3",
    "w:16",
    "d:9,2,32",
    "d:18,-3,64",
    "d:38,10",
    "d:76,0,256",
    "tdD",
    "tdm",
    "tts",
    "ttm",
    "ttu",
    "ttn",
    "tss:",
    "tsm:UTC",
    "tsu:+02:00",
    "tsn:Asia/Tokyo",
    "tDs",
    "tDm",
    "tDu",
    "tDn",
    "tiM",
    "tiD",
    "tin",
    "u",
    "l",
    "b",
];

/// A schema of a few columns, flattened.
pub fn fields(input: &mut Unstructured<'_>) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for _ in 0..input.int_in_range(1..=3)? {
        push_field("column", 4, input, &mut fields)?;
    }
    Ok(fields)
}

fn push_field(name: &str, depth: usize, input: &mut Unstructured<'_>, fields: &mut Vec<Field>) -> Result<()> {
    let at = fields.len();
    let nullable = input.arbitrary()?;
    fields.push(Field {
        name: name.to_owned(),
        format: String::new(),
        encoding: Encoding::Plain,
        nullable,
        children: 0,
        metadata: Vec::new(),
    });
    let kind = if depth == 0 { 0 } else { input.int_in_range(0..=16)? };
    let (format, children) = match kind {
        5..=8 => {
            push_field("item", depth - 1, input, fields)?;
            (["+l", "+L", "+vl", "+vL"][kind - 5].to_owned(), 1)
        }
        9 => {
            push_field("item", depth - 1, input, fields)?;
            (format!("+w:{}", input.int_in_range(0..=3)?), 1)
        }
        10 | 11 => {
            let members = input.int_in_range(0..=3)?;
            for _ in 0..members {
                push_field("member", depth - 1, input, fields)?;
            }
            ("+s".to_owned(), members)
        }
        12 => {
            push_map_entries(depth, input, fields)?;
            ("+m".to_owned(), 1)
        }
        13 | 14 => {
            let ids = *input.choose(&["", "0", "0,1", "5,2,127"])?;
            let variants = ids.split(',').filter(|id| !id.is_empty()).count() as u32;
            for _ in 0..variants {
                push_field("variant", depth - 1, input, fields)?;
            }
            let mode = *input.choose(&["+us:", "+ud:"])?;
            (format!("{mode}{ids}"), variants)
        }
        15 => {
            fields[at].encoding = Encoding::Dictionary;
            push_field("values", depth - 1, input, fields)?;
            (
                (*input.choose(&["c", "C", "s", "S", "i", "I", "l", "L"])?).to_owned(),
                1,
            )
        }
        16 => {
            push_field("run_ends", 0, input, fields)?;
            let ends = fields.len() - 1;
            fields[ends].nullable = false;
            fields[ends].format = (*input.choose(&["s", "i", "l"])?).to_owned();
            push_field("values", depth - 1, input, fields)?;
            ("+r".to_owned(), 2)
        }
        _ => ((*input.choose(&LEAVES)?).to_owned(), 0),
    };
    fields[at].format = format;
    fields[at].children = children;
    Ok(())
}

fn push_map_entries(depth: usize, input: &mut Unstructured<'_>, fields: &mut Vec<Field>) -> Result<()> {
    fields.push(Field {
        name: "entries".to_owned(),
        format: "+s".to_owned(),
        encoding: Encoding::Plain,
        nullable: false,
        children: 2,
        metadata: Vec::new(),
    });
    let key = fields.len();
    push_field("key", 0, input, fields)?;
    fields[key].nullable = false;
    push_field("value", depth - 1, input, fields)
}

/// A column of a type.
pub fn column(data_type: &DataType, rows: u32, input: &mut Unstructured<'_>) -> Result<Column> {
    let mut column = Column::default();
    push_array(data_type, rows as usize, input, &mut column)?;
    Ok(column)
}

fn push_array(data_type: &DataType, length: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<()> {
    macro_rules! dictionary {
        ($t:ty, $input:ident, $column:ident) => {
            push_keys::<$t>(length, $input, $column)?
        };
    }
    let at = column.nodes.len();
    column.nodes.push(Node {
        length: length as u32,
        nulls: 0,
    });
    match data_type {
        DataType::Null => column.nodes[at].nulls = length as u32,
        DataType::Union(fields, mode) => {
            let ids: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
            let chosen = (0..length).map(|_| {
                if ids.is_empty() {
                    Ok(0)
                } else {
                    input.choose(&ids).copied()
                }
            });
            column
                .buffers
                .push(Buffer::from_vec(chosen.collect::<Result<Vec<i8>>>()?));
            let mut children = length;
            if *mode == UnionMode::Dense {
                children += 1;
                let offsets = (0..length).map(|_| input.int_in_range(0..=children as i32 - 1));
                column
                    .buffers
                    .push(Buffer::from_vec(offsets.collect::<Result<Vec<i32>>>()?));
            }
            for (_, field) in fields.iter() {
                push_array(field.data_type(), children, input, column)?;
            }
        }
        DataType::RunEndEncoded(ends, values) => {
            let runs = push_run_ends(ends.data_type(), length, input, column)?;
            push_array(values.data_type(), runs, input, column)?;
        }
        _ => {
            push_validity(at, length, input, column)?;
            match data_type {
                DataType::Boolean => push_bytes(length.div_ceil(8), input, column)?,
                DataType::FixedSizeBinary(width) => push_bytes(length * width.as_usize(), input, column)?,
                DataType::Decimal32(..) => push_small::<i32>(length, input, column, i32::from)?,
                DataType::Decimal64(..) => push_small::<i64>(length, input, column, i64::from)?,
                DataType::Decimal128(..) => push_small::<i128>(length, input, column, i128::from)?,
                DataType::Utf8 | DataType::Binary | DataType::Utf8View | DataType::BinaryView => {
                    let end = push_offsets::<i32>(length, input, column)?;
                    push_text(end, input, column)?;
                }
                DataType::LargeUtf8 | DataType::LargeBinary => {
                    let end = push_offsets::<i64>(length, input, column)?;
                    push_text(end, input, column)?;
                }
                DataType::List(item) | DataType::ListView(item) | DataType::Map(item, _) => {
                    let end = push_offsets::<i32>(length, input, column)?;
                    push_array(item.data_type(), end, input, column)?;
                }
                DataType::LargeList(item) | DataType::LargeListView(item) => {
                    let end = push_offsets::<i64>(length, input, column)?;
                    push_array(item.data_type(), end, input, column)?;
                }
                DataType::FixedSizeList(item, size) => {
                    push_array(item.data_type(), length * size.as_usize(), input, column)?;
                }
                DataType::Struct(fields) => {
                    for field in fields {
                        push_array(field.data_type(), length, input, column)?;
                    }
                }
                DataType::Dictionary(keys, values) => {
                    downcast_integer! {
                        keys.as_ref() => (dictionary, input, column),
                        other => unreachable!("{other} as dictionary key")
                    }
                    push_array(values, 1 + input.int_in_range(0..=20)?, input, column)?;
                }
                other => push_bytes(length * other.primitive_width().unwrap_or_default(), input, column)?,
            }
        }
    }
    Ok(())
}

fn push_validity(at: usize, length: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<()> {
    if !input.arbitrary()? {
        column.buffers.push(Buffer::default());
        return Ok(());
    }
    push_bytes(length.div_ceil(8), input, column)?;
    let bits = column
        .buffers
        .last()
        .map_or(0, |bits| bits.count_set_bits_offset(0, length));
    column.nodes[at].nulls = (length - bits) as u32;
    Ok(())
}

fn push_bytes(count: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<()> {
    let mut bytes = vec![0; count];
    input.fill_buffer(&mut bytes)?;
    column.buffers.push(Buffer::from_vec(bytes));
    Ok(())
}

fn push_small<N: ArrowNativeType>(
    count: usize,
    input: &mut Unstructured<'_>,
    column: &mut Column,
    of: impl Fn(i8) -> N,
) -> Result<()> {
    let values = (0..count).map(|_| Ok(of(input.arbitrary()?)));
    column
        .buffers
        .push(Buffer::from_vec(values.collect::<Result<Vec<N>>>()?));
    Ok(())
}

/// Text in ASCII, so that it is UTF-8 wherever it is cut.
fn push_text(count: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<()> {
    let mut bytes = vec![0; count];
    input.fill_buffer(&mut bytes)?;
    bytes.iter_mut().for_each(|byte| *byte &= 0x7f);
    column.buffers.push(Buffer::from_vec(bytes));
    Ok(())
}

fn push_offsets<O: ArrowNativeType>(length: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<usize> {
    let mut end = input.int_in_range(0..=2_usize)?;
    let mut offsets = vec![O::usize_as(end)];
    for _ in 0..length {
        end += input.int_in_range(0..=5_usize)?;
        offsets.push(O::usize_as(end));
    }
    column.buffers.push(Buffer::from_vec(offsets));
    Ok(end)
}

fn push_keys<K: ArrowDictionaryKeyType>(
    length: usize,
    input: &mut Unstructured<'_>,
    column: &mut Column,
) -> Result<()> {
    let keys = (0..length).map(|_| Ok(K::Native::usize_as(input.int_in_range(0..=3)?)));
    column
        .buffers
        .push(Buffer::from_vec(keys.collect::<Result<Vec<K::Native>>>()?));
    Ok(())
}

fn push_run_ends(ends: &DataType, length: usize, input: &mut Unstructured<'_>, column: &mut Column) -> Result<usize> {
    let mut run_ends = Vec::new();
    let mut end = 0;
    while end < length {
        end = (end + input.int_in_range(1..=4_usize)?).min(length);
        run_ends.push(end);
    }
    column.nodes.push(Node {
        length: run_ends.len() as u32,
        nulls: 0,
    });
    column.buffers.push(Buffer::default());
    column.buffers.push(match ends {
        DataType::Int16 => Buffer::from_vec(run_ends.iter().map(|end| *end as i16).collect::<Vec<_>>()),
        DataType::Int32 => Buffer::from_vec(run_ends.iter().map(|end| *end as i32).collect::<Vec<_>>()),
        _ => Buffer::from_vec(run_ends.iter().map(|end| *end as i64).collect::<Vec<_>>()),
    });
    Ok(run_ends.len())
}
