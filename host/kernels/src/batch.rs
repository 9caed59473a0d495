//! Kernels on whole batches: select, slice, take, concat and new columns.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array},
    compute,
    datatypes::{Field, FieldRef, Schema},
    error::ArrowError,
};

use crate::{
    Limits,
    error::{self, Error},
    measure::{self, TooMuch},
    program::panicked,
};

/// The named columns, in this order. Copies nothing.
///
/// # Errors
/// A column doesn't exist: the error lists those that do. A name is given twice.
pub fn select(batch: &RecordBatch, columns: &[String]) -> Result<RecordBatch, Error> {
    let schema = batch.schema_ref();
    let positions = positions(schema);
    let mut selected = Vec::with_capacity(columns.len().min(schema.fields().len()));
    let mut taken = vec![false; schema.fields().len()];
    for name in columns {
        let Some(&position) = positions.get(name.as_str()) else {
            let names = || schema.fields().iter().map(|field| field.name().as_str());
            return Err(Error::NoSuchColumn {
                name: error::name(name),
                near: error::nearest(name, names()),
                columns: error::list_columns(names()),
            });
        };
        if std::mem::replace(&mut taken[position], true) {
            return Err(Error::Columns {
                reason: format!("select names the column `{}` twice", error::name(name)),
            });
        }
        selected.push(position);
    }
    batch.project(&selected).map_err(|e| Error::internal(&e.to_string()))
}

/// Rows `offset` to `offset + length`. Copies nothing.
///
/// # Errors
/// The rows are past the end.
pub fn slice(batch: &RecordBatch, offset: u32, length: u32) -> Result<RecordBatch, Error> {
    let rows = batch.num_rows();
    let end = u64::from(offset) + u64::from(length);
    if end > rows as u64 {
        return Err(Error::PastTheEnd {
            what: format!("slice of rows {offset} to {end}"),
            rows,
        });
    }
    Ok(batch.slice(offset as usize, length as usize))
}

/// The rows at these indices, in this order; an index may repeat.
///
/// # Errors
/// An index is past the end, the result would be larger than allowed, or Arrow can't do it for a type.
pub fn take(batch: &RecordBatch, indices: &[u32], limits: &Limits) -> Result<RecordBatch, Error> {
    let rows = batch.num_rows();
    if let Some(index) = indices.iter().find(|index| **index as usize >= rows) {
        return Err(Error::PastTheEnd {
            what: format!("take of row {index}"),
            rows,
        });
    }
    let mut left = limits.output_bytes;
    for column in batch.columns() {
        let bytes = measure::taken_bytes(column.as_ref(), indices, left)
            .map_err(|TooMuch| Error::output_bytes("the result of take", u64::MAX, limits.output_bytes))?;
        left -= bytes;
    }
    let rows = UInt32Array::from(indices.to_vec());
    let columns = batch
        .columns()
        .iter()
        .map(|column| kernel("take", column, || compute::take(column.as_ref(), &rows, None)))
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(indices.len()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options).map_err(|e| Error::internal(&e.to_string()))
}

/// The rows of all parts, one part after the other.
///
/// # Errors
/// There is no part, the schemas differ, the result would be larger than allowed, or Arrow can't do it for a type.
pub fn concat(parts: &[RecordBatch], limits: &Limits) -> Result<RecordBatch, Error> {
    let (first, rest) = parts.split_first().ok_or(Error::NoParts)?;
    if rest.is_empty() {
        return Ok(first.clone());
    }
    let schema = first.schema();
    for part in rest {
        if !Arc::ptr_eq(&schema, part.schema_ref()) {
            check_fields("concat", &schema, part.schema_ref())?;
        }
    }
    let rows: usize = parts.iter().map(RecordBatch::num_rows).sum();
    if u32::try_from(rows).is_err() {
        return Err(Error::Columns {
            reason: format!("concat would make a batch of {rows} rows, more than 4294967295"),
        });
    }
    let mut left = limits.output_bytes;
    for index in 0..first.num_columns() {
        let same = first.column(index);
        for part in parts {
            let bytes = measure::joined_bytes(part.column(index).as_ref(), same.as_ref(), left)
                .map_err(|TooMuch| Error::output_bytes("the result of concat", u64::MAX, limits.output_bytes))?;
            left -= bytes;
        }
    }
    let columns = (0..first.num_columns())
        .map(|index| {
            let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.column(index).as_ref()).collect();
            kernel("concat", first.column(index), || compute::concat(&arrays))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|e| Error::internal(&e.to_string()))
}

/// The batch with columns added at its end, or replaced in their place where the name is taken. The other columns are
/// not copied.
///
/// # Errors
/// Fields and columns differ in number, a column differs from its field or in length from the batch, a column that
/// must not be null has nulls, or a name is given twice.
pub fn with_columns(batch: &RecordBatch, fields: &Schema, columns: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
    if fields.fields().len() != columns.len() {
        return Err(Error::Columns {
            reason: format!(
                "{} columns were given for {} fields",
                columns.len(),
                fields.fields().len()
            ),
        });
    }
    let schema = batch.schema_ref();
    let mut positions: HashMap<&str, usize> = positions(schema);
    let mut all_fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    let mut all_columns: Vec<ArrayRef> = batch.columns().to_vec();
    let mut given = std::collections::HashSet::new();
    for (field, column) in fields.fields().iter().zip(columns) {
        let name = field.name().as_str();
        check_column(field, &column, batch.num_rows())?;
        if !given.insert(name) {
            return Err(Error::Columns {
                reason: format!("The column `{}` is given twice", error::name(name)),
            });
        }
        if let Some(&position) = positions.get(name) {
            all_fields[position] = Arc::clone(field);
            all_columns[position] = column;
        } else {
            positions.insert(name, all_fields.len());
            all_fields.push(Arc::clone(field));
            all_columns.push(column);
        }
    }
    let mut metadata = schema.metadata().clone();
    metadata.extend(fields.metadata().clone());
    let schema = Arc::new(Schema::new_with_metadata(all_fields, metadata));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, all_columns, &options).map_err(|e| Error::internal(&e.to_string()))
}

/// Names the first difference between two schemas in name, type or nullability. Metadata may differ.
pub(crate) fn check_fields(what: &'static str, expected: &Schema, given: &Schema) -> Result<(), Error> {
    let differs = |difference: String| Err(Error::SchemaDiffers { what, difference });
    for (number, (expected, given)) in expected.fields().iter().zip(given.fields()).enumerate() {
        let number = number + 1;
        let name = error::name(expected.name());
        if expected.name() != given.name() {
            return differs(format!(
                "column {number} is called `{name}`, not `{}`",
                error::name(given.name())
            ));
        }
        if expected.data_type() != given.data_type() {
            return differs(format!(
                "column `{name}` is of type {}, not {}",
                error::name(&expected.data_type().to_string()),
                error::name(&given.data_type().to_string())
            ));
        }
        if given.is_nullable() && !expected.is_nullable() {
            return differs(format!(
                "column `{name}` may not have nulls there, but may have them here"
            ));
        }
    }
    let (expected, given) = (expected.fields().len(), given.fields().len());
    if expected == given {
        Ok(())
    } else {
        differs(format!("it has {expected} columns, not {given}"))
    }
}

fn check_column(field: &Field, column: &ArrayRef, rows: usize) -> Result<(), Error> {
    let name = error::name(field.name());
    if column.len() != rows {
        let reason = format!(
            "The column `{name}` has {} rows, but the batch has {rows}",
            column.len()
        );
        return Err(Error::Columns { reason });
    }
    if column.data_type() != field.data_type() {
        let (field, column) = (field.data_type().to_string(), column.data_type().to_string());
        let reason = format!(
            "The column `{name}` is of type {}, but its field says {}",
            error::name(&column),
            error::name(&field)
        );
        return Err(Error::Columns { reason });
    }
    if !field.is_nullable() && column.is_nullable() && column.logical_null_count() > 0 {
        let reason = format!(
            "The column `{name}` has {} nulls, but its field says that there are none",
            column.logical_null_count()
        );
        return Err(Error::Columns { reason });
    }
    Ok(())
}

/// Positions of columns by name; the first one where a name repeats.
fn positions(schema: &Schema) -> HashMap<&str, usize> {
    let mut positions = HashMap::with_capacity(schema.fields().len());
    for (position, field) in schema.fields().iter().enumerate() {
        positions.entry(field.name().as_str()).or_insert(position);
    }
    positions
}

/// Runs a kernel of Arrow. What it doesn't offer is an error, and so is a panic.
fn kernel(
    what: &'static str,
    column: &ArrayRef,
    run: impl FnOnce() -> Result<ArrayRef, ArrowError>,
) -> Result<ArrayRef, Error> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(ArrowError::ExternalError(Box::new(panicked(panic.as_ref())))))
        .map_err(|error| match error {
            ArrowError::ExternalError(inner) => match inner.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => Error::internal(&other.to_string()),
            },
            other => Error::NoKernel {
                what,
                data_type: error::name(&column.data_type().to_string()),
                reason: error::reason(&other.to_string()),
            },
        })
}
