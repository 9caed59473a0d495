//! Rows that replace others by their keys, and rows that delete.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use tenon_database::{Error, Mode, WriteConfig};

use super::support::{Fixture, batch, named, rows, to};

fn merged(keys: &[&str]) -> WriteConfig {
    let mut config = to("t", Mode::Upsert);
    config.keys = keys.iter().map(|key| (*key).to_owned()).collect();
    config
}

#[tokio::test]
async fn rows_replace_those_with_the_same_keys() {
    let Some(on) = Fixture::new("merged") else { return };
    for (run, index) in [
        ("primary", "primary key (id)"),
        ("unique", "unique (id)"),
        ("none", "check (true)"),
    ] {
        on.psql(&format!(
            "drop table if exists t; create table t (id bigint, name text, kept int default 5, {index}); \
             insert into t values (1, 'old', 1), (2, 'old', 2)"
        ));
        on.write(run, merged(&["id"]), &[rows(&[2]), rows(&[3])])
            .await
            .expect("merged");
        assert_eq!(
            on.psql("select * from t order by id"),
            "1|old|1\n2|name 2|2\n3|name 3|5",
            "{run}"
        );
        let twice = named(&[7, 7], |_| "x".into());
        let error = on
            .write(&format!("{run}-twice"), merged(&["id"]), &[twice])
            .await
            .expect_err("twice");
        assert!(
            matches!(&error, Error::Constraint { message, .. } if message.contains("Key (id)=(7)")),
            "{error}"
        );
        assert_eq!(on.leftovers(), "");
    }
}

#[tokio::test]
async fn null_keys_match_nothing() {
    let Some(on) = Fixture::new("null_keys") else { return };
    on.psql("create table t (id bigint unique, name text); insert into t values (null, 'old')");
    let nulls: ArrayRef = Arc::new(Int64Array::from(vec![None, None, Some(1)]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    on.write("r1", merged(&["id"]), &[batch(vec![("id", nulls), ("name", names)])])
        .await
        .expect("merged");
    assert_eq!(on.psql("select id, name from t order by name"), "|a\n|b\n1|c\n|old");
}

#[tokio::test]
async fn keys_are_the_primary_key_by_default() {
    let Some(on) = Fixture::new("default_keys") else { return };
    on.psql("create table t (id bigint primary key, name text); create table bare (id bigint, name text)");
    on.write("r1", merged(&[]), &[rows(&[1])]).await.expect("merged");
    on.write("r2", merged(&[]), &[named(&[1], |_| "new".into())])
        .await
        .expect("merged");
    assert_eq!(on.psql("select * from t"), "1|new");
    let error = on
        .write("r3", to("bare", Mode::Upsert), &[rows(&[1])])
        .await
        .expect_err("no keys");
    assert!(error.to_string().contains("no primary key"), "{error}");
    let mut config = merged(&["nothing"]);
    config.table = "bare".into();
    let error = on.write("r4", config, &[rows(&[1])]).await.expect_err("no such column");
    assert!(matches!(error, Error::NoColumn { .. }), "{error}");
}

#[tokio::test]
async fn marked_rows_are_deleted() {
    let Some(on) = Fixture::new("marked") else { return };
    on.psql(
        "create table t (id bigint primary key, name text); insert into t values (1, 'old'), (2, 'old'), (3, 'old')",
    );
    let rows = |marks: ArrayRef| {
        batch(vec![
            ("id", Arc::new(Int64Array::from(vec![1, 2, 4])) as ArrayRef),
            ("name", Arc::new(StringArray::from(vec!["new", "gone", "never"]))),
            ("gone", marks),
        ])
    };
    let mut config = merged(&[]);
    config.delete_when = Some("gone".into());
    let marks: ArrayRef = Arc::new(BooleanArray::from(vec![None, Some(true), Some(true)]));
    on.write("r1", config.clone(), &[rows(marks)]).await.expect("merged");
    assert_eq!(on.psql("select * from t order by id"), "1|new\n3|old");
    let marks: ArrayRef = Arc::new(StringArray::from(vec!["delete", "insert", "update"]));
    on.write("r2", config.clone(), &[rows(marks)]).await.expect("merged");
    assert_eq!(on.psql("select * from t order by id"), "2|gone\n3|old\n4|never");
    // A table that is made has no column for the mark.
    config.table = "fresh".into();
    config.keys = vec!["id".into()];
    let marks: ArrayRef = Arc::new(BooleanArray::from(vec![Some(false), Some(true), None]));
    on.write("r3", config, &[rows(marks)]).await.expect("merged");
    assert_eq!(on.psql("select * from fresh order by id"), "1|new\n4|never");
}

/// Operation, position, sequence, `id` and `name`.
type Change<'a> = (&'a str, &'a str, i64, Option<i64>, &'a str);

#[tokio::test]
async fn the_last_of_several_changes_wins() {
    let Some(on) = Fixture::new("changes") else { return };
    on.psql(
        "create table t (id bigint primary key, name text); insert into t values (1, 'old'), (2, 'old'), (9, 'old')",
    );
    let change = |changes: &[Change<'_>]| {
        let strings = |of: fn(&Change<'_>) -> String| -> ArrayRef {
            Arc::new(StringArray::from(changes.iter().map(of).collect::<Vec<_>>()))
        };
        batch(vec![
            ("_op", strings(|change| change.0.to_owned())),
            ("_position", strings(|change| change.1.to_owned())),
            (
                "_committed_at",
                Arc::new(TimestampMicrosecondArray::from(vec![0; changes.len()])) as ArrayRef,
            ),
            (
                "_sequence",
                Arc::new(Int64Array::from(
                    changes.iter().map(|change| change.2).collect::<Vec<_>>(),
                )),
            ),
            (
                "id",
                Arc::new(Int64Array::from(
                    changes.iter().map(|change| change.3).collect::<Vec<_>>(),
                )),
            ),
            ("name", strings(|change| change.4.to_owned())),
        ])
    };
    let mut config = merged(&[]);
    config.delete_when = Some("_op".into());
    let changes = change(&[
        ("update", "0/FFFFFF00", 1, Some(1), "second"),
        ("update", "1/0", 0, Some(1), "third"),
        ("update", "0/FFFFFF00", 0, Some(1), "first"),
        ("insert", "0/A", 0, Some(3), "made"),
        ("delete", "0/B", 0, Some(3), "made"),
        ("delete", "0/A", 0, Some(2), ""),
        ("insert", "0/B", 0, Some(2), "again"),
    ]);
    on.write("r1", config.clone(), &[changes]).await.expect("merged");
    assert_eq!(on.psql("select * from t order by id"), "1|third\n2|again\n9|old");
    let changes = change(&[
        ("insert", "2/1", 0, Some(5), "before"),
        ("truncate", "2/2", 0, None, ""),
        ("insert", "2/3", 0, Some(6), "after"),
    ]);
    on.write("r2", config, &[changes]).await.expect("merged");
    assert_eq!(on.psql("select * from t order by id"), "6|after");
}

#[tokio::test]
async fn numbers_that_the_server_gives_may_be_given() {
    let Some(on) = Fixture::new("identity") else { return };
    on.psql("create table t (id bigint generated always as identity primary key, name text)");
    on.write("r1", to("t", Mode::Append), &[rows(&[10])])
        .await
        .expect("added");
    on.write("r2", merged(&["id"]), &[named(&[10, 11], |_| "new".into())])
        .await
        .expect("merged");
    assert_eq!(on.psql("select * from t order by id"), "10|new\n11|new");
}
