//! Writing in every mode, and what becomes of rows and of loads.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tenon_database::{Committed, Error, Evolution, Mode, OnError};

use super::{Db, Refused, load, numbers, read, request, rows, table, text_of, write};

/// Rows are added, and take the place of others.
pub async fn modes(db: &Db) {
    let batch = rows(0, 100);
    let at = |run: &str, mode| request("modes", run, mode, batch.schema());
    load(db, at("m1", Mode::Append), &[rows(0, 100)])
        .await
        .expect("a table is made");
    load(db, at("m2", Mode::Append), &[rows(100, 50)])
        .await
        .expect("rows are added");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 150);
    load(db, at("m3", Mode::Overwrite), &[rows(7, 3)])
        .await
        .expect("rows are replaced");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!(numbers(&all, "id"), [7, 8, 9]);
    more_columns(db, &batch).await;
}

/// A column is added only where that was asked for.
async fn more_columns(db: &Db, batch: &RecordBatch) {
    let ids: ArrayRef = Arc::clone(batch.column(0));
    let extra: ArrayRef = Arc::new(StringArray::from(vec!["x"; batch.num_rows()]));
    let wider = RecordBatch::try_from_iter([("id", ids), ("extra \"'; drop", extra)]).expect("they are as long");
    let mut request = request("modes", "m4", Mode::Append, wider.schema());
    let error = db.begin(request.clone()).await.expect_err("there is no such column");
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    request.config.evolution = Evolution::Add;
    load(db, request, &[wider]).await.expect("a column is added");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!((all.num_rows(), all.num_columns()), (103, 7));
}

/// Rows with the same keys are replaced, and those that are marked go.
pub async fn merged(db: &Db) {
    let mut first = request("merged", "u1", Mode::Upsert, rows(0, 1).schema());
    first.config.keys = vec!["id".to_owned()];
    load(db, first.clone(), &[rows(0, 10)]).await.expect("a table is made");
    "u2".clone_into(&mut first.run);
    first.config.keys.clear();
    load(db, first.clone(), &[rows(5, 10)])
        .await
        .expect("its primary key tells rows apart");
    let all = read(db, table("merged"), |_| {}).await.expect("they are there");
    assert_eq!(numbers(&all, "id"), (0..15).collect::<Vec<_>>());
    "u3".clone_into(&mut first.run);
    let error = load(db, first, &[rows(0, 2), rows(1, 2)])
        .await
        .map(|_| ())
        .expect_err("one comes twice");
    assert!(
        matches!(&error, Error::Constraint { message, .. } if message.contains("id = 1")),
        "{error}"
    );
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2, 20]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["early", "late", "gone", "new"]));
    let operations: ArrayRef = Arc::new(StringArray::from(vec!["update", "update", "delete", "insert"]));
    let positions: ArrayRef = Arc::new(StringArray::from(vec!["0/9", "0/10", "0/11", "0/12"]));
    let changes = RecordBatch::try_from_iter([
        ("id", ids),
        ("name", names),
        ("_op", operations),
        ("_position", positions),
    ]);
    let changes = changes.expect("they are as long as each other");
    let mut request = request("merged", "u4", Mode::Upsert, changes.schema());
    request.config.delete_when = Some("_op".to_owned());
    load(db, request, &[changes]).await.expect("the last change counts");
    let all = read(db, table("merged"), |_| {}).await.expect("they are there");
    assert_eq!(text_of(&all, "name", 1).as_deref(), Some("late"));
    let expected: Vec<i64> = (0..15).filter(|id| *id != 2).chain([20]).collect();
    assert_eq!(numbers(&all, "id"), expected);
}

/// A row that a constraint refuses ends the run, or is handed over with the database's message.
pub async fn refused(db: &Db) {
    let mut made = request("refusing", "r0", Mode::Error, rows(0, 1).schema());
    made.config.keys = vec!["id".to_owned()];
    load(db, made, &[rows(0, 100)]).await.expect("a table is made");
    let mut more = request("refusing", "r1", Mode::Append, rows(0, 1).schema());
    let error = load(db, more.clone(), &[rows(50, 100)])
        .await
        .map(|_| ())
        .expect_err("half of them are there");
    assert!(matches!(error, Error::Constraint { .. }), "{error}");
    let all = read(db, table("refusing"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 100);
    "r2".clone_into(&mut more.run);
    more.config.on_error = OnError::Reject;
    let (committed, refused) = load(db, more, &[rows(95, 100), rows(300, 10)])
        .await
        .expect("the others fit");
    assert_eq!(committed.rows, 105);
    let refused = refused.0.into_inner().expect("nobody has panicked");
    let ids: Vec<i64> = refused.iter().flat_map(|(rows, _)| numbers(rows, "id")).collect();
    assert_eq!(ids, [95, 96, 97, 98, 99]);
    assert!(
        refused
            .iter()
            .all(|(rows, reason)| rows.num_columns() == 6 && !reason.is_empty())
    );
    let all = read(db, table("refusing"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 205);
}

/// What was prepared is committed by another process, once; or given up.
pub async fn resumed(db: &Db) {
    let batch = rows(0, 500);
    for (run, mode) in [("c1", Mode::Error), ("c2", Mode::Append)] {
        let (mut load, parts) = write(
            db,
            request("resumed", run, mode, batch.schema()),
            std::slice::from_ref(&batch),
        )
        .await
        .expect("they fit");
        let prepared = load.prepare(parts, &Refused::default()).await.expect("they fit");
        // As if the process had ended.
        drop(load);
        let committed = retried(db, &prepared).await;
        assert_eq!(committed.rows, 500);
        assert_eq!(db.commit(&prepared).await.expect("it is done"), committed);
        let error = db.abort(&prepared).await.expect_err("it is done");
        assert!(matches!(error, Error::Decided { .. }), "{error}");
    }
    let all = read(db, table("resumed"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 1_000);
    let (mut load, parts) = write(
        db,
        request("resumed", "c3", Mode::Append, batch.schema()),
        std::slice::from_ref(&batch),
    )
    .await
    .expect("they fit");
    let prepared = load.prepare(parts, &Refused::default()).await.expect("they fit");
    load.abandon().await;
    let error = db.commit(&prepared).await.expect_err("it was given up");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    let all = read(db, table("resumed"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 1_000);
}

/// The transaction of a load that was dropped ends a moment later.
async fn retried(db: &Db, prepared: &tenon_database::Prepared) -> Committed {
    let mut left = 50;
    loop {
        match db.commit(prepared).await {
            Ok(committed) => return committed,
            Err(error) if left > 0 && error.may_pass() => left -= 1,
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
