//! Lies, told by the input.

use arbitrary::{Result, Unstructured};
use arrow_buffer::Buffer;
use tenon_layout::{Column, Encoding, Field, Node};

const LENGTHS: [u32; 9] = [0, 1, 7, 8, 255, 1 << 16, (1 << 24) - 1, i32::MAX as u32, u32::MAX];

/// Changes one thing about a schema.
pub fn fields(fields: &mut Vec<Field>, input: &mut Unstructured<'_>) -> Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let at = input.choose_index(fields.len())?;
    let field = &mut fields[at];
    match input.int_in_range(0..=7)? {
        0 => field.children = input.arbitrary()?,
        1 => field.nullable = !field.nullable,
        2 => {
            field.encoding = if field.encoding == Encoding::Plain {
                Encoding::Dictionary
            } else {
                Encoding::Plain
            }
        }
        3 => field.name = input.arbitrary()?,
        4 => field.format = input.arbitrary()?,
        5 => field.metadata.push(input.arbitrary()?),
        6 => drop(fields.remove(at)),
        _ => {
            let copy = field.clone();
            fields.insert(at, copy);
        }
    }
    Ok(())
}

/// Changes one thing about a column or its number of rows.
pub fn column(column: &mut Column, rows: &mut u32, input: &mut Unstructured<'_>) -> Result<()> {
    match input.int_in_range(0..=6)? {
        0 => *rows = *input.choose(&LENGTHS)?,
        1 => {
            if let Some(node) = any(&mut column.nodes, input)? {
                node.length = *input.choose(&LENGTHS)?;
            }
        }
        2 => {
            if let Some(node) = any(&mut column.nodes, input)? {
                node.nulls = input.int_in_range(0..=16)?;
            }
        }
        3 => {
            if input.arbitrary()? {
                column.nodes.pop();
                column.buffers.pop();
            } else {
                column.nodes.push(Node { length: 0, nulls: 0 });
                column.buffers.push(Buffer::default());
            }
        }
        4 => {
            let cut: usize = input.int_in_range(0..=64)?;
            if let Some(buffer) = any(&mut column.buffers, input)? {
                *buffer = buffer.slice_with_length(0, buffer.len().saturating_sub(cut));
            }
        }
        _ => {
            let (at, byte): (usize, u8) = (input.int_in_range(0..=64)?, input.arbitrary()?);
            if let Some(buffer) = any(&mut column.buffers, input)? {
                let mut bytes = buffer.to_vec();
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
                *buffer = Buffer::from_vec(bytes);
            }
        }
    }
    Ok(())
}

fn any<'a, T>(from: &'a mut [T], input: &mut Unstructured<'_>) -> Result<Option<&'a mut T>> {
    if from.is_empty() {
        return Ok(None);
    }
    let at = input.choose_index(from.len())?;
    Ok(from.get_mut(at))
}
