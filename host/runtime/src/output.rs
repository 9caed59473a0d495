//! What comes back from a call, checked.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use crate::bindings::exports::tenon::etl::transform as wire;
use crate::error::clip;

/// Bytes of a rejection's reason.
const MAX_REASON: usize = 1 << 10;

/// What came of one call.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// In order; each has the schema that `open` answered with.
    pub batches: Vec<RecordBatch>,
    /// Rows of the input that the function refuses, each at most once, in the guest's order.
    pub rejected: Vec<Rejection>,
}

/// A row that a function refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Row of the input batch.
    pub row: u32,
    /// Why, clipped and without secrets.
    pub reason: String,
}

/// The batch under the schema that was announced, or how it differs.
pub(crate) fn check_batch(batch: RecordBatch, announced: &SchemaRef) -> Result<RecordBatch, String> {
    if Arc::ptr_eq(batch.schema_ref(), announced) {
        return Ok(batch);
    }
    let (found, expected) = (batch.schema(), announced);
    if found.fields().len() != expected.fields().len() {
        let (found, expected) = (found.fields().len(), expected.fields().len());
        return Err(format!("a batch has {found} columns where `open` announced {expected}"));
    }
    for (found, expected) in found.fields().iter().zip(expected.fields()) {
        if found.name() != expected.name() {
            let (found, expected) = (clip(found.name(), 128), clip(expected.name(), 128));
            return Err(format!(
                "a batch has a column `{found}` where `open` announced `{expected}`"
            ));
        }
        if found.data_type() != expected.data_type() {
            let (name, found, expected) = (clip(found.name(), 128), found.data_type(), expected.data_type());
            return Err(format!(
                "column `{name}` is of type {found} where `open` announced {expected}"
            ));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(announced), batch.columns().to_vec(), &options)
        .map_err(|error| format!("a batch does not fit the announced schema: {error}"))
}

/// The rejections, if each names a row of the input and none names one twice.
pub(crate) fn check_rejections(
    rejected: Vec<wire::Rejection>,
    rows: usize,
    tell: impl Fn(&str, usize) -> String,
) -> Result<Vec<Rejection>, String> {
    if rejected.is_empty() {
        return Ok(Vec::new());
    }
    let mut seen = vec![false; rows];
    let mut checked = Vec::with_capacity(rejected.len().min(rows));
    for rejection in rejected {
        match seen.get_mut(rejection.row as usize) {
            None => return Err(format!("it rejected row {} of a batch of {rows} rows", rejection.row)),
            Some(true) => return Err(format!("it rejected row {} twice", rejection.row)),
            Some(seen) => *seen = true,
        }
        checked.push(Rejection {
            row: rejection.row,
            reason: tell(&rejection.reason, MAX_REASON),
        });
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int32Array, Int64Array};
    use arrow::datatypes::{DataType, Field, Schema};

    fn schema(fields: &[(&str, DataType, bool)]) -> SchemaRef {
        let fields: Vec<Field> = fields
            .iter()
            .map(|(name, kind, null)| Field::new(*name, kind.clone(), *null))
            .collect();
        Arc::new(Schema::new(fields))
    }

    #[test]
    fn a_batch_must_be_what_was_announced() {
        let announced = schema(&[("a", DataType::Int64, false)]);
        let batch = RecordBatch::try_new(
            schema(&[("a", DataType::Int64, true)]),
            vec![Arc::new(Int64Array::from(vec![1]))],
        );
        assert_eq!(
            check_batch(batch.unwrap(), &announced).unwrap().schema_ref(),
            &announced
        );

        let nulls = Arc::new(Int64Array::from(vec![None, Some(1)]));
        let batch = RecordBatch::try_new(schema(&[("a", DataType::Int64, true)]), vec![nulls]).unwrap();
        assert!(check_batch(batch, &announced).unwrap_err().contains("announced schema"));

        let batch = RecordBatch::try_new(
            schema(&[("a", DataType::Int32, true)]),
            vec![Arc::new(Int32Array::from(vec![1]))],
        );
        let error = check_batch(batch.unwrap(), &announced).unwrap_err();
        assert_eq!(error, "column `a` is of type Int32 where `open` announced Int64");
    }

    #[test]
    fn rejections_name_rows_once() {
        let reject = |rows: &[u32]| {
            let rejected = rows
                .iter()
                .map(|row| wire::Rejection {
                    row: *row,
                    reason: "no".into(),
                })
                .collect();
            check_rejections(rejected, 3, clip)
        };
        assert_eq!(reject(&[2, 0]).unwrap().len(), 2);
        assert!(reject(&[3]).unwrap_err().contains("row 3 of a batch of 3 rows"));
        assert!(reject(&[1, 1]).unwrap_err().contains("twice"));
    }
}
