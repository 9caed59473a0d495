//! Between this crate's columns and those of tenon-layout, which converts from and to arrow-rs.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use tenon_layout as layout;

use crate::buffer::Buffer;
use crate::column::{Node, RawColumn};
use crate::data_type::DataType;
use crate::error::{Error, Result};
use crate::schema::{Field, Schema};

/// Nodes and buffers of one column.
pub(crate) type Parts = (Vec<Node>, Vec<Buffer>);

/// The schema of a record batch.
pub(crate) fn schema_from(schema: &arrow_schema::Schema) -> Result<Schema> {
    fn next(fields: &mut std::vec::IntoIter<layout::Field>) -> Option<Field> {
        let layout::Field {
            name,
            format,
            encoding,
            nullable,
            children,
            metadata,
        } = fields.next()?;
        let data_type = match (DataType::parse(&format), encoding) {
            (plain, layout::Encoding::Plain) => plain,
            (indices, layout::Encoding::Dictionary) => DataType::Dictionary(Box::new(indices)),
        };
        let children = (0..children).filter_map(|_| next(fields)).collect();
        Some(Field {
            name,
            data_type,
            nullable,
            children,
            metadata,
        })
    }
    let mut fields = layout::fields_of(schema).map_err(error_from)?.into_iter();
    Ok(Schema {
        fields: std::iter::from_fn(|| next(&mut fields)).collect(),
    })
}

/// The Arrow schema of these fields.
pub(crate) fn arrow_schema(fields: &[Field]) -> Result<SchemaRef> {
    let mut flat = Vec::new();
    for field in fields {
        field.visit(&mut |field| {
            let dictionary = matches!(field.data_type, DataType::Dictionary(_));
            flat.push(layout::Field {
                name: field.name.clone(),
                format: field.data_type.format(),
                encoding: if dictionary {
                    layout::Encoding::Dictionary
                } else {
                    layout::Encoding::Plain
                },
                nullable: field.nullable,
                children: field.children.len() as u32,
                metadata: field.metadata.clone(),
            });
        });
    }
    layout::schema_of(&flat, &layout::Bounds::default()).map_err(error_from)
}

/// One column of a record batch as it crosses.
pub(crate) fn parts_from(field: &arrow_schema::Field, array: &ArrayRef) -> Result<Parts> {
    let column = layout::column_of(field, array).map_err(error_from)?;
    let nodes = column
        .nodes
        .iter()
        .map(|node| Node {
            length: node.length,
            nulls: node.nulls,
        })
        .collect();
    Ok((
        nodes,
        column
            .buffers
            .iter()
            .map(|buffer| Buffer::from(buffer.to_vec()))
            .collect(),
    ))
}

/// A column as an Arrow array, checked in full.
pub(crate) fn array_of(field: &arrow_schema::FieldRef, rows: u32, column: &RawColumn) -> Result<ArrayRef> {
    let nodes = column
        .nodes
        .iter()
        .map(|node| layout::Node {
            length: node.length,
            nulls: node.nulls,
        })
        .collect();
    let buffers = column
        .buffers
        .iter()
        .map(|buffer| arrow_buffer::Buffer::from_slice_ref(buffer.as_slice()))
        .collect();
    layout::array_of(field, rows, layout::Column { nodes, buffers }).map_err(error_from)
}

/// A record batch of these columns, checked in full.
pub(crate) fn record_batch(schema: &Schema, rows: u32, columns: &[RawColumn]) -> Result<RecordBatch> {
    let schema = arrow_schema(&schema.fields)?;
    let fields = schema.fields().iter();
    let arrays = fields
        .zip(columns)
        .map(|(field, column)| array_of(field, rows, column))
        .collect::<Result<_>>()?;
    assemble(schema, arrays, rows as usize)
}

/// A record batch of arrays, of which there may be none.
pub(crate) fn assemble(schema: SchemaRef, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|error| arrow_error(&error))
}

pub(crate) fn arrow_error(error: &arrow_schema::ArrowError) -> Error {
    Error::bad_data(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn error_from(error: layout::Error) -> Error {
    match error {
        layout::Error::Limit { .. } => Error::new(crate::error::ErrorKind::Limit, error.to_string()),
        _ => Error::bad_data(error.to_string()),
    }
}
