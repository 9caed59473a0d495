//! Record batches of arrow-rs in and out.
#![cfg(feature = "arrow")]

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tenon::Batch;

#[test]
fn record_batches_come_back_as_they_were() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let words: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]));
    let arrow = RecordBatch::try_from_iter([("n", numbers), ("w", words)]).unwrap();
    let batch = Batch::from_arrow(&arrow).unwrap();
    assert_eq!(batch.column::<i64>("n").unwrap().get(2), Some(3));
    assert_eq!(batch.to_arrow().unwrap(), arrow);
    assert_eq!(batch.slice(1, 2).unwrap().to_arrow().unwrap(), arrow.slice(1, 2));
}
