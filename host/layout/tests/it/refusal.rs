//! Columns by hand, and what becomes of them.

use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_schema::{DataType, Field};
use tenon_layout::{Column, Node, array_of};

/// A buffer of values.
pub fn values<T: ArrowNativeType>(values: &[T]) -> Buffer {
    Buffer::from_slice_ref(values)
}

pub fn none() -> Buffer {
    Buffer::from_vec(Vec::<u8>::new())
}

pub fn column(nodes: &[(u32, u32)], buffers: Vec<Buffer>) -> Column {
    Column {
        nodes: nodes.iter().map(|&(length, nulls)| Node { length, nulls }).collect(),
        buffers,
    }
}

/// The error of a column `a` of this type.
#[track_caller]
pub fn refused(data_type: &DataType, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>, expected: &str) {
    refused_as(Field::new("a", data_type.clone(), true), rows, nodes, buffers, expected);
}

#[track_caller]
pub fn refused_as(field: Field, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>, expected: &str) {
    let error = array_of(&Arc::new(field), rows, column(nodes, buffers)).expect_err("this column lies");
    assert_eq!(error.to_string(), expected);
}

#[track_caller]
pub fn accepted(data_type: &DataType, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>) {
    let field = Arc::new(Field::new("a", data_type.clone(), true));
    let array = array_of(&field, rows, column(nodes, buffers)).unwrap();
    array.to_data().validate_full().unwrap();
}

pub fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, true))
}
