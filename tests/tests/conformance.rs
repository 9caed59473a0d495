//! Every Arrow type through every path between host and guest, with the guest `echo`.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use tenon_runtime::{Plugin, Run, Runtime, RuntimeConfig};
use tenon_tests::guests::guest;
use tenon_tests::samples::{ROWS, batch};

/// Functions of `echo` that give back what they get.
const PATHS: [&str; 6] = ["pass", "rebuild", "read_with", "slices", "read_slices", "reorder"];

async fn echo() -> Plugin {
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    runtime.load(guest("echo").unwrap()).await.unwrap()
}

async fn through(plugin: &Plugin, function: &str, batch: RecordBatch) -> Result<RecordBatch, tenon_runtime::Error> {
    let run = Run::builder("tenant", "conformance").build();
    let mut sandbox = plugin.checkout(&run).await?;
    sandbox.open(function, "{}", &batch.schema()).await?;
    let mut output = sandbox.process(batch).await?;
    assert!(output.rejected.is_empty());
    assert_eq!(output.batches.len(), 1, "{function}");
    Ok(output.batches.remove(0))
}

/// The values as text: arrays that mean the same may differ in how dictionaries and runs are laid out.
fn shown(column: &ArrayRef) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    let formatter = ArrayFormatter::try_new(column, &options).unwrap();
    (0..column.len()).map(|row| formatter.value(row).to_string()).collect()
}

fn assert_same(function: &str, sent: &RecordBatch, received: &RecordBatch) {
    assert_eq!(sent.schema().fields(), received.schema().fields(), "{function}");
    assert_eq!(sent.num_rows(), received.num_rows(), "{function}");
    for (field, (sent, received)) in sent
        .schema()
        .fields()
        .iter()
        .zip(sent.columns().iter().zip(received.columns()))
    {
        assert_eq!(
            shown(sent),
            shown(received),
            "column {} through {function}",
            field.name()
        );
        received.to_data().validate_full().unwrap();
    }
}

#[tokio::test]
async fn every_type_survives_every_path() {
    let plugin = echo().await;
    let whole = batch().unwrap();
    // Whole; cut at odd bits on both sides; one row; none.
    for sent in [
        whole.clone(),
        whole.slice(3, 13),
        whole.slice(ROWS - 1, 1),
        whole.slice(5, 0),
    ] {
        for function in PATHS {
            let received = through(&plugin, function, sent.clone()).await.unwrap();
            assert_same(function, &sent, &received);
        }
    }
}

#[tokio::test]
async fn every_type_goes_alone_too() {
    let plugin = echo().await;
    let whole = batch().unwrap();
    for column in 0..whole.num_columns() {
        let sent = whole.project(&[column]).unwrap().slice(1, 17);
        let received = through(&plugin, "rebuild", sent.clone()).await.unwrap();
        assert_same("rebuild", &sent, &received);
    }
}

#[tokio::test]
async fn a_slice_does_not_drag_the_rest_along() {
    let plugin = echo().await;
    let rows = 100_000;
    let numbers: ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(0..rows));
    let words: ArrayRef = Arc::new(
        (0..rows)
            .map(|row| Some(format!("row {row}")))
            .collect::<arrow::array::StringArray>(),
    );
    let batch = RecordBatch::try_from_iter([("numbers", numbers), ("words", words)]).unwrap();
    let run = Run::builder("tenant", "slice").build();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("rebuild", "{}", &batch.schema()).await.unwrap();
    sandbox.process(batch.slice(5_003, 10)).await.unwrap();
    let copied = run.statistics().bytes_in;
    assert!((80..1_000).contains(&copied), "{copied} bytes were copied for ten rows");
}

#[tokio::test]
async fn a_batch_without_columns_keeps_its_rows() {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(7));
    let empty = arrow::datatypes::Schema::empty();
    let sent = RecordBatch::try_new_with_options(Arc::new(empty), Vec::new(), &options).unwrap();
    let plugin = echo().await;
    for function in ["pass", "rebuild"] {
        let received = through(&plugin, function, sent.clone()).await.unwrap();
        assert_eq!((received.num_rows(), received.num_columns()), (7, 0), "{function}");
    }
}
