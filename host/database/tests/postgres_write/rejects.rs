//! Rows that constraints refuse.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use tenon_database::{Error, Mode, OnError, WriteConfig};

use super::support::{Fixture, Kept, NoneRejected, batch, rows, to};

fn rejecting(mode: Mode) -> WriteConfig {
    WriteConfig {
        on_error: OnError::Reject,
        ..to("t", mode)
    }
}

#[tokio::test]
async fn constraints_name_themselves() {
    let Some(on) = Fixture::new("constraints") else { return };
    on.psql(
        "create table p (id bigint primary key); create table t (id bigint primary key references p deferrable initially \
         deferred, name text not null check (name <> 'bad') unique, n int)",
    );
    on.psql("insert into p select generate_series(1, 9)");
    on.psql("insert into t values (1, 'one')");
    let text = |name: Option<&str>, number: &str| {
        batch(vec![
            ("id", Arc::new(Int64Array::from(vec![2])) as ArrayRef),
            ("name", Arc::new(StringArray::from(vec![name]))),
            ("n", Arc::new(StringArray::from(vec![number]))),
        ])
    };
    for (run, rows, expected) in [
        ("primary", rows(&[1]), "Key (id)=(1) already exists"),
        ("foreign", rows(&[99]), "Key (id)=(99) is not present in table \"p\""),
        ("null", text(None, "1"), "null value in column \"name\""),
        (
            "check",
            text(Some("bad"), "1"),
            "violates check constraint \"t_name_check\"",
        ),
        ("unique", text(Some("one"), "1"), "Key (name)=(one) already exists"),
        (
            "number",
            text(Some("x"), "abc"),
            "column `n`: invalid input syntax for type integer: \"abc\"",
        ),
        (
            "range",
            text(Some("x"), "99999999999"),
            "column `n`: value \"99999999999\" is out of range",
        ),
    ] {
        let error = on.write(run, to("t", Mode::Append), &[rows]).await.expect_err(run);
        let is_constraint =
            matches!(&error, Error::Constraint { table, message } if table == "public.t" && message.contains(expected));
        assert!(is_constraint, "{run}: {error}");
        assert_eq!(on.leftovers(), "", "{run}");
    }
    assert_eq!(on.psql("select * from t"), "1|one|");
}

#[tokio::test]
async fn rows_are_rejected_with_the_databases_message() {
    let Some(on) = Fixture::new("rejected") else { return };
    on.psql(
        "create type mood as enum ('sad', 'glad');
         create table t (id bigint primary key, name varchar(8) not null, n int check (n >= 0), m mood); \
         insert into t values (5, 'old', 5, 'sad')",
    );
    let count = 20_000;
    let numbers = (0..count).map(|id| match id {
        17 => "x".to_owned(),
        4000 => "-1".to_owned(),
        other => other.to_string(),
    });
    let names = (0..count).map(|id| match id {
        18_000 => None,
        77 => Some("much too long".to_owned()),
        other => Some(format!("n{other}")),
    });
    let moods = (0..count).map(|id| if id == 19_999 { "furious" } else { "glad" });
    let all = batch(vec![
        (
            "id",
            Arc::new(Int64Array::from_iter_values(
                (0..count).map(|id| if id == 301 { 300 } else { id }),
            )) as ArrayRef,
        ),
        ("name", Arc::new(StringArray::from(names.collect::<Vec<_>>()))),
        ("n", Arc::new(StringArray::from_iter_values(numbers))),
        ("m", Arc::new(StringArray::from_iter_values(moods))),
    ]);
    let kept = Kept::default();
    let committed = on
        .write_rejecting("r1", rejecting(Mode::Append), &[all], &kept)
        .await
        .expect("written");
    let (reasons, rejected) = (kept.reasons(), kept.rows());
    assert_eq!(reasons.len(), 7, "{reasons:?}");
    assert_eq!(committed.rows, 20_000 - 7);
    assert_eq!(on.psql("select count(*) from t"), "19994");
    assert_eq!(on.psql("select rows from _tenon_commits"), "19993");
    for expected in [
        "Key (id)=(5) already exists",
        "invalid input syntax for type integer: \"x\"",
        "value too long for type character varying(8)",
        "Key (id)=(300) already exists",
        "violates check constraint \"t_n_check\"",
        "null value in column \"name\"",
        "invalid input value for enum mood: \"furious\"",
    ] {
        assert!(
            reasons.iter().any(|reason| reason.contains(expected)),
            "{expected} in {reasons:?}"
        );
    }
    let ids: Vec<i64> = rejected
        .iter()
        .flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    let sorted = {
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted, [5, 17, 77, 300, 4000, 18_000, 19_999]);
    let at = ids.iter().position(|id| *id == 17).expect("it was rejected");
    assert!(reasons[at].contains("\"x\""), "each reason goes with its row");
    assert_eq!(rejected[0].schema().field(2).name(), "n");
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn what_crashes_after_rejecting_commits_the_same() {
    let Some(on) = Fixture::new("rejected_crash") else {
        return;
    };
    on.psql("create table t (id bigint primary key, name text); insert into t values (2, 'old')");
    let kept = Kept::default();
    let (load, prepared) = on
        .prepare("r1", rejecting(Mode::Append), &[rows(&[1, 2, 3])], &kept)
        .await
        .expect("prepared");
    assert_eq!((prepared.rows, kept.reasons().len()), (2, 1));
    drop(load);
    let committed = on.database().commit(&prepared).await.expect("committed");
    assert_eq!(committed.rows, 2);
    assert_eq!(on.psql("select * from t order by id"), "1|name 1\n2|old\n3|name 3");
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn new_tables_and_merges_reject_too() {
    let Some(on) = Fixture::new("rejected_new") else { return };
    for (run, mode) in [("a", Mode::Error), ("b", Mode::Append), ("c", Mode::Overwrite)] {
        on.psql("drop table if exists t");
        let mut config = rejecting(mode);
        config.keys = vec!["id".into()];
        let kept = Kept::default();
        on.write_rejecting(run, config, &[rows(&[1, 2, 2, 3])], &kept)
            .await
            .expect("written");
        assert_eq!(on.psql("select * from t order by id"), "1|name 1\n2|name 2\n3|name 3");
        assert_eq!(kept.reasons().len(), 1, "{run}");
    }
    // Which of two rows with the same keys is to stay is not known, so neither does.
    on.psql("alter table t add check (name <> 'name 9')");
    for keys in [vec![], vec!["id".to_owned()]] {
        let mut config = rejecting(Mode::Upsert);
        let run = format!("merge{}", keys.len());
        config.keys = keys;
        let kept = Kept::default();
        let committed = on
            .write_rejecting(&run, config, &[rows(&[1, 7, 7, 8, 9])], &kept)
            .await
            .expect("merged");
        assert_eq!((committed.rows, kept.reasons().len()), (2, 3), "{:?}", kept.reasons());
        assert_eq!(
            on.psql("select string_agg(id::text, ',' order by id) from t"),
            "1,2,3,8"
        );
    }
    let rejected = on
        .write_rejecting("none", rejecting(Mode::Append), &[rows(&[11])], &NoneRejected)
        .await;
    assert_eq!(rejected.expect("written").rows, 1);
}

#[tokio::test]
async fn values_that_postgres_lacks_name_column_and_row() {
    let Some(on) = Fixture::new("no_value") else { return };
    let names: ArrayRef = Arc::new(StringArray::from(vec!["fine", "a\0b"]));
    assert!(!names.is_empty());
    let error = on
        .write("r1", to("t", Mode::Error), &[batch(vec![("name", names)])])
        .await
        .expect_err("NUL");
    assert!(
        matches!(&error, Error::Value { column, reason, .. } if column == "name" && reason.contains("row 2")),
        "{error}"
    );
    on.psql("create table v (name varchar(3))");
    let names: ArrayRef = Arc::new(StringArray::from(vec!["abc", "abcd"]));
    let error = on
        .write("r2", to("v", Mode::Append), &[batch(vec![("name", names)])])
        .await
        .expect_err("long");
    assert!(
        matches!(&error, Error::Value { column, reason, .. } if column == "name" && reason.contains("too long")),
        "{error}"
    );
}
