//! Rows as they are put into a staging table.

use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef, Int16Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::{Error, Value};

use super::arrow_value::value_at;
use super::plan::{MARK_DELETED, MARK_EMPTIED, MARK_KEPT, OPERATION, Plan, Source, Staged};
use super::storage::converted;

/// Bits of a row's number that count the rows of one writer.
pub(crate) const ROW_BITS: u32 = 40;

/// The columns of the staging table.
pub(crate) fn schema(plan: &Plan) -> SchemaRef {
    let fields = plan
        .staged
        .iter()
        .map(|column| Field::new(&column.name, column.sent.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows as they are put into the staging table, numbered from `first` on.
pub(crate) fn staged(plan: &Plan, schema: &SchemaRef, batch: &RecordBatch, first: i64) -> Result<RecordBatch, Error> {
    let columns = plan.staged.iter().map(|column| values(plan, column, batch, first));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| Error::Mismatch {
        table: plan.prepared.table.to_string(),
        reason: error.to_string(),
    })
}

fn values(plan: &Plan, column: &Staged, batch: &RecordBatch, first: i64) -> Result<ArrayRef, Error> {
    let refused = |reason: String| Error::Value {
        relation: plan.prepared.table.to_string(),
        column: column.name.clone(),
        reason,
    };
    match column.source {
        Source::Column(index) => converted(batch.column(index), &column.sent).map_err(refused),
        Source::Deleted(index) => {
            let is_operation = plan.schema.field(index).name() == OPERATION;
            marks(batch.column(index), is_operation).map_err(refused)
        }
        Source::Row => {
            let numbers = first..first + batch.num_rows() as i64;
            Ok(Arc::new(Int64Array::from_iter_values(numbers)))
        }
        Source::Order(position, sequence) => {
            let sequence = sequence.map(|sequence| batch.column(sequence));
            let positions = batch.column(position);
            let orders = (0..batch.num_rows()).map(|row| {
                let sequence = sequence.and_then(|sequence| value_at(sequence, row));
                format!("{}/{}", padded(value_at(positions, row)), padded(sequence))
            });
            Ok(Arc::new(StringArray::from_iter_values(orders)))
        }
    }
}

/// What a row is marked as. Changes have more to say than whether a row is deleted.
fn marks(array: &ArrayRef, is_operation: bool) -> Result<ArrayRef, String> {
    let is_true: Vec<i16> = if *array.data_type() == DataType::Boolean {
        array
            .as_boolean()
            .iter()
            .map(|value| if value == Some(true) { MARK_DELETED } else { MARK_KEPT })
            .collect()
    } else {
        let texts = cast(array, &DataType::Utf8).map_err(|error| error.to_string())?;
        texts
            .as_string::<i32>()
            .iter()
            .map(|value| match value {
                Some("delete") => MARK_DELETED,
                Some("truncate") if is_operation => MARK_EMPTIED,
                _ => MARK_KEPT,
            })
            .collect()
    };
    Ok(Arc::new(Int16Array::from(is_true)))
}

/// A position such that the order of texts is that of positions: hexadecimal parts get the same length, and so do numbers.
fn padded(value: Option<Value>) -> String {
    match value {
        Some(Value::Integer(number)) => format!("{number:020}"),
        Some(Value::Unsigned(number)) => format!("{number:020}"),
        Some(Value::Text(text)) => {
            let parts: Vec<String> = text
                .split('/')
                .map(|part| format!("{:0>20}", part.to_uppercase()))
                .collect();
            parts.join("/")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_ordered_as_texts() {
        let of = |text: &str| padded(Some(Value::Text(text.to_owned())));
        assert!(of("0/9") < of("0/10") && of("0/FFFFFFFF") < of("1/0") && of("9/0") < of("A/0"));
        assert!(padded(Some(Value::Integer(9))) < padded(Some(Value::Integer(10))));
    }

    #[test]
    fn text_marks_what_is_deleted() {
        let names = vec![Some("insert"), Some("delete"), None, Some("truncate")];
        let operations: ArrayRef = Arc::new(StringArray::from(names));
        for (is_operation, expected) in [(true, [0, 1, 0, 2]), (false, [0, 1, 0, 0])] {
            let marked = marks(&operations, is_operation).expect("it is text");
            assert_eq!(marked.as_primitive::<arrow::datatypes::Int16Type>().values(), &expected);
        }
    }
}
