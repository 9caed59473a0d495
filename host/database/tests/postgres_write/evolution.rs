//! Rows whose columns are not the table's.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use tenon_database::{Error, Evolution, Mode, OnError, WriteConfig};

use super::support::{Fixture, batch, rows, to};

fn evolving(mode: Mode, evolution: Evolution) -> WriteConfig {
    WriteConfig {
        evolution,
        ..to("t", mode)
    }
}

#[tokio::test]
async fn other_columns_are_refused_by_default() {
    let Some(on) = Fixture::new("refused") else { return };
    on.psql("create table t (\"ID\" int, made int default 7)");
    let error = on
        .write("r1", to("t", Mode::Append), &[rows(&[1])])
        .await
        .expect_err("no such column");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("`name`") && !reason.contains("`id`")),
        "{error}"
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.5]));
    let error = on
        .write("r2", to("t", Mode::Append), &[batch(vec![("id", floats)])])
        .await
        .expect_err("no such type");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("integer") && reason.contains("Float64")),
        "{error}"
    );
    // Upper and lower case are the same where only one column fits, and what the rows lack has its default.
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    on.write("r3", to("t", Mode::Append), &[batch(vec![("id", ids.clone())])])
        .await
        .expect("written");
    assert_eq!(on.psql("select * from t"), "1|7");
    let error = on
        .write(
            "r4",
            to("t", Mode::Append),
            &[batch(vec![("id", ids.clone()), ("Id", ids)])],
        )
        .await
        .expect_err("two");
    assert!(error.to_string().contains("two columns"), "{error}");
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn columns_are_added() {
    let Some(on) = Fixture::new("columns_added") else {
        return;
    };
    for (run, mode) in [
        ("append", Mode::Append),
        ("overwrite", Mode::Overwrite),
        ("upsert", Mode::Upsert),
    ] {
        on.psql("drop table if exists t; create table t (id bigint primary key); insert into t values (9)");
        let mut config = evolving(mode, Evolution::Add);
        config.types.insert("name".into(), "varchar(20)".into());
        config.on_error = if mode == Mode::Append {
            OnError::Reject
        } else {
            OnError::Fail
        };
        config.types.clear();
        on.write(run, config, &[rows(&[1])]).await.expect("written");
        assert_eq!(on.psql("select name from t where id = 1"), "name 1");
        let nines = if mode == Mode::Overwrite { "0" } else { "1" };
        assert_eq!(on.psql("select count(*) from t where id = 9"), nines);
    }
}

#[tokio::test]
async fn columns_are_widened() {
    let Some(on) = Fixture::new("widened") else { return };
    on.psql(
        "create table t (i int, n numeric(5,2), d date, s varchar(3), r real, same varchar(9)); \
         insert into t values (1, 1.25, '2024-01-02', 'abc', 0.5, 'x')",
    );
    let rows = || {
        let decimals = Decimal128Array::from(vec![123_456_789])
            .with_precision_and_scale(12, 4)
            .expect("it fits");
        batch(vec![
            ("i", Arc::new(Int64Array::from(vec![1_i64 << 40])) as ArrayRef),
            ("n", Arc::new(decimals)),
            ("d", Arc::new(TimestampMicrosecondArray::from(vec![1_500_000]))),
            ("s", Arc::new(StringArray::from(vec!["longer"]))),
            ("r", Arc::new(Float64Array::from(vec![0.1]))),
            ("same", Arc::new(StringArray::from(vec!["short"]))),
        ])
    };
    let error = on
        .write("r1", evolving(Mode::Append, Evolution::Add), &[rows()])
        .await
        .expect_err("too narrow");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("`r`") && reason.contains("`d`")),
        "{error}"
    );
    on.write("r2", evolving(Mode::Append, Evolution::Widen), &[rows()])
        .await
        .expect("widened");
    let types = "select string_agg(format_type(atttypid, atttypmod), ' ' order by attnum) from pg_attribute \
                 where attrelid = 't'::regclass and attnum > 0";
    assert_eq!(
        on.psql(types),
        "bigint numeric(12,4) timestamp without time zone text double precision character varying(9)"
    );
    assert_eq!(
        on.psql("select * from t order by i"),
        "1|1.2500|2024-01-02 00:00:00|abc|0.5|x\n1099511627776|12345.6789|1970-01-01 00:00:01.5|longer|0.1|short"
    );
    // Nothing is left to widen.
    on.write("r3", evolving(Mode::Append, Evolution::Widen), &[rows()])
        .await
        .expect("written");
    assert_eq!(on.psql("select count(*) from t"), "3");
}

#[tokio::test]
async fn types_are_given() {
    let Some(on) = Fixture::new("given") else { return };
    on.psql("create type mood as enum ('sad', 'glad'); create domain positive as int check (value > 0)");
    let rows = |mood: &str| {
        batch(vec![
            ("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
            ("j", Arc::new(StringArray::from(vec!["{\"a\": 1}"]))),
            ("m", Arc::new(StringArray::from(vec![mood]))),
            (
                "u",
                Arc::new(StringArray::from(vec!["A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11"])),
            ),
            ("a", Arc::new(StringArray::from(vec!["127.0.0.1"]))),
            ("v", Arc::new(StringArray::from(vec!["abc"]))),
        ])
    };
    let mut config = to("t", Mode::Error);
    for (column, declared) in [
        ("id", "positive"),
        ("j", "jsonb"),
        ("m", "mood"),
        ("u", "uuid"),
        ("a", "inet"),
        ("v", "varchar(3)"),
    ] {
        config.types.insert(column.into(), declared.into());
    }
    on.write("r1", config.clone(), &[rows("glad")]).await.expect("written");
    assert_eq!(
        on.psql("select *, pg_typeof(j), pg_typeof(id) from t"),
        "1|{\"a\": 1}|glad|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|127.0.0.1|abc|jsonb|positive"
    );
    config.table = "other".into();
    let error = on
        .write("r2", config.clone(), &[rows("furious")])
        .await
        .expect_err("no such mood");
    assert!(
        error.to_string().contains("mood") && error.to_string().contains("furious"),
        "{error}"
    );
    for bad in [
        "int); drop table t; --",
        "int, b int",
        "int default 1",
        "",
        "int' || '",
        "\"mood",
    ] {
        config.types.insert("id".into(), bad.into());
        let error = on.write("r3", config.clone(), &[rows("sad")]).await.expect_err(bad);
        assert!(matches!(&error, Error::Config { .. }), "{error}");
    }
    config.types.insert("id".into(), "nonsense".into());
    let error = on.write("r4", config, &[rows("sad")]).await.expect_err("no such type");
    assert!(
        error.to_string().contains("type \"nonsense\" does not exist"),
        "{error}"
    );
    assert_eq!(on.psql("select count(*) from t"), "1");
    assert_eq!(on.leftovers(), "");
}
