//! Columns of any type, as they cross the boundary.

use crate::buffer::Buffer;
use crate::data_type::DataType;
use crate::error::Result;
use crate::schema::Field;

use super::broken;

/// Length and null count of one array of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Node {
    /// Number of values.
    pub length: u32,
    /// Number of nulls among them; the validity buffer is empty where this is 0.
    pub nulls: u32,
}

/// A column of any type as it crosses the boundary: its nodes in pre-order, then its buffers in the order in which Arrow
/// IPC writes them. For what has no typed accessor (unions, run-end encoded) and for passing columns through.
///
/// Buffers per node: none for null and run-end encoded; validity for struct and fixed-size list; validity and values for
/// fixed-width types and dictionary indices; validity, offsets and data for text and bytes; validity and offsets for
/// list and map; type ids for a sparse union; type ids and offsets for a dense one. The host checks all of it when the
/// column goes back.
#[derive(Debug)]
pub struct RawColumn {
    /// Name, type and children.
    pub field: Field,
    /// One node per array, in pre-order.
    pub nodes: Vec<Node>,
    /// The buffers of all nodes, in pre-order.
    pub buffers: Vec<Buffer>,
}

impl RawColumn {
    /// A column of one array without children.
    pub(crate) fn leaf(data_type: DataType, length: usize, nulls: usize, buffers: Vec<Buffer>) -> Self {
        let node = Node {
            length: length as u32,
            nulls: nulls as u32,
        };
        Self {
            field: Field::new("", data_type),
            nodes: vec![node],
            buffers,
        }
    }

    /// A column of any type without rows.
    pub fn empty(field: Field) -> Self {
        let mut nodes = Vec::new();
        let mut buffers = Vec::new();
        field.visit(&mut |field| {
            nodes.push(Node::default());
            buffers.extend((0..buffers_of(&field.data_type)).map(|_| Buffer::empty()));
        });
        Self { field, nodes, buffers }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.nodes.first().map_or(0, |node| node.length as usize)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows that are null at the top level.
    pub fn null_count(&self) -> usize {
        self.nodes.first().map_or(0, |node| node.nulls as usize)
    }

    /// Takes the buffers apart as those of one array without children.
    pub(crate) fn into_leaf<const N: usize>(self) -> Result<(Field, Node, [Vec<u8>; N])> {
        let Ok([node]) = <[Node; 1]>::try_from(self.nodes) else {
            return Err(broken(&self.field.name));
        };
        let buffers: Vec<_> = self.buffers.into_iter().map(Buffer::into_bytes).collect();
        let Ok(buffers) = <[Vec<u8>; N]>::try_from(buffers) else {
            return Err(broken(&self.field.name));
        };
        Ok((self.field, node, buffers))
    }
}

/// How many buffers a node of this type has.
pub(crate) fn buffers_of(data_type: &DataType) -> usize {
    match data_type {
        DataType::Null => 0,
        data_type if data_type.is_text() || data_type.is_binary() => 3,
        DataType::Nested(format) => match format.as_bytes() {
            b"+r" => 0,
            [b'+', b's' | b'w', ..] | [b'+', b'u', b's', ..] => 1,
            _ => 2,
        },
        _ => 2,
    }
}
