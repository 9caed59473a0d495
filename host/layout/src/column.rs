//! Data in the flattened layout.

use arrow_buffer::Buffer;

/// Length and null count of one array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Number of values.
    pub length: u32,
    /// Number of nulls among them: the zero bits of the validity buffer, or all values of an array of type null.
    pub nulls: u32,
}

/// One top-level column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// One node per array, in pre-order.
    pub nodes: Vec<Node>,
    /// The buffers of all nodes, in pre-order. An absent validity buffer is empty.
    pub buffers: Vec<Buffer>,
}

impl Column {
    /// Bytes in all buffers, as they cross.
    pub fn bytes(&self) -> usize {
        self.buffers.iter().map(Buffer::len).sum()
    }
}
