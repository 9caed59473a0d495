//! From the types that a driver has to those that a relation is described in.

use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::Error;

use super::Fault;

/// The type in which columns of a driver's type are read, and what is to be known of that.
pub(crate) fn read_as(data_type: &DataType) -> (DataType, Option<String>) {
    let read = match data_type {
        DataType::Null => {
            let note = "read as text: the driver tells no type".to_owned();
            return (DataType::Utf8, Some(note));
        }
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => return read_as(values),
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        other => other.clone(),
    };
    (read, None)
}

/// Rows as they are described. Of columns that were not asked for, only the number of rows counts.
pub(crate) fn converted(batch: &RecordBatch, schema: &SchemaRef, relation: &str) -> Result<RecordBatch, Fault> {
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let wanted = schema.fields();
    if !wanted.is_empty() && batch.num_columns() != wanted.len() {
        let reason = format!(
            "{} columns came where there were {} when it was described; run again",
            batch.num_columns(),
            wanted.len()
        );
        let table = relation.to_owned();
        return Err(Error::Mismatch { table, reason }.into());
    }
    let columns = wanted.iter().zip(batch.columns()).map(|(field, column)| {
        let refused = |reason: String| Error::Value {
            relation: relation.to_owned(),
            column: field.name().clone(),
            reason,
        };
        let column = cast(column, field.data_type()).map_err(|error| {
            refused(format!(
                "{error}; read it as text: `schema = {{ {} = \"text\" }}`",
                field.name()
            ))
        })?;
        if column.null_count() > 0 && !field.is_nullable() {
            return Err(refused("it is null, and the database said that it never is".to_owned()));
        }
        Ok(column)
    });
    let columns = columns.collect::<Result<Vec<_>, Error>>()?;
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)
        .map_err(|error| Fault::new(error.to_string(), None))
}

fn cast(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let from = column.data_type();
    if from == to {
        return Ok(Arc::clone(column));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    if let (DataType::Timestamp(_, _), DataType::Timestamp(TimeUnit::Nanosecond | TimeUnit::Microsecond, _)) =
        (from, to)
    {
        // Whatever zone it is shown in, it is the same moment.
        return cast_with_options(column, to, &options);
    }
    if matches!((from, to), (DataType::Binary, DataType::Utf8)) {
        let texts = arrow::array::StringArray::try_from_binary(column.as_binary::<i32>().clone())?;
        return Ok(Arc::new(texts));
    }
    cast_with_options(column, to, &options)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;
    use crate::generic::FaultKind;

    #[test]
    fn a_value_that_does_not_fit_names_its_column() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let batch = RecordBatch::try_from_iter([("n", texts)]).expect("it is a batch");
        let fault = converted(&batch, &schema, "t").expect_err("it is no number");
        let FaultKind::Known(error) = fault.kind else {
            panic!("{fault:?}");
        };
        assert!(
            matches!(*error, Error::Value { ref column, .. } if column == "n"),
            "{error}"
        );
    }

    #[test]
    fn rows_are_counted_without_columns() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 1]));
        let batch = RecordBatch::try_from_iter([("one", numbers)]).expect("it is a batch");
        let none = Arc::new(Schema::empty());
        assert_eq!(converted(&batch, &none, "t").expect("they are rows").num_rows(), 3);
    }
}
