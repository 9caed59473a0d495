//! How many nodes and buffers a type takes.

use arrow_schema::{DataType, UnionMode};

/// Nodes and buffers of a type with all of its descendants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub nodes: usize,
    pub buffers: usize,
}

impl Shape {
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::own(0),
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Self::own(3),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::Map(item, _) => Self::own(2).with(item.data_type()),
            DataType::FixedSizeList(item, _) => Self::own(1).with(item.data_type()),
            DataType::Struct(fields) => fields
                .iter()
                .fold(Self::own(1), |shape, field| shape.with(field.data_type())),
            DataType::Union(fields, mode) => {
                let own = Self::own(if *mode == UnionMode::Dense { 2 } else { 1 });
                fields
                    .iter()
                    .fold(own, |shape, (_, field)| shape.with(field.data_type()))
            }
            DataType::RunEndEncoded(ends, values) => Self::own(0).with(ends.data_type()).with(values.data_type()),
            DataType::Dictionary(_, values) => Self::own(2).with(values),
            _ => Self::own(2),
        }
    }

    fn own(buffers: usize) -> Self {
        Self { nodes: 1, buffers }
    }

    fn with(self, child: &DataType) -> Self {
        let child = Self::of(child);
        Self {
            nodes: self.nodes + child.nodes,
            buffers: self.buffers + child.buffers,
        }
    }
}
