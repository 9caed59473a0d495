//! What batches do besides being read.

use tenon::{Batch, Column, ErrorKind, batch};

fn letters() -> Batch {
    batch! { "n" => [1_i64, 2, 3], "t" => ["a", "b", "c"] }
}

#[test]
fn columns_are_added_and_replaced_in_place() {
    let batch = letters();
    let more = batch
        .with_columns([
            ("t", vec![Some("x"), None, Some("z")].into()),
            ("f", vec![0.5, 1.5, 2.5].into()),
        ])
        .unwrap();
    assert_eq!(more.schema().names().collect::<Vec<_>>(), ["n", "t", "f"]);
    assert_eq!(more.strings("t").unwrap().get(2), Some("z"));
    assert_eq!(batch.strings("t").unwrap().get(2), Some("c"), "a batch doesn't change");
    let error = batch.with_column("f", vec![1_i64]).err().unwrap();
    assert_eq!(error.to_string(), "column `f` has 1 rows, but the batch has 3");
}

#[test]
fn columns_are_selected_dropped_and_renamed() {
    let batch = letters();
    assert_eq!(
        batch.select(["t", "n"]).unwrap().schema().names().collect::<Vec<_>>(),
        ["t", "n"]
    );
    assert_eq!(batch.drop(["n"]).unwrap().schema().names().collect::<Vec<_>>(), ["t"]);
    let renamed = batch.rename("n", "number").unwrap();
    assert_eq!(renamed.column::<i64>("number").unwrap().values(), [1, 2, 3]);
    assert_eq!(batch.rename("n", "t").err().unwrap().kind(), ErrorKind::BadConfig);
    assert!(
        batch
            .drop(["x"])
            .err()
            .unwrap()
            .to_string()
            .contains("the columns are n, t")
    );
}

#[test]
fn rows_are_sliced_taken_and_concatenated() {
    let batch = letters();
    let tail = batch.slice(1, 2).unwrap();
    assert_eq!(tail.strings("t").unwrap().get(0), Some("b"));
    assert_eq!(batch.slice(2, 2).err().unwrap().kind(), ErrorKind::BadConfig);
    assert_eq!(
        batch.take(&[2, 2, 0]).unwrap().column::<i64>("n").unwrap().values(),
        [3, 3, 1]
    );
    assert_eq!(batch.take(&[3]).err().unwrap().kind(), ErrorKind::BadConfig);
    let both = Batch::concat(&[tail, batch.clone()]).unwrap();
    assert_eq!(both.column::<i64>("n").unwrap().values(), [2, 3, 1, 2, 3]);
    assert!(Batch::concat(&[]).is_err());
    assert!(Batch::concat(&[batch.clone(), batch.drop(["n"]).unwrap()]).is_err());
}

#[test]
fn columns_of_different_lengths_make_no_batch() {
    let columns = [("a", vec![1_i64].into()), ("b", vec![1_i64, 2].into())];
    assert_eq!(
        Batch::new(columns).err().unwrap().to_string(),
        "column `b` has 2 rows, but the batch has 1"
    );
}

#[cfg(feature = "kernels")]
#[test]
fn expressions_are_computed_by_the_host() {
    let batch = letters();
    let doubled = batch.eval("n * 2").unwrap();
    assert_eq!(doubled.column::<i64>().unwrap().values(), [2, 4, 6]);
    // Of this batch: computed in place. Of another: the values it had there.
    let changed = batch
        .with_column("n", vec![7_i64, 7, 7])
        .unwrap()
        .with_column("m", doubled)
        .unwrap();
    assert_eq!(changed.column::<i64>("m").unwrap().values(), [2, 4, 6]);
    let both = batch
        .with_columns([("n", batch.eval("n + 1").unwrap().into()), ("x", vec![0_i64; 3].into())])
        .unwrap();
    assert_eq!(both.schema().names().collect::<Vec<_>>(), ["n", "t", "x"]);
    assert_eq!(both.column::<i64>("n").unwrap().values(), [2, 3, 4]);
    assert_eq!(
        batch.with_expr("Total \"x\"", "n").unwrap().schema().names().last(),
        Some("Total \"x\"")
    );
    assert_eq!(
        batch.filter("t <> 'b'").unwrap().column::<i64>("n").unwrap().values(),
        [1, 3]
    );
    assert!(
        batch
            .eval("no_such_column")
            .err()
            .unwrap()
            .to_string()
            .contains("no_such_column")
    );
}

#[test]
fn mapping_keeps_nulls() {
    let column: Column<i64> = [Some(1), None].into_iter().collect();
    let mapped = column.map(|value| value as f64 * 0.5);
    assert_eq!(mapped.iter().collect::<Vec<_>>(), [Some(0.5), None]);
}
